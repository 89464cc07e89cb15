"""The server's life: init, configuration, start, signals and its end."""

import os
import pathlib
import re
import signal
import socket
import stat
import subprocess
import time
import unittest

from support import Folder, Server, connect, https, need, program, receive_answer, run, tls_context

USAGE = 64
CONFIGURATION = 78
OTHER_USER = 64300


class Init(unittest.TestCase):
    def setUp(self):
        folder = Folder()
        self.addCleanup(folder.cleanup)
        self.folder = folder.path
        self.server = Server(self.folder)

    def mode(self, path):
        return stat.S_IMODE(path.stat().st_mode)

    def assert_refused(self, done, code, words):
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn(words, done.stderr)

    def test_makes_what_only_its_owner_can_read(self):
        done = self.server.init()
        self.assertIn(str(self.server.root_key), done.stdout)
        self.assertIn("offline", done.stdout)
        self.assertEqual(self.mode(self.server.data), 0o700)
        for path in ("keys/intermediate.key", "keys/receipt.key", "admin-token", "server.conf",
                     "dijkwacht-server.db"):
            self.assertEqual(self.mode(self.server.data / path), 0o600, path)
        self.assertEqual(self.mode(self.server.root_key), 0o600)
        self.assertGreaterEqual(len(self.server.admin_token()), 43)

    def test_makes_a_chain_that_openssl_accepts(self):
        self.server.init()
        keys = self.server.data / "keys"
        run("openssl", "verify", "-x509_strict", "-CAfile", keys / "root.pem",
            keys / "intermediate.pem")
        run("openssl", "verify", "-x509_strict", "-purpose", "any", "-CAfile", keys / "root.pem",
            "-untrusted", keys / "intermediate.pem", keys / "receipt.pem")

    def test_overwrites_no_server(self):
        self.server.init()
        token = self.server.admin_token()
        done = self.server.command("init", "--url", self.server.url, "--root-key",
                                   self.folder / "other.key", check=False)
        self.assert_refused(done, 1, "holds a server already")
        self.assertEqual(self.server.admin_token(), token)
        self.assertFalse((self.folder / "other.key").exists())

    def test_overwrites_no_root_key_and_leaves_nothing_behind(self):
        self.server.root_key.write_text("precious")
        self.assert_refused(self.server.init(check=False), 1, "root.key exists already")
        self.assertEqual(self.server.root_key.read_text(), "precious")
        self.assertFalse(self.server.data.exists())

    def test_says_what_a_half_made_folder_is(self):
        self.server.data.mkdir()
        (self.server.data / "admin-token").write_text("left")
        self.assert_refused(self.server.init(check=False), 1, "cut short")
        self.assertFalse(self.server.root_key.exists())

    def test_takes_an_empty_folder(self):
        self.server.data.mkdir(mode=0o755)
        self.server.init()
        self.assertEqual(self.mode(self.server.data), 0o700)

    def test_root_leaves_it_readable_for_the_owner_of_the_folder(self):
        if os.geteuid() != 0:
            self.skipTest("only root can give a folder to another user")
        self.server.data.mkdir(mode=0o700)
        self.folder.chmod(0o755)
        os.chown(self.server.data, OTHER_USER, OTHER_USER)
        self.server.init()
        self.server.command("organisation", "add", "Example")
        for path in (self.server.data, *self.server.data.rglob("*")):
            self.assertEqual(path.lstat().st_uid, OTHER_USER, path)
        self.assertEqual(self.server.root_key.stat().st_uid, 0)
        done = self.server.command("machines", user=OTHER_USER, group=OTHER_USER,
                                   extra_groups=[])
        self.assertEqual(done.returncode, 0)

    def test_keeps_the_root_key_out_of_its_folder(self):
        self.server.root_key = self.server.data / "root.key"
        self.assert_refused(self.server.init(check=False), 1, "outside of")
        self.assertFalse(self.server.data.exists())

    def test_leaves_nothing_when_the_disk_is_full(self):
        self.server.root_key = pathlib.Path("/dev/full/root.key")
        self.assertEqual(self.server.init(check=False).returncode, 1)
        self.assertFalse(self.server.data.exists())

    def test_refuses_wrong_options_with_one_line(self):
        key = str(self.server.root_key)
        for arguments, words in (
                (["--url", "http://a:1", "--root-key", key], "https://collect.example:8443"),
                (["--url", "https://a:0", "--root-key", key], "https://collect.example:8443"),
                (["--url", "https://a:1/x", "--root-key", key], "https://collect.example:8443"),
                (["--url", "https://A:1", "--root-key", key], "https://collect.example:8443"),
                (["--url", "https://a:1"], "--root-key"),
                (["--url"], "--url needs a value"),
                (["--url", "https://a:1", "--url", "https://a:1"], "given twice"),
                (["--url", "https://a:1", "--root-key", key, "--listen", "a:1"], "address"),
                (["--url", "https://a:1", "--root-key", key, "--people", "1.2.3.4"], "address"),
                (["--url", "https://a:1", "--root-key", key, "--name", "a b"], "host name"),
                (["--wrong"], "--wrong")):
            with self.subTest(arguments):
                done = self.server.command("init", *arguments, check=False)
                self.assert_refused(done, USAGE, words)
                self.assertFalse(self.server.data.exists())


class CommandLine(unittest.TestCase):
    def command(self, *arguments):
        return run(program("server-api/dijkwacht-server"), *arguments, check=False)

    def test_helps(self):
        for arguments in (["--help"], ["init", "--help"], ["serve", "--help"],
                          ["serve", "--data", "/nowhere", "--help"]):
            done = self.command(*arguments)
            self.assertEqual(done.returncode, 0)
            self.assertIn("Usage: dijkwacht-server", done.stdout)
        self.assertRegex(self.command("--version").stdout, r"^dijkwacht-server \d+\.\d+\.\d+\n$")

    def test_refuses_what_it_does_not_know_with_one_line(self):
        for arguments, words in (([], "a command is missing"), (["foo"], "no command foo"),
                                 (["serve", "--foo"], "no option"),
                                 (["serve", "--data"], "--data")):
            done = self.command(*arguments)
            self.assertEqual(done.returncode, USAGE)
            self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
            self.assertIn(words, done.stderr)

    def test_says_how_to_come_by_a_data_folder(self):
        done = self.command("serve", "--data", "/nowhere")
        self.assertEqual(done.returncode, CONFIGURATION)
        self.assertRegex(done.stderr, r'^[^\n]*/nowhere[^\n]*"dijkwacht-server init" made\n$')

    def test_is_no_keeper_for_people(self):
        self.assertNotEqual(self.command("keeper", "/nowhere").returncode, 0)
        self.assertNotEqual(self.command("keeper").returncode, 0)


class Life(unittest.TestCase):
    def setUp(self):
        folder = Folder()
        self.addCleanup(folder.cleanup)
        self.folder = folder.path
        self.server = Server(self.folder)
        self.server.init()
        self.addCleanup(self.server.stop)

    def serve(self):
        return self.server.command("serve", check=False)

    def edit(self, pattern, replacement):
        path = self.server.data / "server.conf"
        path.write_text(re.sub(pattern, replacement, path.read_text(), flags=re.M))

    def test_refuses_a_wrong_configuration_with_one_line(self):
        original = (self.server.data / "server.conf").read_text()
        for pattern, replacement, words in (
                (r"^url = .*", "url = ftp://a", "https://"),
                (r"^url = .*", "", 'setting "url" is missing'),
                (r"^names = .*", "names = a,b", "host name"),
                (r"^listen = .*", "listen = localhost:1", "address"),
                (r"\Z", "colour = red\n", 'no setting "colour"'),
                (r"\Z", "threads = many\n", "number"),
                (r"\Z", "people = 127.0.0.1:1\n", "twice")):
            with self.subTest(replacement):
                self.edit(pattern, replacement)
                done = self.serve()
                self.assertEqual(done.returncode, CONFIGURATION, done.stderr)
                self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
                self.assertIn("server.conf", done.stderr)
                self.assertIn(words, done.stderr)
                (self.server.data / "server.conf").write_text(original)

    def test_says_when_it_was_not_made_yet(self):
        done = run(program("server-api/dijkwacht-server"), "--data", self.folder, "serve",
                   check=False)
        self.assertEqual(done.returncode, CONFIGURATION)
        self.assertIn("dijkwacht-server init", done.stderr)

    def test_does_not_start_on_keys_that_others_can_read(self):
        (self.server.data / "keys" / "receipt.key").chmod(0o644)
        done = self.serve()
        self.assertEqual(done.returncode, 1)
        self.assertIn("receipt.key is open to other users", done.stderr)

    def test_does_not_start_on_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.edit(r"^listen = .*", f"listen = 127.0.0.1:{taken.getsockname()[1]}")
            done = self.serve()
        self.assertEqual(done.returncode, 1)
        self.assertIn("Address already in use", done.stderr)

    def test_needs_no_root_key_to_run(self):
        self.server.root_key.unlink()
        self.server.start()
        self.assertEqual(self.server.stop(), 0)

    def test_ends_cleanly_on_signals(self):
        for how in (signal.SIGTERM, signal.SIGINT):
            self.server.start()
            with connect(self.server.port, tls_context(self.server.root_certificate())) as idle:
                self.assertEqual(self.server.stop(how), 0)
                self.assertEqual(idle.recv(1), b"")
            self.assertEqual(self.server.error_text(), "")

    def test_finishes_what_is_under_way_when_it_ends(self):
        self.server.start()
        context = tls_context(self.server.root_certificate())
        with connect(self.server.port, context) as connection:
            connection.sendall(b"POST /.well-known/est/tls/simpleenroll HTTP/1.1\r\n"
                               b"Host: a\r\nContent-Length: 4\r\n\r\nAA")
            connection.settimeout(1)
            with self.assertRaises(TimeoutError):
                connection.recv(1)
            self.server.process.send_signal(signal.SIGTERM)
            connection.settimeout(10)
            with self.assertRaises(ConnectionRefusedError):
                for _ in range(100):
                    socket.create_connection(("127.0.0.1", self.server.port), 1).close()
                    time.sleep(0.05)
            connection.sendall(b"AA")
            answer, _ = receive_answer(connection)
            self.assertEqual((answer.status, answer.headers["connection"]), (401, "close"))
        self.assertEqual(self.server.stop(), 0)

    def keeper(self):
        done = run("pgrep", "-P", self.server.process.pid)
        return int(done.stdout)

    def test_ends_when_the_process_with_the_keys_does(self):
        self.server.start()
        os.kill(self.keeper(), signal.SIGKILL)
        self.assertEqual(self.server.process.wait(20), 1)
        self.server.stop()
        self.assertIn("the process with the keys has ended", self.server.error_text())

    def test_leaves_no_process_behind(self):
        self.server.start()
        keeper = self.keeper()
        self.server.stop(signal.SIGKILL)
        for _ in range(50):
            if not pathlib.Path(f"/proc/{keeper}/exe").exists():
                return
            run("sleep", "0.1")
        self.fail("the keeper outlived the server")

    def test_gives_its_manager_signs_of_life_as_often_as_asked(self):
        address = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(address)
            manager.settimeout(20)
            process = subprocess.Popen(
                [program("server-api/dijkwacht-server"), "--data", str(self.server.data), "serve"],
                stdout=subprocess.DEVNULL,
                env={**os.environ, "NOTIFY_SOCKET": address, "WATCHDOG_USEC": "8000000"})
            try:
                said = [manager.recv(100) for _ in range(3)]
                self.assertEqual(said, [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"])
            finally:
                process.terminate()
                self.assertEqual(process.wait(20), 0)

    def test_tells_its_manager_when_it_is_ready(self):
        address = str(self.folder / "notify")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(address)
            manager.settimeout(20)
            process = subprocess.Popen(
                [program("server-api/dijkwacht-server"), "--data", str(self.server.data), "serve"],
                stdout=subprocess.DEVNULL, env={**os.environ, "NOTIFY_SOCKET": address})
            try:
                self.assertEqual(manager.recv(100), b"READY=1")
                answer = https(self.server.port, self.server.root_certificate(), "GET", "/")
                self.assertEqual(answer.status, 404)
                process.terminate()
                self.assertEqual(manager.recv(100), b"STOPPING=1")
            finally:
                process.terminate()
                self.assertEqual(process.wait(20), 0)


if __name__ == "__main__":
    need("openssl", "pgrep")
    unittest.main()
