"""The .rpm where rpm and dnf are in charge, with systemd running: installed, upgraded, erased.

Not Fedora: its own programs are not to be had here. The libraries are Debian's, which no rpm owns; one
empty package says that they are there, for each name that ours asks for.
"""

import shutil
import unittest

from host import run
from support import SHARE, STATE, ContainerTest, package

DNF = "dnf -q -y --disablerepo='*'"
UNITS = ("dijkwacht-collect.timer", "dijkwacht-upload.timer", "dijkwacht-changes.path")
SPEC = """Name: base-system
Version: 40
Release: 1
Summary: What the system of this test has without a package of its own
License: MIT
BuildArch: noarch
Provides: {provides}
%description
What the system of this test has without a package of its own.
%files
"""
NOT_A_NAME = ("rpmlib(", "config(")


class Rpm(ContainerTest):
    @classmethod
    def gather_packages(cls):
        agent = package("dijkwacht-agent", "rpm")
        shutil.copy(agent, cls.packages / "agent.rpm")
        asked = set(run("rpm", "-qp", "--requires", agent).stdout.splitlines())
        names = sorted(name for name in asked if not name.startswith(NOT_A_NAME))
        spec = cls.folder / "base.spec"
        spec.write_text(SPEC.format(provides=", ".join(["system-release = 40", *names])))
        run("rpmbuild", "-bb", "--quiet", "--define", f"_topdir {cls.folder}/rpm", spec)
        [base] = cls.folder.glob("rpm/RPMS/*/base-system-*.rpm")
        shutil.copy(base, cls.packages / "base.rpm")

    def tree(self):
        return self.image.rpm()

    def install(self, name="agent"):
        self.machine.check(f"{DNF} install {SHARE}/base.rpm {SHARE}/{name}.rpm", 300)

    def test_installs_joins_and_checks_in(self):
        self.install_and_join()
        for unit in UNITS:
            self.assertEqual(self.machine.check(f"systemctl is-active {unit}"), "active", unit)
        self.assertEqual(self.machine.check("systemctl --failed --no-legend"), "")
        facts = self.server.facts(self.label)
        self.assertEqual(facts["os_release"]["facts"]["id"], "fedora")
        # What the agent does not understand yet must not look good.
        self.assertNotEqual(self.server.verdicts(self.label)["security_updates"], "pass")

    def test_a_change_of_packages_is_one_check_in(self):
        self.install_and_join()
        self.forget_the_interval()
        self.machine.check("rpm -e --nodeps base-system")
        self.arrived(2)
        self.stays(2)

    def test_put_in_again_it_is_the_same_machine(self):
        self.install_and_join()
        before = self.machine.check("cat /etc/dijkwacht/*; systemctl is-active " + " ".join(UNITS))
        self.machine.check(f"{DNF} reinstall {SHARE}/agent.rpm", 300)
        after = self.machine.check("cat /etc/dijkwacht/*; systemctl is-active " + " ".join(UNITS))
        self.assertEqual(after, before)
        self.arrived_or_made()
        self.chain_is_whole()

    def arrived_or_made(self):
        self.look_now()
        self.server.wait_for_snapshots(self.label, 2)

    def test_erased_it_is_gone(self):
        self.install_and_join()
        self.machine.check(f"{DNF} remove dijkwacht-agent", 300)
        self.assertNotEqual(self.machine.run("ls /usr/bin/dijkwacht /usr/libexec/dijkwacht").code, 0)
        self.assertEqual(self.machine.check("systemctl list-timers --all | grep dijkwacht || true"),
                         "")
        self.assertEqual(self.machine.check("systemctl list-unit-files --no-legend 'dijkwacht*' "
                                            "| grep -v transient || true"), "")
        # rpm keeps what it did not bring: the machine's keys, so that it is the same when it returns.
        self.machine.check(f"ls {STATE}/collect/*.key")


if __name__ == "__main__":
    unittest.main(verbosity=2)
