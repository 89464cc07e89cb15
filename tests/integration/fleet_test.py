"""The volunteer's side: management commands and dijkwacht-fleet, with the real programs."""

import json
import os
import unittest

from machine import Machine
from support import Folder, Server, ServerTest, program, run

USAGE = 64


class FleetTest(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.add_organisation("Ambervoort Relief")

    def fleet(self, *arguments, **options):
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC", "COLUMNS": "80"}
        return run(program("server-api/dijkwacht-fleet"), "--server",
                   f"https://127.0.0.1:{self.server.people_port}", "--token-file",
                   self.server.data / "admin-token", "--root", self.server.root_certificate(),
                   *arguments, check=False, env=environment, **options)

    def joined(self, label, organisation="Ambervoort Relief"):
        temporary = Folder()
        self.addCleanup(temporary.cleanup)
        machine = Machine(temporary.path)
        machine.enrol(self.server.join_code(organisation, label))
        return machine

    def assert_one_line(self, done, code, words):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn(words, done.stderr)


class Commands(FleetTest):
    def command(self, *arguments):
        return self.server.command(*arguments, check=False)

    def test_the_join_code_stands_alone_on_standard_output(self):
        done = self.command("join-code", "Ambervoort Relief", "--label", "field-01")
        self.assertRegex(done.stdout, r"\Adijkwacht-join-1\.[A-Za-z0-9_-]+\n\Z")
        self.assertIn("once, for 72 hours", done.stderr)

    def test_says_what_is_wrong_with_a_command(self):
        for arguments, code, words in (
                (("organisation",), USAGE, "add NAME"),
                (("organisation", "add", "Ambervoort Relief"), 1, "already"),
                (("organisation", "add", "a\tb"), USAGE, "control character"),
                (("join-code", "Nobody", "--label", "a"), 1, "no organisation"),
                (("join-code", "Ambervoort Relief"), USAGE, "--label"),
                (("join-code", "Ambervoort Relief", "--label", "a", "--hours", "0"), USAGE,
                 "--hours"),
                (("join-code", "Ambervoort Relief", "--label", "a\nb"), USAGE, "--label"),
                (("machines", "--organisation", "Nobody"), 1, "no organisation"),
                (("machines", "--wrong"), USAGE, "--wrong"),
                (("revoke",), USAGE, "which machine"),
                (("revoke", "nobody"), USAGE, "--yes"),
                (("revoke", "nobody", "--yes"), 1, "no machine")):
            with self.subTest(arguments):
                self.assert_one_line(self.command(*arguments), code, words)

    def test_lists_machines_and_revokes_by_label(self):
        self.joined("gone-01")
        rows = {row["label"]: row for row in json.loads(self.command("machines", "--json").stdout)}
        self.assertIsNone(rows["gone-01"]["revoked_at"])
        done = self.command("revoke", "gone-01", "--yes")
        self.assertEqual(done.stdout.strip(), rows["gone-01"]["id"])
        self.assertRegex(self.command("machines").stdout, r"revoked +gone-01")

    def test_a_label_that_two_have_needs_the_identifier(self):
        self.joined("twin")
        self.joined("twin")
        self.assert_one_line(self.command("revoke", "twin", "--yes"), 1, "identifier")
        rows = [row for row in json.loads(self.command("machines", "--json").stdout)
                if row["label"] == "twin"]
        self.assertEqual(self.command("revoke", rows[0]["id"], "--yes").returncode, 0)
        self.assertEqual(self.command("revoke", "twin", "--yes").returncode, 0)

    def test_without_a_server_it_says_to_make_one(self):
        with Folder() as folder:
            done = Server(folder).command("organisation", "list", check=False)
            self.assert_one_line(done, 1, "dijkwacht-server init")


class Fleet(FleetTest):
    def test_shows_a_machine_and_what_to_do(self):
        self.server.add_organisation("Gullhaven Rescue")
        machine = self.joined("field-07", "Gullhaven Rescue")
        machine.check_in()
        done = self.fleet("--organisation", "Gullhaven Rescue")
        self.assertIn(done.returncode, (1, 2))
        self.assertIn("Start with field-07 of Gullhaven Rescue.", done.stdout)
        self.assertIn("What to do first: field-07", done.stdout)
        self.assertNotIn("Ambervoort", done.stdout)
        self.assertNotIn("\033", done.stdout)
        self.assertLessEqual(max(map(len, done.stdout.splitlines())), 80)

    def test_json_has_everything(self):
        fleet = json.loads(self.fleet("--json").stdout)
        self.assertIn("Ambervoort Relief", [row["name"] for row in fleet["organisations"]])
        self.assertGreater(len(fleet["baseline"]["checks"]), 4)

    def test_says_that_the_server_is_not_reached(self):
        with Folder() as folder:
            server = Server(folder)
            server.init()
            done = run(program("server-api/dijkwacht-fleet"), "--data", server.data, check=False)
            self.assertEqual(done.returncode, 2)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_refuses_a_wrong_token_or_root(self):
        with Folder() as folder:
            (folder / "token").write_text("wrong\n")
            self.assert_one_line(run_fleet(self.server, folder / "token",
                                           self.server.root_certificate()), 2, "token")
            other = Server(folder)
            other.init()
            self.assert_one_line(run_fleet(self.server, self.server.data / "admin-token",
                                           other.root_certificate()), 2, "certificate")

    def test_says_that_there_is_no_such_organisation(self):
        self.assert_one_line(self.fleet("--organisation", "Nobody"), 2, "no organisation")

    def test_a_wrong_command_line(self):
        fleet = program("server-api/dijkwacht-fleet")
        for arguments in (("--wrong",), ("--server", "https://127.0.0.1:1"), ("--root", "a"),
                          ("--data", "a", "--server", "https://127.0.0.1:1")):
            with self.subTest(arguments):
                self.assert_one_line(run(fleet, *arguments, check=False), USAGE, "--help")


def run_fleet(server, token, root):
    return run(program("server-api/dijkwacht-fleet"), "--server",
               f"https://127.0.0.1:{server.people_port}", "--token-file", token, "--root", root,
               check=False)


if __name__ == "__main__":
    unittest.main()
