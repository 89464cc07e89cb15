"""The server's package in a container: starts, tells systemd that it lives, comes back."""

import unittest

from support import STATE, ContainerTest

INIT = ("dijkwacht-server init --url https://collect.example:8443 --root-key /root/root.key && "
        "dijkwacht-server organisation add Example")


class ServerPackage(ContainerTest):
    def setUp(self):
        super().setUp()
        self.install("server")

    def start(self):
        self.machine.check(INIT)
        self.machine.check("systemctl start dijkwacht-server")

    def test_waits_for_its_init_and_then_starts(self):
        self.assertEqual(self.machine.check("systemctl --failed --no-legend"), "")
        self.assertNotEqual(self.machine.run("systemctl is-active dijkwacht-server").code, 0)
        self.start()
        shown = self.machine.shows("dijkwacht-server", "Type", "StatusText", "WatchdogUSec",
                                   "WatchdogTimestampMonotonic", "ActiveState")
        self.assertEqual((shown["Type"], shown["ActiveState"]), ("notify", "active"))
        self.assertNotEqual(shown["WatchdogUSec"], "0")
        self.assertNotEqual(shown["WatchdogTimestampMonotonic"], "0")

    def test_a_machine_joins_and_checks_in(self):
        self.install()
        self.machine.check("sed -i 's/10.0.2.100 collect/127.0.0.1 collect/' /etc/hosts")
        self.start()
        code = self.machine.check("dijkwacht-server join-code Example --label here")
        self.settle_quickly()
        self.machine.check("dijkwacht enrol", given=code + "\n")
        self.machine.until(f"ls {STATE}/receipts {STATE}/public/delivery.json && "
                           "dijkwacht-server machines | grep here", 60)

    def test_killed_it_is_back_with_what_it_had(self):
        self.start()
        before = self.machine.check("systemctl show -P MainPID dijkwacht-server")
        self.machine.check("systemctl kill --signal=KILL --kill-whom=main dijkwacht-server")
        self.machine.until("systemctl is-active dijkwacht-server && "
                           f"test $(systemctl show -P MainPID dijkwacht-server) != {before}", 30)
        self.assertEqual(self.machine.shows("dijkwacht-server", "NRestarts"), {"NRestarts": "1"})
        self.machine.check("dijkwacht-server organisation list | grep Example")

    def test_one_that_hangs_is_ended_by_the_watchdog_and_started_again(self):
        self.machine.write("/run/systemd/system/dijkwacht-server.service.d/soon.conf",
                           "[Service]\nWatchdogSec=4\nRestartSec=1\n")
        self.machine.check("systemctl daemon-reload")
        self.start()
        self.stays_up(9)
        self.machine.check("systemctl kill --signal=STOP --kill-whom=main dijkwacht-server")
        self.machine.until("journalctl -u dijkwacht-server | grep -i watchdog && "
                           "systemctl is-active dijkwacht-server && "
                           "test $(systemctl show -P NRestarts dijkwacht-server) = 1", 60)

    def stays_up(self, seconds):
        """Signs of life come by themselves."""
        self.machine.check(f"sleep {seconds}")
        self.assertEqual(self.machine.shows("dijkwacht-server", "NRestarts", "ActiveState"),
                         {"NRestarts": "0", "ActiveState": "active"})

    def test_purge_takes_the_data_too(self):
        self.start()
        self.machine.check("apt-get purge -q -y dijkwacht-server")
        self.assertNotEqual(self.machine.run("ls -d /var/lib/dijkwacht-server").code, 0)
        self.assertEqual(self.machine.check("systemctl list-units --all --no-legend 'dijkwacht*'"),
                         "")


if __name__ == "__main__":
    unittest.main(verbosity=2)
