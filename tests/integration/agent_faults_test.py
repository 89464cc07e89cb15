"""What the agent survives: being killed at any time, and a server that turned hostile."""

import http.server
import random
import ssl
import subprocess
import threading
import time
import unittest

from machine import Machine, kill_after
from support import Folder, ServerTest, need, run

KILLS = 20  # agent_kill_points_test.py kills at each point


class Faults(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.add_organisation()

    def setUp(self):
        temporary = Folder()
        self.addCleanup(temporary.cleanup)
        self.machine = Machine(temporary.path)

    def duration(self, command, **options):
        start = time.monotonic()
        run(*command, check=False, **options)
        return time.monotonic() - start


class Killed(Faults):
    def test_a_number_is_never_used_for_two_snapshots(self):
        """Each run is killed at a random point; what was once written under a name stays."""
        self.machine.enrol(self.server.join_code(label="killed"))
        key = self.machine.only("collect/signing-*.key").read_bytes()
        collect = self.machine.command(["collect"])
        whole = self.duration(collect)
        seen = {}
        for i in range(KILLS):
            self.machine.change(20 + i)
            kill_after(collect, random.uniform(0, whole))
            for file in [*self.machine.outbox(), *self.sent_files()]:
                content = file.read_bytes()
                self.assertEqual(seen.setdefault(file.name, content), content)
            self.assertEqual(self.machine.only("collect/signing-*.key").read_bytes(), key)
        self.machine.check_in()
        self.assertEqual(self.machine.outbox(), [])
        self.assertEqual(self.machine.delivery()["refused"], 0)
        self.assertEqual(set(self.machine.sent()) - set(seen), {self.machine.delivery()["made"]})
        self.assertEqual(self.machine.last()["seq"], self.machine.chain()["seq"])
        self.assertEqual(list(self.machine.state.glob("*/.new-*")), [])

    def sent_files(self):
        return (self.machine.state / "public" / "sent").glob("*/[!.]*")

    def test_a_check_in_that_is_killed_loses_nothing(self):
        self.machine.enrol(self.server.join_code(label="killed-too"))
        check_in = self.machine.command(["check-in"])
        whole = self.duration(check_in)
        for i in range(KILLS // 2):
            self.machine.change(20 + i)
            kill_after(check_in, random.uniform(0, whole))
        self.machine.check_in()
        self.machine.check_in()
        self.assertEqual(self.machine.outbox(), [])
        self.assertEqual(self.machine.delivery()["refused"], 0)
        self.assertFalse(self.machine.last()["sections"])
        self.assertIsNotNone(self.machine.last()["base"])

    def test_joining_again_with_the_same_code_finishes_it(self):
        whole = None
        for i in range(KILLS // 2):
            with Folder() as folder:
                machine = Machine(folder)
                code = self.server.join_code(label=f"joining-{i}")
                command = [str(part) for part in machine.command(["enrol"])]
                if whole is None:
                    whole = self.duration(command, input=code)
                    continue
                self.kill_with_input(command, code, random.uniform(0, whole))
                machine.enrol(code)
                machine.check_in()
                machine.only("collect/signing-*.key")
                machine.only("tls/tls-*.key")

    def test_joining_again_with_the_same_code_tidies_what_was_before(self):
        self.machine.enrol(self.server.join_code(label="before"))
        self.machine.dijkwacht("collect")
        before = [*self.machine.state.glob("*/*.key"), *self.machine.outbox()]
        kept = {file: file.read_bytes() for file in before}
        code = self.server.join_code(label="after")
        self.machine.enrol(code, "--again")
        self.machine.dijkwacht("collect")
        waiting = self.machine.outbox()
        for file, content in kept.items():  # as if it had been killed before it tidied
            file.write_bytes(content)
        self.machine.enrol(code)
        self.assertEqual([file for file in before if file.exists()], [])
        self.assertEqual(self.machine.outbox(), waiting)
        self.machine.check_in()
        self.assertEqual(self.machine.delivery()["refused"], 0)

    def kill_with_input(self, command, text, seconds):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL, text=True, start_new_session=True)
        try:
            process.communicate(text, timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Hostile(http.server.BaseHTTPRequestHandler):
    """Answers whatever the test says."""

    protocol_version = "HTTP/1.1"
    answer = None

    def do_PUT(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        self.answer(self)

    def log_message(self, *_):
        pass

    def reply(self, status, body=b"", headers=()):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def endless(handler):
    handler.close_connection = True
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(bytes(65536))
    except OSError:
        pass


def endless_headers(handler):
    handler.close_connection = True
    handler.send_response(200)
    handler.flush_headers()
    try:
        while True:
            handler.wfile.write(b"X-More: and more\r\n" * 1000)
    except OSError:
        pass


def cut_body(handler):
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(b"YQ.")
    handler.close_connection = True


def hang_up(handler):
    handler.close_connection = True


ANSWERS = {
    "nothing": lambda handler: handler.reply(200),
    "a page": lambda handler: handler.reply(200, b"<html>welcome to the hotel</html>"),
    "a redirect": lambda handler: handler.reply(307, headers=[("Location", "https://example.org/")]),
    "success of another kind": lambda handler: handler.reply(204),
    "something like a receipt": lambda handler: handler.reply(200, b"YQ.YQ." + b"A" * 86),
    "a cut body": cut_body,
    "an endless body": endless,
    "endless headers": endless_headers,
    "gone": lambda handler: handler.reply(410),
    "not this": lambda handler: handler.reply(400, b"no"),
    "closed": hang_up,
}


class HostileServer(Faults):
    """A server with the certificate that the machine trusts; only the receipt key is not its."""

    def serve(self, answer):
        handler = type("Handler", (Hostile,), {"answer": staticmethod(answer)})
        server = http.server.HTTPServer(("127.0.0.1", 0), handler)
        server.handle_error = lambda *_: None  # the agent hangs up on these, as it should
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_port

    def setUp(self):
        super().setUp()
        self.key = self.machine.folder / "tls.key"
        self.certificate = self.machine.folder / "tls.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
            "-nodes", "-keyout", self.key, "-out", self.certificate, "-subj", "/CN=root", "-days",
            "30", "-addext", "subjectAltName=IP:127.0.0.1")
        self.machine.enrol(self.server.join_code(label="victim"))
        self.machine.check_in()
        self.machine.change(13)
        self.machine.dijkwacht("collect")
        self.enrolment = self.machine.state / "etc" / "enrolment.json"
        self.trust = self.machine.state / "etc" / "trust.pem"
        self.kept = self.enrolment.read_text(), self.trust.read_text()

    def point_at(self, port, trust=True):
        self.enrolment.write_text(self.kept[0].replace(f":{self.server.port}", f":{port}"))
        self.trust.write_text(self.certificate.read_text() if trust else self.kept[1])

    def point_back(self):
        self.enrolment.write_text(self.kept[0])
        self.trust.write_text(self.kept[1])

    def test_no_answer_makes_the_machine_forget_anything(self):
        before = (self.machine.state / "collect" / "state.json").read_bytes()
        for name, answer in ANSWERS.items():
            with self.subTest(name):
                self.point_at(self.serve(answer))
                done = self.machine.upload()
                self.assertIn(done.returncode, (0, 1))
                self.assertLessEqual(done.stderr.count("\n"), 2)
                self.point_back()
                self.machine.dijkwacht("collect", "--receipts")
                self.assertEqual(len(self.machine.outbox()), 1)
                self.assertEqual((self.machine.state / "collect" / "state.json").read_bytes(),
                                 before)
        self.machine.check_in()
        self.assertEqual(self.machine.outbox(), [])

    def test_a_busy_server_is_left_alone_as_long_as_it_asks(self):
        asked = []

        def busy(handler):
            asked.append(True)
            handler.reply(503, headers=[("Retry-After", "600")])

        self.point_at(self.serve(busy))
        self.assertEqual(self.machine.upload().returncode, 1)
        done = self.machine.upload()
        self.assertIn("the server asked to wait until", done.stderr)
        self.assertEqual(len(asked), 1)

    def test_someone_else_at_the_servers_address_gets_nothing(self):
        asked = []
        self.point_at(self.serve(lambda handler: asked.append(True)), trust=False)
        done = self.machine.upload()
        self.assertEqual(done.returncode, 1)
        self.assertIn("is not the server this machine trusts", done.stderr)
        self.assertEqual(asked, [])
        self.assertEqual(len(self.machine.outbox()), 1)

    def test_all_that_waits_goes_over_one_connection(self):
        connections = []

        def note(handler):
            connections.append(handler.client_address)
            handler.reply(400, b"no")

        self.machine.change(14)
        self.machine.dijkwacht("collect")
        self.point_at(self.serve(note))
        self.machine.upload()
        self.assertEqual(len(connections), 2)
        self.assertEqual(len(set(connections)), 1)


if __name__ == "__main__":
    need("openssl")
    unittest.main()
