"""What wakes the agent, in a container: timers, the path unit, and the time in which changes settle."""

import unittest

from host import run
from support import IDLE, SHARE, STATE, ContainerTest

SLOW = "Package: slow\nVersion: 1\nArchitecture: all\nMaintainer: x <x@mirror.example>\nDescription: slow\n"
SLOW_SCRIPT = "#!/bin/sh\nuntil [ -e /run/go-on ]; do sleep 0.2; done\n"


class Units(ContainerTest):
    @classmethod
    def gather_packages(cls):
        """With one that is being installed for as long as a test wants."""
        super().gather_packages()
        control = cls.folder / "slow/DEBIAN"
        control.mkdir(parents=True)
        (control / "control").write_text(SLOW)
        (control / "postinst").write_text(SLOW_SCRIPT)
        (control / "postinst").chmod(0o755)
        run("dpkg-deb", "-b", control.parent, cls.packages / "slow.deb")

    def test_joining_alone_makes_the_first_check_in(self):
        self.install_and_join()
        self.stays(1)

    def test_the_times_are_those_of_the_documentation(self):
        self.install()
        shown = self.machine.shows("dijkwacht-collect.timer", "TimersCalendar", "Persistent",
                                   "RandomizedDelayUSec", "FixedRandomDelay")
        self.assertIn("OnCalendar=*-*-* *:00:00 ", shown["TimersCalendar"])
        self.assertEqual((shown["Persistent"], shown["FixedRandomDelay"]), ("yes", "yes"))
        self.assertEqual(shown["RandomizedDelayUSec"], "50min")
        shown = self.machine.shows("dijkwacht-upload.timer", "TimersCalendar")
        self.assertIn("OnCalendar=*-*-* *:00/15:00 ", shown["TimersCalendar"])
        shown = self.machine.shows("dijkwacht-settle.timer", "TimersMonotonic")
        self.assertIn("OnActiveUSec=1min 30s ", shown["TimersMonotonic"])

    def test_the_hourly_timer_makes_a_check_in(self):
        self.install_and_join()
        self.forget_the_interval()
        self.machine.write("/run/systemd/system/dijkwacht-collect.timer.d/soon.conf",
                           "[Timer]\nOnCalendar=\nOnCalendar=*:*:0/5\nRandomizedDelaySec=0\n"
                           "AccuracySec=100ms\n")
        self.machine.check("systemctl daemon-reload; systemctl restart dijkwacht-collect.timer")
        self.arrived(2)
        self.chain_is_whole()

    def test_a_burst_of_package_changes_is_one_check_in(self):
        self.install_and_join()
        self.forget_the_interval()
        for _ in range(3):
            self.machine.check("dpkg --remove less >/dev/null; touch /var/lib/dpkg/status; sleep 0.3")
        self.arrived(2)
        self.stays(2)
        self.chain_is_whole()

    def test_while_dpkg_is_at_work_the_check_in_waits(self):
        self.install_and_join()
        self.forget_the_interval()
        self.machine.check(f"systemd-run --quiet --unit=at-work dpkg -i {SHARE}/slow.deb; sleep 1")
        self.stays(1, 12)
        self.machine.check("systemctl is-active at-work && touch /run/go-on")
        self.arrived(2)
        self.chain_is_whole()

    def test_what_waits_is_sent_when_the_network_is_back(self):
        self.install_and_join()
        self.network.cut()
        self.look_now()
        self.machine.until(f"journalctl -u dijkwacht-upload | grep 'cannot connect' && {IDLE}", 120)
        self.assertEqual(len(self.machine.check(f"ls {STATE}/outbox").split()), 1)
        self.network.mend()
        self.machine.write("/run/systemd/system/dijkwacht-upload.timer.d/soon.conf",
                           "[Timer]\nOnCalendar=\nOnCalendar=*:*:0/5\nRandomizedDelaySec=0\n"
                           "AccuracySec=100ms\n")
        self.machine.check("systemctl daemon-reload; systemctl restart dijkwacht-upload.timer")
        self.arrived(2)
        self.chain_is_whole()

    def test_the_retry_timer_starts_nothing_when_nothing_waits(self):
        self.install_and_join()
        self.machine.check("systemctl start dijkwacht-upload.service")
        self.assertEqual(self.machine.shows("dijkwacht-upload", "ConditionResult"),
                         {"ConditionResult": "no"})

    def test_nothing_runs_between_check_ins(self):
        self.install_and_join()
        self.assertNotEqual(self.machine.run("ps -e -o args= | grep -i '[d]ijkwacht'").code, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
