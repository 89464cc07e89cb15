"""The .rpm packages: what rpmlint says, and that they are installed, upgraded and erased by the
real rpm on a layer above this machine's files, with a database of its own.

Not Fedora: the macros of systemd and of its build come from packaging/rpm/macros.elsewhere, and the
libraries are this machine's, which its rpm database does not know (--nodeps).
"""

import os
import unittest

from support import FOLDERS, PACKAGING, SOURCE, Machine, build_packages, main_in_namespace, need, run

TOP = SOURCE / "build/packages/rpm"
NAMES = ("agent", "server", "fleet")
RPM = ("rpm", "--dbpath", "/var/lib/dijkwacht-test-rpm", "--nodeps")


def package(name, release="1"):
    [found] = TOP.glob(f"RPMS/*/dijkwacht-{name}-*-{release}.*.rpm")
    return found


def build_next():
    """The same build, packed once more as a later release."""
    [spec] = TOP.glob("SOURCES/*/packaging/rpm/dijkwacht.spec")
    macros = spec.parent / "macros.elsewhere"
    for stage in ("-bi", "-bb"):
        run("rpmbuild", stage, "--short-circuit", "--nodeps", f"--load={macros}", "--define",
            f"_topdir {TOP}", "--define", "dijkwacht_release 2", spec)


class Built(unittest.TestCase):
    def test_rpmlint_has_nothing_to_say(self):
        done = run("rpmlint", "--config", PACKAGING / "rpm/rpmlint.toml",
                   PACKAGING / "rpm/dijkwacht.spec", *[package(name) for name in NAMES],
                   check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertIn(" 0 errors, 0 warnings", done.stdout)

    def test_everything_is_roots_and_only_programs_are_executable(self):
        for name in NAMES:
            listing = run("rpm", "--query", "--package", "--queryformat",
                          "[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES}\n]",
                          package(name)).stdout
            for line in listing.splitlines():
                mode, user, group, path = line.split(maxsplit=3)
                self.assertEqual((user, group), ("root", "root"), path)
                if mode.startswith("-"):
                    is_program = "/bin/" in path or "/libexec/" in path
                    self.assertEqual(mode, "-rwxr-xr-x" if is_program else "-rw-r--r--", path)


class Installed(unittest.TestCase):
    """One story, in order: what rpm did stays for the next test."""

    @classmethod
    def setUpClass(cls):
        cls.machine = Machine()
        cls.machine.start()
        cls.machine.run("rpm", "--dbpath", RPM[2], "--initdb")
        cls.before = cls.machine.left_of_us()
        packages = [cls.machine.bring(package(name)) for name in NAMES]
        print(cls.machine.run(*RPM, "--install", *packages).stdout)

    def test_1_each_folder_has_its_owner_and_mode(self):
        for name, expected in FOLDERS.items():
            self.assertEqual(self.machine.owners(f"/var/lib/dijkwacht/{name}"), expected, name)
        self.assertEqual(self.machine.owners("/var/lib/dijkwacht-server"),
                         ("dijkwacht-server", "dijkwacht-server", "700"))

    def test_2_what_wakes_it_is_enabled_and_nothing_else(self):
        links = {path.name for path in self.machine.path("/etc/systemd/system").rglob("dijkwacht*")}
        self.assertEqual(links, {"dijkwacht-collect.timer", "dijkwacht-upload.timer",
                                 "dijkwacht-changes.path", "dijkwacht-server.service"})

    def test_3_the_programs_run(self):
        for program in ("dijkwacht", "dijkwacht-server", "dijkwacht-fleet"):
            self.assertIn(program, self.machine.run(program, "--version").stdout)

    def test_4_an_upgrade_keeps_what_the_administrator_and_the_agent_wrote(self):
        build_next()
        conf = self.machine.path("/etc/dijkwacht/dijkwacht.conf")
        conf.write_text("# mine\n")
        kept = self.machine.path("/var/lib/dijkwacht/outbox/a.jws")
        kept.write_text("waits")
        self.machine.run(*RPM, "--upgrade", *[self.machine.bring(package(name, "2"))
                                              for name in NAMES])
        self.assertIn("-2", self.machine.run("rpm", "--dbpath", RPM[2], "-q",
                                             "dijkwacht-agent").stdout)
        self.assertEqual(conf.read_text(), "# mine\n")
        self.assertEqual(kept.read_text(), "waits")
        self.test_2_what_wakes_it_is_enabled_and_nothing_else()

    def test_5_erasing_leaves_what_was_written_and_nothing_else(self):
        self.machine.run(*RPM, "--erase", *[f"dijkwacht-{name}" for name in NAMES])
        left = set(self.machine.left_of_us()) - set(self.before)
        self.assertEqual(left, {"/etc/dijkwacht", "/etc/dijkwacht/dijkwacht.conf.rpmsave",
                                "/var/lib/dijkwacht", "/var/lib/dijkwacht-server"})


if __name__ == "__main__":
    need("rpmbuild", "rpmlint", "cpio")
    if os.environ.get("DIJKWACHT_TEST_NAMESPACE") != "1":
        build_packages("--rpm")
    main_in_namespace()
