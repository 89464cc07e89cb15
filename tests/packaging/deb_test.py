"""The .deb packages: what lintian says, what is in them, how large they are, and that they are
installed, upgraded and purged by the real dpkg on a layer above this machine's files."""

import os
import pathlib
import tempfile
import unittest

from support import FOLDERS, SOURCE, Machine, build_packages, main_in_namespace, need, run

RESULTS = SOURCE / "build/packages/deb"
AGENT_MOST = 400_000  # bytes, beside the libraries
PROGRAMS = {"agent": ["usr/bin/dijkwacht", "usr/libexec/dijkwacht/upload"],
            "server": ["usr/bin/dijkwacht-server"], "fleet": ["usr/bin/dijkwacht-fleet"]}


def package(name):
    [found] = RESULTS.glob(f"dijkwacht-{name}_*.deb")
    return found


def contents(name):
    """The files of a package: path to (mode, owner, size)."""
    files = {}
    for line in run("dpkg-deb", "--contents", package(name)).stdout.splitlines():
        mode, owner, size, _, _, path = line.split(maxsplit=5)
        if not mode.startswith("d"):
            files[path.removeprefix("./")] = (mode, owner, int(size))
    return files


def next_version(name, folder):
    """The same package as a later version, whose configuration file has changed."""
    tree = pathlib.Path(folder) / name
    run("dpkg-deb", "--raw-extract", package(name), tree)
    control = tree / "DEBIAN/control"
    control.write_text(control.read_text().replace("Version: ", "Version: 1:"))
    with (tree / "etc/dijkwacht/dijkwacht.conf").open("a") as conf:
        conf.write("# new in this version\n")
    run("dpkg-deb", "--root-owner-group", "--build", tree, f"{tree}-next.deb")
    return f"{tree}-next.deb"


class Built(unittest.TestCase):
    def test_lintian_has_nothing_to_say(self):
        [changes] = RESULTS.glob("*.changes")
        done = run("lintian", "--pedantic", "--display-info", "--fail-on",
                   "error,warning,info,pedantic", "--allow-root", changes, check=False)
        self.assertEqual((done.returncode, done.stdout), (0, ""))

    def test_everything_is_roots_and_nothing_can_be_written(self):
        for name, programs in PROGRAMS.items():
            for path, (mode, owner, _) in contents(name).items():
                self.assertEqual(owner, "root/root", path)
                self.assertEqual(mode, "-rwxr-xr-x" if path in programs else "-rw-r--r--", path)

    def test_each_package_has_its_programs_and_their_manual(self):
        for name, programs in PROGRAMS.items():
            files = contents(name)
            self.assertEqual([path for path in files if files[path][0].endswith("x")], programs)
            self.assertTrue(any("/man/man" in path for path in files), name)

    def test_the_agent_is_small(self):
        for name in PROGRAMS:
            size = sum(size for _, _, size in contents(name).values())
            print(f"dijkwacht-{name}: {size / 1000:.0f} kB installed, "
                  f"{package(name).stat().st_size / 1000:.0f} kB to fetch")
            if name == "agent":
                self.assertLess(size, AGENT_MOST)


class Installed(unittest.TestCase):
    """One story, in order: what dpkg did stays for the next test."""

    @classmethod
    def setUpClass(cls):
        cls.machine = Machine()
        cls.machine.start()
        cls.before = cls.machine.left_of_us()
        packages = [cls.machine.bring(package(name)) for name in PROGRAMS]
        cls.machine.run("dpkg", "--install", *packages)
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)

    def test_1_each_folder_has_its_owner_and_mode(self):
        for name, expected in FOLDERS.items():
            self.assertEqual(self.machine.owners(f"/var/lib/dijkwacht/{name}"), expected, name)
        self.assertEqual(self.machine.owners("/var/lib/dijkwacht-server"),
                         ("dijkwacht-server", "dijkwacht-server", "700"))
        self.assertEqual(self.machine.owners("/etc/dijkwacht"), ("root", "root", "755"))

    def test_2_nobody_signs_in_as_its_users(self):
        for user in ("dijkwacht-collect", "dijkwacht-upload", "dijkwacht-server"):
            entry = self.machine.run("getent", "passwd", user).stdout.strip().split(":")
            self.assertEqual(entry[6], "/usr/sbin/nologin")
            shadow = self.machine.run("getent", "shadow", user).stdout.split(":")
            self.assertTrue(shadow[1].startswith(("!", "*")))

    def test_3_what_wakes_it_is_enabled_and_nothing_else(self):
        links = {path.name for path in self.machine.path("/etc/systemd/system").rglob("dijkwacht*")}
        self.assertEqual(links, {"dijkwacht-collect.timer", "dijkwacht-upload.timer",
                                 "dijkwacht-changes.path", "dijkwacht-server.service"})

    def test_4_the_programs_run_and_understand_their_configuration(self):
        for program in ("dijkwacht", "dijkwacht-server", "dijkwacht-fleet"):
            self.assertIn("0.1.0", self.machine.run(program, "--version").stdout)
        self.machine.run("dijkwacht", "--config", "/etc/dijkwacht/dijkwacht.conf", "show", "--next")
        conf = self.machine.path("/etc/dijkwacht/dijkwacht.conf")
        conf.write_text(conf.read_text().replace("#disable =", "disable ="))
        done = self.machine.run("dijkwacht", "show", "--next")
        self.assertIn("disabled_by_policy", done.stdout)

    def test_5_an_upgrade_keeps_what_the_administrator_and_the_agent_wrote(self):
        conf = self.machine.path("/etc/dijkwacht/dijkwacht.conf")
        conf.write_text("# mine\n")
        kept = self.machine.path("/var/lib/dijkwacht/outbox/a.jws")
        kept.write_text("waits")
        self.machine.run("dpkg", "--force-confold", "--install",
                         self.machine.bring(next_version("agent", self.folder.name)))
        self.assertEqual(conf.read_text(), "# mine\n")
        self.assertEqual(kept.read_text(), "waits")
        self.test_1_each_folder_has_its_owner_and_mode()

    def test_6_an_upgrade_touches_no_step_that_may_be_running(self):
        for script in ("preinst", "postinst", "prerm", "postrm"):
            path = self.machine.path(f"/var/lib/dpkg/info/dijkwacht-agent.{script}")
            text = path.read_text() if path.exists() else ""
            self.assertNotIn("dijkwacht-collect.service", text)
            self.assertNotIn("dijkwacht-upload.service", text)
            self.assertNotIn("dijkwacht-receipts.service", text)

    def test_7_removing_keeps_what_was_written(self):
        self.machine.run("dpkg", "--remove", "dijkwacht-agent", "dijkwacht-server",
                         "dijkwacht-fleet")
        self.assertTrue(self.machine.path("/var/lib/dijkwacht/outbox/a.jws").exists())
        self.assertTrue(self.machine.path("/etc/dijkwacht/dijkwacht.conf").exists())

    def test_8_purging_leaves_nothing(self):
        for name in ("enrolment.json", "trust.pem"):
            self.machine.path(f"/etc/dijkwacht/{name}").write_text("x")
        stamps = self.machine.path("/var/lib/systemd/timers")
        stamps.mkdir(parents=True, exist_ok=True)
        (stamps / "stamp-dijkwacht-collect.timer").write_text("")
        self.machine.run("dpkg", "--purge", "dijkwacht-agent", "dijkwacht-server")
        self.assertEqual(self.machine.left_of_us(), self.before)


if __name__ == "__main__":
    need("dpkg-buildpackage", "dh", "lintian")
    if os.environ.get("DIJKWACHT_TEST_NAMESPACE") != "1":
        build_packages()
    main_in_namespace()
