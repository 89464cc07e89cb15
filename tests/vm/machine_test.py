"""The agent on whole computers, with their own kernel: what it sees, what wakes it, what it may do.

"bad" is a computer that nobody looked after. "good" has Secure Boot, a TPM and an encrypted disk.
"""

import unittest

from computer_facts import compared
from host import run
from support import IDLE, STATE, ComputerTest

RULES = ("table inet filter { chain input { type filter hook input priority 0; policy drop; "
         "ct state established,related accept; iif lo accept; }\n"
         "chain forward { type filter hook forward priority 0; policy drop; }\n}\n")
CLOCK_IS_OFF = 16  # CHAIN_CLOCK of server-api/store/chain.h: these tests move the clock
ARRIVES = ('use Socket; $SIG{ALRM} = sub { print "nothing;"; exit }; alarm 8; '
           'socket(my $t, AF_INET, SOCK_STREAM, 0); print "tcp:"; '
           'print connect($t, pack_sockaddr_in(8443, inet_aton("10.0.2.100"))) ? "yes;" : "no;"; ')


class Facts:
    """What a computer tells must be what its own tools say. Mixed into the two computers below."""

    def setUp(self):
        super().setUp()
        self.machine.check("nft -f -", given=RULES)
        self.install_and_join()

    def rows_agree(self, facts):
        rows = compared(self.machine, facts)
        for subject, tools, agent in rows:
            print(f"\n  {subject}\n    inside:  {tools}\n    server:  {agent}", end="", flush=True)
        print()
        for subject, tools, agent in rows:
            self.assertEqual(tools, agent, subject)


class Good(Facts, ComputerTest):
    COMPUTER = "good"

    def test_what_the_server_was_told_is_what_the_computer_says_of_itself(self):
        self.assertIn("Secure boot enabled",
                      self.machine.check("dmesg | grep -i 'secure boot enabled'"))
        self.assertEqual(self.machine.check("cat /sys/class/tpm/tpm0/tpm_version_major"), "2")
        facts = self.server.facts(self.label)
        self.rows_agree(facts)
        self.assertEqual(self.server.verdicts(self.label)["disk_encrypted"], "pass")
        self.assertIn(self.server.verdicts(self.label)["security_updates"], ("pass", "fail"))
        self.assertIsNotNone(facts["patch_level"]["facts"]["pending_security_updates"])
        volume = next(volume for volume in facts["disk_encryption"]["facts"]["volumes"]
                      if volume["role"] == "root")
        self.assertEqual((volume["method"], volume["cipher"], volume["key_bits"]),
                         ("luks2", "aes-xts-plain64", 512))


class Bad(Facts, ComputerTest):
    COMPUTER = "bad"

    def test_what_the_server_was_told_is_what_the_computer_says_of_itself(self):
        self.rows_agree(self.server.facts(self.label))
        verdicts = self.server.verdicts(self.label)
        self.assertEqual((verdicts["disk_encrypted"], verdicts["security_updates"]),
                         ("fail", "fail"))

    def test_time_packages_and_a_stick_each_make_one_check_in(self):
        self.machine.write("/run/systemd/system/dijkwacht-collect.timer.d/sharp.conf",
                           "[Timer]\nRandomizedDelaySec=0\nAccuracySec=1s\n")
        self.machine.check("systemctl daemon-reload; systemctl restart dijkwacht-collect.timer")
        self.machine.check("date -s \"$(date -d '+1 hour' '+%F %H:59:57')\"")
        self.arrived(2, 120)
        self.stays(2)
        self.forget_the_interval()
        self.machine.check("dpkg --purge less")
        self.arrived(3, 120)
        self.stays(3)
        self.forget_the_interval()
        stick = self.folder / "stick.raw"
        run("truncate", "-s", "16M", stick)
        run("mkfs.vfat", "-n", "STICK", stick)
        self.machine.plug_in_stick(stick)
        self.machine.until("ls /dev/disk/by-label/STICK")
        self.arrived(4, 120)
        self.stays(4)
        self.assertEqual(
            self.server.facts(self.label)["usb_policy"]["facts"]["connected_storage"], 1)
        self.chain_is_whole(noticed=CLOCK_IS_OFF)

    def test_a_cable_pulled_out_delays_and_loses_nothing(self):
        self.machine.wire(False)
        self.look_now()
        self.machine.until(f"journalctl -u dijkwacht-upload | grep 'cannot connect' && {IDLE}", 180)
        self.look_now()
        self.assertEqual(len(self.server.snapshots(self.label)), 1)
        self.machine.until(f"[ $(ls {STATE}/outbox | wc -l) = 2 ] && {IDLE}", 180)
        self.machine.wire(True)
        self.machine.until("ping -c1 -W1 10.0.2.2 || ip route | grep default")
        self.machine.check("systemctl start dijkwacht-upload")
        self.arrived(3, 120)
        self.chain_is_whole()

    def power_lost_while(self, held):
        """Answers how many snapshots the server had when the power was lost."""
        self.forget_the_interval()
        self.gate.hold(held)
        self.machine.check("systemctl start --no-block dijkwacht-collect")
        self.gate.wait_until_held(120)
        stored = len(self.server.snapshots(self.label))
        self.machine.cut_power()
        self.gate.drop()
        self.machine.power_on()
        return stored

    def goes_on_where_it_was(self):
        """What waited is stored, once; so is what comes after it. Starting up looks again too."""
        self.machine.check("systemctl start dijkwacht-upload")
        self.server.wait_for_snapshots(self.label, 2, 120)
        self.machine.check("date -s '+2 minutes'; systemctl start dijkwacht-collect")
        self.server.wait_for_snapshots(self.label, 3, 120)
        self.machine.until(f"[ -z \"$(ls {STATE}/outbox)\" ] && {IDLE}", 120)
        self.chain_is_whole()

    def test_power_lost_before_the_request_arrived(self):
        self.assertEqual(self.power_lost_while("requests"), 1)
        self.goes_on_where_it_was()

    def test_power_lost_before_the_answer_arrived(self):
        self.assertEqual(self.power_lost_while("answers"), 2)
        self.goes_on_where_it_was()

    def test_collect_reaches_no_address(self):
        self.assertIn("tcp:yes;", self.instead("collect", ARRIVES, "IPAddressDeny="))
        for half in ("collect",):
            self.assertIn("tcp:nothing;", self.instead(half, ARRIVES))

    def test_a_step_that_wants_too_much_memory_is_ended(self):
        for half in ("collect", "upload", "receipts"):
            self.assertEqual(self.machine.shows(f"dijkwacht-{half}", "MemoryMax"),
                             {"MemoryMax": str(128 << 20)}, half)
        self.instead("collect", 'my $all = "x" x 300_000_000; print "had it"',
                     result="oom-kill")
        self.instead("collect", 'my $some = "x" x 40_000_000; print "had it"')


if __name__ == "__main__":
    unittest.main(verbosity=2)
