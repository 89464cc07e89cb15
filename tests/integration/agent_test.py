"""The agent against the real server: joining, checking in, and what its user sees."""

import base64
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import sqlite3
import unittest
import zlib

from machine import Machine
from support import Folder, Server, ServerTest, free_port, need, program, read_join_code, run


def write_join_code(content):
    """A join code with this content: its JSON, and the CRC-32 of that."""
    text = json.dumps(content, separators=(",", ":")).encode()
    checked = text + zlib.crc32(text).to_bytes(4, "big")
    return "dijkwacht-join-1." + base64.urlsafe_b64encode(checked).decode().rstrip("=")


class AgentTest(ServerTest):
    """Each test has a machine of its own; all share the server and its organisation."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.add_organisation()

    def setUp(self):
        temporary = Folder()
        self.addCleanup(temporary.cleanup)
        self.machine = Machine(temporary.path)

    def enrolled(self, label="laptop"):
        self.machine.enrol(self.server.join_code(label=label))
        return self.machine

    def database(self):
        connection = sqlite3.connect(self.server.data / "dijkwacht-server.db")
        self.addCleanup(connection.close)
        return connection

    def stored(self, machine):
        """The hashes of the snapshots that the server keeps of a machine."""
        name = json.loads((machine.state / "etc" / "enrolment.json").read_text())["machine"]
        return {row[0] for row in self.database().execute(
            "SELECT hash FROM snapshot WHERE machine = ?", (name,))}


class Joining(AgentTest):
    def refused(self, code, words, *arguments):
        done = self.machine.enrol(code, *arguments, check=False)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(words, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done

    def test_makes_a_machine_of_the_organisation(self):
        done = self.machine.enrol(self.server.join_code(label="field-07"))
        self.assertIn('enrolled as "field-07"', done.stdout)
        for pattern in ("collect/signing-*.key", "tls/tls-*.key"):
            self.assertEqual(self.machine.only(pattern).stat().st_mode & 0o777, 0o600)

    def test_reads_the_code_from_a_file_with_line_breaks(self):
        code = self.server.join_code()
        file = self.machine.folder / "code"
        file.write_text(f"  {code[:40]}\n{code[40:]}\n\n")
        self.machine.dijkwacht("enrol", "--code-file", file)

    def test_says_that_it_is_enrolled_already(self):
        code = self.server.join_code()
        self.machine.enrol(code)
        self.machine.enrol(code)
        self.refused(self.server.join_code(), "--again")

    def test_enrols_again_as_another_machine(self):
        self.enrolled().check_in()
        before = self.machine.chain()
        self.machine.enrol(self.server.join_code(label="anew"), "--again")
        self.machine.only("collect/signing-*.key")
        self.machine.only("tls/tls-*.key")
        self.machine.check_in()
        self.assertNotEqual(self.machine.chain()["machine"], before["machine"])
        self.assertEqual(self.machine.last()["seq"], 1)

    def test_a_mistyped_code_is_told_from_a_wrong_one(self):
        code = self.server.join_code()
        self.refused(code[:-3] + "AAA", "typed or copied incompletely")
        self.refused("hello", "join code")

    def test_a_spent_code_is_refused(self):
        code = self.server.join_code()
        self.machine.enrol(code)
        with Folder() as folder:
            other = Machine(folder)
            done = other.enrol(code, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn("used already or is too old", done.stderr)

    def test_a_server_with_another_root_learns_nothing(self):
        content = read_join_code(self.server.join_code())
        content["pin"] = "0" * 64
        self.refused(write_join_code(content), "someone else answers")
        self.assertEqual(list(self.machine.state.glob("etc/*")), [])

    def test_a_server_that_is_away_is_told(self):
        content = read_join_code(self.server.join_code())
        content["url"] = f"https://127.0.0.1:{free_port()}"
        self.refused(write_join_code(content), "cannot connect to")

    def test_the_code_is_never_taken_from_the_command_line(self):
        done = self.machine.dijkwacht("enrol", self.server.join_code(), check=False)
        self.assertEqual(done.returncode, 64)


class CheckingIn(AgentTest):
    def test_needs_an_enrolment(self):
        done = self.machine.check_in(expected=1)
        self.assertIn("not enrolled yet", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)

    def test_an_unchanged_machine_sends_no_sections(self):
        self.enrolled().check_in()
        first = self.machine.last()
        self.assertTrue(first["sections"])
        self.assertIsNone(first["base"])
        self.machine.check_in()
        second = self.machine.last()
        self.assertFalse(second["sections"])
        self.assertFalse(second["removed"])
        self.assertEqual(second["base"], first["state"])
        self.assertEqual(second["state"], first["state"])
        self.assertEqual(second["seq"], 2)
        self.assertNotEqual(second["nonce"], first["nonce"])
        self.assertEqual(self.machine.outbox(), [])

    def test_only_what_changed_is_sent(self):
        self.enrolled().check_in()
        self.machine.change(13)
        self.machine.check_in()
        self.assertEqual(list(self.machine.last()["sections"]), ["os_release"])

    def test_what_is_stored_is_what_the_user_can_see(self):
        self.enrolled().check_in()
        self.machine.change(13)
        self.machine.check_in()
        hashes = {hashlib.sha256(bytes_).digest() for bytes_ in self.machine.sent().values()}
        self.assertEqual(len(hashes), 2)
        self.assertEqual(self.stored(self.machine), hashes)
        raw = run(*self.machine.command(["show", "--raw"])).stdout.encode()
        self.assertIn(hashlib.sha256(raw).digest(), hashes)

    def test_what_was_signed_can_be_taken_elsewhere_and_verified(self):
        self.enrolled("exported").check_in()
        self.machine.check_in()
        identity = json.loads((self.machine.state / "etc" / "enrolment.json").read_text())
        folder = self.machine.state.parent / "export"
        done = self.server.command("export", folder, "--organisation", "Example")
        self.assertRegex(done.stdout, r"^\d+ snapshots of \d+ machines? in ")
        own = folder / identity["organisation"] / identity["machine"]
        sent = self.machine.sent()
        self.assertEqual({name: (own / name).read_bytes() for name in sent}, sent)
        self.assertEqual(len(list(own.glob("*.receipt.jws"))), len(sent))
        self.assertIn(b".", (own / f"{min(sent).removesuffix('.jws')}.receipt.jws").read_bytes())
        run("openssl", "verify", "-x509_strict", "-no-CApath", "-no-CAstore",
            "-CAfile", folder / "root.pem", "-untrusted", folder / "intermediate.pem",
            own / "signing-1.der")
        again = self.server.command("export", folder, check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("is there already", again.stderr)

    def test_the_same_snapshot_twice_has_the_same_receipt(self):
        self.enrolled().dijkwacht("collect")
        answers = []
        for _ in range(2):
            self.assertEqual(self.machine.upload().returncode, 0)
            answers.append(self.machine.only("receipts/*.jws").read_bytes())
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(len(self.stored(self.machine)), 1)
        self.machine.dijkwacht("collect", "--receipts")
        self.assertEqual(self.machine.outbox(), [])

    def test_proxies_and_roots_of_the_environment_are_not_followed(self):
        self.enrolled()
        nowhere = "http://127.0.0.1:1"
        keys = self.machine.folder / "keys.log"
        self.machine.check_in(env={**os.environ, "https_proxy": nowhere, "HTTPS_PROXY": nowhere,
                                   "ALL_PROXY": nowhere, "all_proxy": nowhere,
                                   "SSL_CERT_FILE": "/dev/null", "OPENSSL_CONF": "/nowhere",
                                   "SSLKEYLOGFILE": str(keys)})
        self.assertFalse(keys.exists())

    def test_the_configured_proxy_is_followed(self):
        self.enrolled()
        (self.machine.state / "etc" / "dijkwacht.conf").write_text("proxy = http://127.0.0.1:1\n")
        self.assertIn("cannot connect", self.machine.check_in(expected=3).stderr)

    def test_the_proxys_password_is_not_told(self):
        self.enrolled()
        file = self.machine.state / "etc" / "dijkwacht.conf"
        file.write_text("proxy = http://user:hidden@nowhere.invalid:8080\n")
        said = self.machine.check_in(expected=3).stderr
        self.assertIn("cannot find the proxy nowhere.invalid:8080", said)
        self.assertNotIn("hidden", said)
        file.write_text("proxy = ftp://user:hidden@nowhere.invalid\n")
        self.assertNotIn("hidden", self.machine.dijkwacht("collect", check=False).stderr)

    def test_the_uploader_has_no_part_in_the_terminal_of_root(self):
        """Else it could type there: ioctl(2), TIOCSTI."""
        self.enrolled()
        folder = self.machine.folder / "programs"
        folder.mkdir()
        shutil.copy(program("agent/dijkwacht"), folder)
        uploader = folder / "upload"
        uploader.write_text("#!/bin/sh\n"
                            f"cut -d ' ' -f 1,6 /proc/$$/stat > {folder}/session\n")
        uploader.chmod(0o755)
        run(folder / "dijkwacht", "--state", self.machine.state, "check-in")
        process, session = (folder / "session").read_text().split()
        self.assertEqual(process, session)

    def test_what_was_sent_is_not_forgotten_at_a_wrong_clock(self):
        """Only the server's signed time makes a month old."""
        self.enrolled()
        old = self.machine.state / "public" / "sent" / "2020-01"
        old.mkdir(parents=True)
        self.machine.dijkwacht("collect")
        self.assertTrue(old.exists())
        self.machine.check_in()
        self.machine.dijkwacht("collect")
        self.assertFalse(old.exists())

    def test_it_waits_when_it_is_not_due(self):
        self.enrolled().check_in()
        self.machine.dijkwacht("check-in", "--if-due")
        self.assertEqual(self.machine.last()["seq"], 1)

    def test_a_bad_configuration_is_one_line_with_its_place(self):
        self.enrolled()
        file = self.machine.state / "etc" / "dijkwacht.conf"
        for text, words in (("proxi = 1\n", "line 1: there is no setting"),
                            ("disable = nothing\n", "there is no collector")):
            file.write_text(text)
            done = self.machine.dijkwacht("collect", check=False)
            self.assertEqual(done.returncode, 78)
            self.assertIn(words, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)

    def test_says_what_to_do_about_a_path_that_is_not_there(self):
        nowhere = str(self.machine.state / "nowhere")
        for arguments, words in ((("show", "--next", "--root", nowhere), "a mounted system"),
                                 (("enrol", "--code-file", nowhere), "leave out --code-file")):
            done = self.machine.dijkwacht(*arguments, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertIn(nowhere, done.stderr)
            self.assertIn(words, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)

    def test_shows_its_user_how_it_stands(self):
        self.enrolled("field-07").check_in()
        done = self.machine.dijkwacht("status", check=False)
        self.assertIn(done.returncode, (1, 2))
        self.assertTrue(done.stdout.startswith("field-07"))
        self.assertIn("Received by", done.stdout)
        status = json.loads(self.machine.dijkwacht("status", "--json", check=False).stdout)
        self.assertEqual(status["delivery"]["waiting"], 0)
        self.assertTrue(status["checks"])

    def test_shows_what_would_be_sent_without_being_enrolled(self):
        done = self.machine.dijkwacht("show", "--next")
        self.assertIn("os_release", done.stdout)
        self.assertIn("does not apply\n", done.stdout)
        self.assertNotIn("not_applicable", done.stdout)
        self.assertFalse(self.machine.state.exists() and list(self.machine.state.glob("collect/*")))


class Trust(AgentTest):
    def test_a_certificate_of_nobody_is_refused(self):
        self.enrolled().dijkwacht("collect")
        key = self.machine.only("tls/tls-*.key")
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-keyout", key, "-out", self.machine.only("tls/tls-*.pem"), "-subj",
            "/O=abcdefghij234567/CN=3f0c8a52-7d1e-4b9a-8c65-0e2f4a6b8d10", "-days", "30",
            "-addext", "basicConstraints=critical,CA:FALSE", "-addext",
            "keyUsage=critical,digitalSignature", "-addext", "extendedKeyUsage=clientAuth")
        done = self.machine.upload()
        self.assertEqual(done.returncode, 1)
        self.assertIn("certificate", done.stderr)
        self.assertEqual(len(self.machine.outbox()), 1)
        self.assertEqual(self.stored(self.machine), set())

    def test_a_snapshot_in_another_machines_name_is_refused_for_good(self):
        with Folder() as folder:
            other = Machine(folder)
            other.enrol(self.server.join_code(label="other"))
            self.enrolled().dijkwacht("collect")
            self.machine.keep_identity_of(other)
            self.machine.upload()
            self.machine.dijkwacht("collect", "--receipts")
            self.assertEqual(len(self.machine.outbox()), 1)  # the refusal is for the other machine
            self.assertEqual(self.stored(self.machine), set())
            self.assertEqual(self.stored(other), set())

    def test_a_revoked_machine_is_told_so(self):
        self.enrolled("stolen").check_in()
        kept = self.stored(self.machine)
        self.server.command("revoke", "stolen", "--yes")
        done = self.machine.check_in(expected=1)
        self.assertNotIn("Checked in", done.stdout)
        self.assertIn("did not take what was sent", done.stderr)
        self.assertEqual(self.machine.delivery()["refusal"], "revoked")
        self.assertEqual(self.stored(self.machine), kept)
        self.assertIn("refused", self.machine.dijkwacht("status", check=False).stdout)

    def test_a_tampered_snapshot_is_refused_and_nothing_is_stored(self):
        self.enrolled().dijkwacht("collect")
        [file] = self.machine.outbox()
        text = file.read_text()
        middle = text.index(".") + 200
        file.write_text(text[:middle] + ("A" if text[middle] != "A" else "B") + text[middle + 1:])
        done = self.machine.upload()
        receipts = self.machine.dijkwacht("collect", "--receipts")
        self.assertIn("was refused", done.stderr + receipts.stderr)
        self.assertEqual(self.machine.delivery()["refused"], 1)
        self.assertEqual(self.stored(self.machine), set())
        self.assertEqual(self.machine.outbox(), [])
        self.machine.check_in()
        self.assertEqual(self.machine.last()["refused"], 1)
        self.assertEqual(self.machine.outbox(), [])

    def unchanged_by(self, content):
        """Puts something in the place of the receipt; nothing may come of it."""
        [file] = self.machine.outbox()
        (self.machine.state / "receipts" / file.name).write_bytes(content)
        before = (self.machine.state / "collect" / "state.json").read_bytes()
        done = self.machine.dijkwacht("collect", "--receipts")
        self.assertEqual((self.machine.state / "collect" / "state.json").read_bytes(), before)
        self.assertEqual(self.machine.outbox(), [file])
        return done

    def test_forged_answers_change_nothing(self):
        """Real receipts of the same server, of another one, and of this machine's own key."""
        self.enrolled().check_in()
        old = self.machine.only("receipts/*.jws").read_bytes()
        self.machine.dijkwacht("collect")
        self.assertIn("ignored", self.unchanged_by(old).stderr)
        [file] = self.machine.outbox()
        for content in (b"", b"a.b.c", b"<html>", file.read_bytes(), old[:-2] + b"AA",
                        old.replace(b".", b"..", 1), os.urandom(300), b"x" * 20000):
            self.unchanged_by(content)
        with Folder() as folder:
            other = Server(folder)
            other.init()
            other.start()
            self.addCleanup(other.stop)
            other.add_organisation()
            stranger = Machine(folder)
            stranger.enrol(other.join_code())
            stranger.check_in()
            self.unchanged_by(stranger.only("receipts/*.jws").read_bytes())
        self.machine.check_in()
        self.assertEqual(self.machine.outbox(), [])


class Weather(AgentTest):
    """The server goes away and comes back; sometimes as it was."""

    def setUp(self):
        super().setUp()
        temporary = Folder()
        self.addCleanup(temporary.cleanup)
        self.server = Server(temporary.path)
        self.server.init()
        self.server.start()
        self.addCleanup(lambda: self.server.stop())
        self.server.add_organisation()

    def current_state(self):
        [row] = self.database().execute("SELECT state FROM current").fetchall()
        return row[0].hex() if isinstance(row[0], bytes) else row[0]

    def test_what_was_seen_without_a_server_arrives_later(self):
        self.enrolled().check_in()
        self.server.stop()
        for version in (13, 14):
            self.machine.change(version)
            done = self.machine.check_in(expected=3)
            self.assertIn("will be sent at a later check-in", done.stderr)
        self.assertEqual(len(self.machine.outbox()), 2)
        self.assertEqual(self.machine.delivery()["waiting"], 2)
        self.server.start()
        self.machine.check_in()
        self.assertEqual(self.machine.outbox(), [])
        self.assertEqual(len(self.stored(self.machine)), 4)
        self.machine.check_in()
        self.assertEqual(self.current_state(), self.machine.last()["state"])
        self.assertFalse(self.machine.last()["sections"])

    def test_an_older_database_has_the_full_state_within_two_check_ins(self):
        self.enrolled().check_in()
        self.server.stop()
        database = self.server.data / "dijkwacht-server.db"
        backup = {file: file.read_bytes() for file in self.server.data.glob(database.name + "*")}
        self.server.start()
        for version in (13, 14, 15):
            self.machine.change(version)
            self.machine.check_in()
        self.server.stop()
        for file in self.server.data.glob(database.name + "*"):
            file.unlink()
        for file, content in backup.items():
            file.write_bytes(content)
        self.server.start()
        self.machine.check_in()
        self.machine.check_in()
        self.assertEqual(self.current_state(), self.machine.last()["state"])
        self.machine.check_in()
        self.assertFalse(self.machine.last()["sections"])
        self.assertEqual(self.machine.delivery()["refused"], 0)

    def test_a_machine_that_was_put_back_itself_starts_anew(self):
        self.enrolled().check_in()
        kept = self.machine.folder / "kept"
        shutil.copytree(self.machine.state, kept)
        self.machine.change(13)
        self.machine.check_in()
        shutil.rmtree(self.machine.state)
        shutil.copytree(kept, self.machine.state)
        self.machine.change(14)
        self.machine.check_in()
        self.machine.check_in()
        self.assertEqual(self.current_state(), self.machine.last()["state"])
        self.assertIsNone(self.machine.last()["base"])
        self.assertEqual(self.machine.last()["seq"], 1)


if __name__ == "__main__":
    need("openssl")
    unittest.main()
