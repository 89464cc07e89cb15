"""What the two halves may not do, tried from where they run, by a program in the place of theirs.

Address filters and limits of memory need a kernel of our own: see machine_test.py.
"""

import unittest

from support import STATE, ContainerTest

OTHER_HALF = {"collect": "tls", "receipts": "tls", "upload": "collect"}
OWN_FOLDERS = {"collect": ("collect", "outbox", "public"),
               "receipts": ("collect", "outbox", "public"), "upload": ("receipts", "tls")}
FORBIDDEN = ("/etc/dijkwacht", "/etc", "/usr/bin", "/var/lib", "/root", "/home", STATE)


class Sandbox(ContainerTest):
    def setUp(self):
        super().setUp()
        self.install_and_join()

    def test_neither_half_reads_the_other_ones_folder(self):
        for half, other in OTHER_HALF.items():
            self.assertNotEqual(self.machine.check(f"ls {STATE}/{other}"), "")
            printed = self.instead(half, f'opendir(D, "{STATE}/{other}"); '
                                          'print "seen: ", scalar(grep {!/^[.]/} readdir(D))')
            self.assertIn("seen: 0", printed, half)

    def test_each_half_writes_in_its_own_folders_alone(self):
        for half, own in OWN_FOLDERS.items():
            folders = [f"{STATE}/{name}" for name in own] + list(FORBIDDEN)
            folders += [f"{STATE}/{name}" for name in
                        {"collect", "outbox", "public", "receipts", "tls"} - set(own)]
            words = " ".join(folders)
            printed = self.instead(half, f'for my $d (qw({words})) {{ open(F, ">", "$d/try") '
                                          'and print "$d\\n"; }')
            written = [word for word in printed.split() if word.startswith("/")]
            self.assertEqual(sorted(written), sorted(f"{STATE}/{name}" for name in own),
                             half)

    def test_the_receipts_step_opens_no_socket_for_any_network(self):
        printed = self.instead("receipts", 'use Socket; for my $f (AF_INET, AF_INET6) { '
                                            'socket(my $s, $f, SOCK_STREAM, 0) or print "none;" }')
        self.assertIn("none;none;", printed)

    def test_upload_has_no_privilege_at_all(self):
        printed = self.instead("upload", 'open(F, "<", "/proc/self/status"); '
                                          'print grep(/^(Cap|NoNewPrivs|Seccomp:)/, <F>)')
        for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertRegex(printed, rf"{name}:\s0{{16}}\n")
        self.assertRegex(printed, r"NoNewPrivs:\s1\n")
        self.assertRegex(printed, r"Seccomp:\s2")

    def test_collect_has_two_privileges_and_no_more(self):
        printed = self.instead("collect", 'open(F, "<", "/proc/self/status"); '
                                           'print grep(/^Cap/, <F>)')
        for name in ("CapEff", "CapBnd"):  # CAP_DAC_READ_SEARCH is 2, CAP_NET_ADMIN is 12
            self.assertRegex(printed, rf"{name}:\s{1 << 2 | 1 << 12:016x}")


if __name__ == "__main__":
    unittest.main(verbosity=2)
