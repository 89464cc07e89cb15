"""What the two halves may not do, tried from where they run: in a container with its own kernel's
rules. Address filters need the emulated machine: see limits_test.py."""

import unittest

from support import STATE, ContainerTest

OTHER_HALF = {"collect": "tls", "receipts": "tls", "upload": "collect"}
OWN_FOLDERS = {"collect": ("collect", "outbox", "public"),
               "receipts": ("collect", "outbox", "public"), "upload": ("receipts", "tls")}
FORBIDDEN = ("/etc/dijkwacht", "/etc", "/usr/bin", "/var/lib", "/root", "/home", STATE)


def instead(self, unit, program):
    """Runs a program in the place of the unit's own, with everything else that the unit says.
    Answers what it printed."""
    self.machine.write(f"/run/systemd/system/{unit}.service.d/instead.conf",
                       "[Unit]\nOnSuccess=\nOnFailure=\nConditionPathExists=\n"
                       "ConditionDirectoryNotEmpty=\n"
                       f"[Service]\nExecStart=\nExecStart=/usr/bin/perl -e '{program}'\n"
                       "ExecPaths=/usr/bin /usr/lib\nLogLevelMax=debug\n")
    self.machine.check("systemctl daemon-reload")
    done = self.machine.run(f"systemctl start {unit}.service")
    printed = self.machine.check(
        f"journalctl -o cat --no-pager _SYSTEMD_INVOCATION_ID="
        f"$(systemctl show -P InvocationID {unit}.service)")
    self.assertEqual(done.code, 0, printed)
    return printed


class Sandbox(ContainerTest):
    def setUp(self):
        super().setUp()
        self.install_and_join()

    def try_each(self, half, program):
        return instead(self, f"dijkwacht-{half}", program)

    def test_neither_half_reads_the_other_ones_folder(self):
        for half, other in OTHER_HALF.items():
            printed = self.try_each(half, f'opendir(D, "{STATE}/{other}") or print "no: $!"; '
                                          f'my @k = glob("{STATE}/{other}/*"); print " ", @k+0')
            self.assertRegex(printed, r"no: Permission denied 0", half)

    def test_each_half_writes_in_its_own_folders_alone(self):
        for half, own in OWN_FOLDERS.items():
            folders = [f"{STATE}/{name}" for name in own] + list(FORBIDDEN)
            folders += [f"{STATE}/{name}" for name in
                        {"collect", "outbox", "public", "receipts", "tls"} - set(own)]
            words = " ".join(folders)
            printed = self.try_each(half, f'for my $d (qw({words})) {{ open(F, ">", "$d/try") '
                                          'and print "$d\\n"; }')
            self.assertEqual(sorted(printed.split()), sorted(f"{STATE}/{name}" for name in own),
                             half)

    def test_collect_opens_no_socket_that_reaches_anybody(self):
        program = ('use Socket; for my $f (AF_INET, AF_INET6) { '
                   'socket(my $s, $f, SOCK_STREAM, 0) or do { print "none: $!\\n"; next; }; '
                   'my $to = $f == AF_INET ? pack_sockaddr_in(8443, inet_aton("10.0.2.100")) '
                   ': pack_sockaddr_in6(8443, Socket::inet_pton(AF_INET6, "::1")); '
                   'print connect($s, $to) ? "connected\\n" : "refused: $!\\n"; }')
        for half in ("collect", "receipts"):
            printed = self.try_each(half, program)
            self.assertNotIn("connected", printed, half)
            self.assertIn("none", printed, half)

    def test_upload_has_no_privilege_at_all(self):
        printed = self.try_each("upload", 'open(F, "<", "/proc/self/status"); '
                                          'print grep(/^(Cap|NoNewPrivs|Seccomp:)/, <F>)')
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertRegex(printed, rf"{name}:\s0{{16}}\n")
        self.assertRegex(printed, r"NoNewPrivs:\s1\n")
        self.assertRegex(printed, r"Seccomp:\s2")

    def test_collect_has_two_privileges_and_no_more(self):
        printed = self.try_each("collect", 'open(F, "<", "/proc/self/status"); '
                                           'print grep(/^Cap/, <F>)')
        for name in ("CapEff", "CapBnd"):  # CAP_DAC_READ_SEARCH is 2, CAP_NET_ADMIN is 12
            self.assertRegex(printed, rf"{name}:\s{1 << 2 | 1 << 12:016x}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
