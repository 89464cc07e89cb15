"""The .deb in a container: installed, upgraded, removed, purged."""

import unittest

from host import run
from support import INSTALL, SHARE, STATE, ContainerTest, package

# Everything outside of memory and of what installing any package changes.
FILES = ("find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /dev "
         "-o -path /var/log -o -path /var/cache -o -path /var/lib/dpkg -o -path /var/lib/apt "
         "-o -path /var/lib/systemd \\) -prune -o -print | sort")
USERS = ("dijkwacht-collect", "dijkwacht-upload")
UNITS = ("dijkwacht-collect.timer", "dijkwacht-upload.timer", "dijkwacht-changes.path")


class Deb(ContainerTest):
    @classmethod
    def gather_packages(cls):
        super().gather_packages()
        make_newer(cls.packages / "agent.deb", cls.packages / "newer.deb", cls.folder / "newer")

    def files(self):
        return set(self.machine.check(FILES).splitlines())

    def test_installs_waits_and_says_nothing_before_it_joined(self):
        connections = self.gate.connections
        self.install()
        for unit in UNITS:
            self.assertEqual(self.machine.check(f"systemctl is-active {unit}"), "active", unit)
            self.assertEqual(self.machine.check(f"systemctl is-enabled {unit}"), "enabled", unit)
        self.assertEqual(self.machine.check("systemctl --failed --no-legend"), "")
        self.machine.check("systemctl start dijkwacht-collect.service")
        self.assertEqual(self.machine.shows("dijkwacht-collect", "ConditionResult"),
                         {"ConditionResult": "no"})
        self.assertEqual(self.gate.connections, connections)

    def test_purge_leaves_nothing_but_the_users(self):
        before = self.files()
        self.install_and_join()
        self.assertNotEqual(self.files(), before)
        self.machine.check("apt-get purge -q -y dijkwacht-agent")
        self.assertEqual(self.files() - before, set())
        self.assertEqual(before - self.files(), set())
        self.assertEqual(self.machine.check("ls /var/lib/systemd/timers | grep dijkwacht || true"),
                         "")
        self.assertEqual(self.machine.check("systemctl list-units --all --no-legend 'dijkwacht*'"),
                         "")
        self.assertEqual(self.machine.check("systemctl list-timers --all | grep dijkwacht || true"),
                         "")
        for user in USERS:
            self.assertIn("nologin", self.machine.check(f"getent passwd {user}"))

    def test_removed_and_installed_again_it_is_the_same_machine(self):
        self.install_and_join()
        self.machine.check("apt-get remove -q -y dijkwacht-agent")
        self.assertNotEqual(self.machine.run("systemctl is-active dijkwacht-collect.timer").code, 0)
        self.install()
        self.look_now()
        self.arrived(2)
        self.chain_is_whole()

    def test_an_upgrade_keeps_what_was_configured(self):
        self.install_and_join()
        self.machine.check("echo '# ours' >>/etc/dijkwacht/dijkwacht.conf")
        kept = self.machine.check("cat /etc/dijkwacht/*")
        keys = self.machine.check(f"cat {STATE}/collect/*.key {STATE}/tls/*.key | sha256sum")
        self.machine.check(f"{INSTALL} {SHARE}/newer.deb", 300)
        self.assertEqual(self.machine.check("cat /etc/dijkwacht/*"), kept)
        self.assertEqual(self.machine.check(f"cat {STATE}/collect/*.key {STATE}/tls/*.key "
                                            "| sha256sum"), keys)
        self.assertIn("newer", self.machine.check("dpkg-query -W dijkwacht-agent"))
        for unit in UNITS:
            self.assertEqual(self.machine.check(f"systemctl is-active {unit}"), "active", unit)

    def test_an_upgrade_leaves_a_running_check_in_alone(self):
        self.install()
        self.enrol()
        self.gate.hold("answers")
        self.machine.check("systemctl start dijkwacht-collect.service")
        self.gate.wait_until_held()
        before = self.machine.shows("dijkwacht-upload", "MainPID", "InvocationID")
        self.machine.check(f"{INSTALL} {SHARE}/newer.deb", 300)
        self.assertEqual(self.machine.shows("dijkwacht-upload", "MainPID", "InvocationID"), before)
        self.gate.open()
        self.arrived(1)
        self.look_now()
        self.arrived(2)
        self.chain_is_whole()


def make_newer(package_file, target, work):
    """The same package with a higher version."""
    run("dpkg-deb", "-R", package_file, work)
    control = work / "DEBIAN/control"
    lines = [f"{line}+newer" if line.startswith("Version:") else line
             for line in control.read_text().splitlines()]
    control.write_text("\n".join(lines) + "\n")
    run("dpkg-deb", "--root-owner-group", "-Zgzip", "-b", work, target)


class Size(unittest.TestCase):
    def test_the_agent_takes_less_than_400_kb_beside_its_libraries(self):
        agent = package("dijkwacht-agent")
        files = [line.split() for line in run("dpkg-deb", "-c", agent).stdout.splitlines()]
        size = sum(int(line[2]) for line in files if line[0].startswith("-"))
        blocks = run("dpkg-deb", "-f", agent, "Installed-Size").stdout.strip()
        print(f"dijkwacht-agent: {size} bytes installed ({blocks} KiB with folders, each file "
              f"rounded up), {agent.stat().st_size} to download")
        self.assertLess(size, 400_000)


if __name__ == "__main__":
    unittest.main(verbosity=2)
