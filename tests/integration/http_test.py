"""The listeners of the server against clients that are wrong, slow or hostile."""

import contextlib
import re
import socket
import ssl
import threading
import time
import unittest

from support import (Folder, Server, ServerTest, connect, https, make_key, need, own_address,
                     receive_all, receive_answer, run, tls_context)

HOST = b"Host: 127.0.0.1\r\n"
CACERTS = b"GET /.well-known/est/cacerts HTTP/1.1\r\n" + HOST
ENROL = b"POST /.well-known/est/tls/simpleenroll HTTP/1.1\r\n" + HOST

# What is sent, and the status of the one answer before the connection is closed.
MALFORMED = {
    "length and chunks": (ENROL + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
                          b"0\r\n\r\nGET /x HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "chunks": (ENROL + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "two lengths": (ENROL + b"Content-Length: 4\r\nContent-Length: 0\r\n\r\nAAAA", 400),
    "the same length twice": (ENROL + b"Content-Length: 4\r\nContent-Length: 4\r\n\r\nAAAA", 400),
    "negative length": (ENROL + b"Content-Length: -1\r\n\r\n", 400),
    "length with a sign": (ENROL + b"Content-Length: +4\r\n\r\nAAAA", 400),
    "space before the colon": (ENROL + b"Content-Length : 4\r\n\r\nAAAA", 400),
    "no length": (ENROL + b"\r\nAAAA", 411),
    "length above every bound": (ENROL + b"Content-Length: 99999999999999999999\r\n\r\n", 413),
    "body above the bound": (ENROL + b"Content-Length: 16385\r\n\r\n" + b"A" * 16385, 413),
    "lines that end in LF": (b"GET /x HTTP/1.1\nHost: 127.0.0.1\n\n", 400),
    "NUL in a header": (b"GET /x HTTP/1.1\r\nHost: 127\x00.0.0.1\r\n\r\n", 400),
    "no host": (b"GET /x HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET /x HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    "a folded header": (CACERTS + b"A: b\r\n c\r\n\r\n", 400),
    "a head that is too large": (CACERTS + b"A: " + b"a" * 16384 + b"\r\n\r\n", 431),
    "too many headers": (CACERTS + b"A: b\r\n" * 41 + b"\r\n", 431),
    "a line that is too long": (b"GET /" + b"a" * 4096 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "no version": (b"GET /\r\n\r\n", 400),
    "version 1.0": (b"GET / HTTP/1.0\r\n" + HOST + b"\r\n", 505),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 501),
    "another method": (b"DELETE / HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    "a proxy's request": (b"GET http://a/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a way out": (b"GET /../etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "an escaped way out": (b"GET /%2e%2e/etc/passwd HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "expecting": (ENROL + b"Content-Length: 4\r\nExpect: 100-continue\r\n\r\n", 417),
    "upgrading": (CACERTS + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", 400),
    "compressed": (ENROL + b"Content-Length: 4\r\nContent-Encoding: gzip\r\n\r\nAAAA", 415),
    "a body of GET": (CACERTS + b"Content-Length: 4\r\n\r\nAAAA", 400),
    "three at once": ((CACERTS + b"\r\n") * 3, 400),
    "more than the body": (ENROL + b"Content-Length: 4\r\n\r\nAAAAGET / HTTP/1.1\r\n", 400),
}


class Listeners(ServerTest):
    def context(self):
        return tls_context(self.server.root_certificate())

    def ask(self, method, path, **options):
        return https(self.server.port, self.server.root_certificate(), method, path, **options)

    def assert_alive(self):
        self.assertEqual(self.ask("GET", "/.well-known/est/cacerts").status, 200)

    def test_refuses_malformed_requests_once_and_closes(self):
        for name, (request, status) in MALFORMED.items():
            with self.subTest(name), connect(self.server.port, self.context()) as connection:
                connection.sendall(request)
                received = receive_all(connection)
                self.assertEqual(len(re.findall(rb"HTTP/1\.1 \d{3} ", received)), 1, received)
                self.assertTrue(received.startswith(b"HTTP/1.1 %d " % status), received)
                self.assertIn(b"\r\nConnection: close\r\n", received)
        self.assert_alive()

    def test_survives_noise(self):
        for noise in (b"\x00" * 10000, b"\xff" * 10000, b"\r\n" * 5000, b"GET " * 4000, b"\n"):
            with connect(self.server.port, self.context()) as connection:
                try:
                    connection.sendall(noise)
                    connection.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
                receive_all(connection)
        self.assert_alive()

    def test_answers_again_on_the_same_connection(self):
        with connect(self.server.port, self.context()) as connection:
            rest = b""
            for number in range(1, 101):
                connection.sendall(CACERTS + b"\r\n")
                answer, rest = receive_answer(connection, rest)
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.headers["connection"],
                                 "close" if number == 100 else "keep-alive")
            self.assertEqual(receive_all(connection), b"")

    def test_takes_a_request_byte_by_byte(self):
        with connect(self.server.port, self.context()) as connection:
            for byte in CACERTS + b"\r\n":
                connection.sendall(bytes([byte]))
            self.assertEqual(receive_answer(connection)[0].status, 200)

    def test_closes_when_asked(self):
        with connect(self.server.port, self.context()) as connection:
            connection.sendall(CACERTS + b"Connection: close\r\n\r\n")
            answer, _ = receive_answer(connection)
            self.assertEqual(answer.headers["connection"], "close")
            self.assertEqual(receive_all(connection), b"")

    def test_knows_no_other_addresses(self):
        for path in ("/", "/v1", "/v1/snapshots", "/v1/snapshots/", "/v1/snapshots/a/b",
                     "/.well-known/est/cacerts/", "/.well-known/est/other/cacerts", "/v1/fleet"):
            answer = self.ask("GET", path)
            self.assertEqual(answer.status, 404, path)
            self.assertEqual(answer.text, "There is nothing at this address.\n")

    def test_says_which_method_an_address_takes(self):
        answer = self.ask("GET", "/.well-known/est/tls/simpleenroll")
        self.assertEqual((answer.status, answer.headers["allow"]), (405, "POST"))
        answer = self.ask("PUT", "/.well-known/est/cacerts", body=b"")
        self.assertEqual((answer.status, answer.headers["allow"]), (405, "GET"))

    def test_wants_a_certificate_before_it_reads_a_snapshot(self):
        with connect(self.server.port, self.context()) as connection:
            connection.sendall(b"PUT /v1/snapshots/" + b"0" * 64 + b" HTTP/1.1\r\n" + HOST +
                               b"Content-Length: 1000000\r\n\r\n")
            answer, _ = receive_answer(connection)
            self.assertEqual(answer.status, 401)
            self.assertIn("certificate", answer.text)

    def test_its_refusal_arrives_while_a_large_body_is_still_on_its_way(self):
        for _ in range(10):
            with connect(self.server.port, self.context()) as connection:
                connection.sendall(ENROL + b"Content-Length: 500000\r\n\r\n")
                try:
                    for _ in range(50):
                        connection.sendall(b"A" * 10000)
                except OSError:
                    pass
                self.assertEqual(receive_answer(connection)[0].status, 413)

    def test_marks_every_answer(self):
        answer = self.ask("GET", "/nothing")
        self.assertEqual(answer.headers["cache-control"], "no-store")
        self.assertEqual(answer.headers["x-content-type-options"], "nosniff")
        self.assertNotIn("content-security-policy", answer.headers)
        answer = https(self.server.people_port, self.server.root_certificate(), "GET", "/")
        self.assertEqual(answer.headers["cache-control"], "no-store")
        self.assertIn("default-src 'none'", answer.headers["content-security-policy"])
        self.assertIn("frame-ancestors 'none'", answer.headers["content-security-policy"])
        self.assertEqual(answer.headers["referrer-policy"], "no-referrer")
        self.assertEqual(answer.headers["cross-origin-opener-policy"], "same-origin")
        self.assertEqual(answer.headers["strict-transport-security"], "max-age=63072000")

    def test_keeps_its_two_doors_apart(self):
        root = self.server.root_certificate()
        self.assertEqual(https(self.server.people_port, root, "GET",
                               "/.well-known/est/cacerts").status, 404)
        self.assertEqual(https(self.server.people_port, root, "GET", "/v1/fleet").status, 401)
        self.assertEqual(self.ask("GET", "/v1/fleet").status, 404)


class Tls(ServerTest):
    def handshake(self, port=None, **settings):
        context = tls_context(self.server.root_certificate())
        for name, value in settings.items():
            if name == "protocols":
                context.set_alpn_protocols(value)
            else:
                setattr(context, name, value)
        return connect(self.server.port if port is None else port, context)

    def test_speaks_tls_1_3_alone(self):
        with self.handshake() as connection:
            self.assertEqual(connection.version(), "TLSv1.3")
        for port in (self.server.port, self.server.people_port):
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                self.handshake(port, minimum_version=ssl.TLSVersion.TLSv1_2,
                               maximum_version=ssl.TLSVersion.TLSv1_2)

    def test_speaks_http_1_1_alone(self):
        with self.handshake(protocols=["h2", "http/1.1"]) as connection:
            self.assertEqual(connection.selected_alpn_protocol(), "http/1.1")
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            self.handshake(protocols=["h2"])

    def test_offers_no_session_to_resume(self):
        with self.handshake() as connection:
            connection.sendall(CACERTS + b"\r\n")
            receive_answer(connection)
            self.assertFalse(connection.session.has_ticket)

    def test_asks_machines_for_a_certificate_and_people_for_none(self):
        for port, asked in ((self.server.port, True), (self.server.people_port, False)):
            done = run("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-tls1_3",
                       "-CAfile", self.server.root_certificate(), check=False, input="")
            self.assertEqual("No client certificate CA names sent" in done.stdout, not asked)
            self.assertIn("Verify return code: 0 (ok)", done.stdout)

    def test_shows_a_certificate_with_its_names_and_no_other(self):
        with self.handshake() as connection:
            names = connection.getpeercert()["subjectAltName"]
            self.assertEqual(names, (("IP Address", "127.0.0.1"), ("DNS", "localhost"),
                                 ("IP Address", "0:0:0:0:0:0:0:1")))
            self.assertEqual(connection.getpeercert()["subject"], ())

    def test_ends_the_handshake_with_a_certificate_of_another_root(self):
        key = make_key(self.folder / "stranger.key")
        certificate = self.folder / "stranger.pem"
        run("openssl", "req", "-x509", "-key", key, "-subj",
            "/O=abcdefghij234567/CN=3f0c8a52-7d1e-4b9a-8c65-0e2f4a6b8d10", "-days", "1",
            "-out", certificate)
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            https(self.server.port, self.server.root_certificate(), "GET",
                  "/.well-known/est/cacerts", certificate=certificate, key=key)

    def test_hides_the_length_of_an_answer_in_its_padding(self):
        with socket.create_connection(("127.0.0.1", self.server.port), 10) as plain:
            incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
            session = tls_context(self.server.root_certificate()).wrap_bio(
                incoming, outgoing, server_hostname="127.0.0.1")
            self.drive(plain, incoming, outgoing, session.do_handshake)
            session.write(b"GET /nothing HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
            plain.sendall(outgoing.read())
            record = plain.recv(5, socket.MSG_WAITALL)
            length = int.from_bytes(record[3:5], "big")
            self.assertEqual(length - 17 + 1, 512)  # without the tag, with the type's byte

    def drive(self, plain, incoming, outgoing, step):
        while True:
            try:
                step()
                plain.sendall(outgoing.read())
                return
            except ssl.SSLWantReadError:
                plain.sendall(outgoing.read())
                incoming.write(plain.recv(65536))

    def test_drops_what_is_no_tls(self):
        for noise in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"a" * 1000, b"\x00"):
            with socket.create_connection(("127.0.0.1", self.server.port), 10) as plain:
                try:
                    plain.sendall(noise)
                    plain.shutdown(socket.SHUT_WR)
                except OSError:
                    pass  # it was closed already
                receive_all(plain)
        with self.handshake() as connection:
            connection.sendall(CACERTS + b"\r\n")
            self.assertEqual(receive_answer(connection)[0].status, 200)


class Elsewhere(unittest.TestCase):
    """As seen from another machine: over an address that is not loopback."""

    @classmethod
    def setUpClass(cls):
        cls.address = own_address()
        if cls.address is None:
            raise unittest.SkipTest("this machine has loopback alone")
        folder = Folder()
        cls.addClassCleanup(folder.cleanup)
        cls.server = Server(folder.path)
        cls.server.init("--listen", f"{cls.address}:0", "--people", f"{cls.address}:0")
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    def connect(self, port):
        return connect(port, tls_context(self.server.root_certificate()), address=self.address)

    def test_the_administrator_is_nowhere_but_on_the_machine_itself(self):
        with self.connect(self.server.people_port) as connection:
            token = self.server.admin_token().encode()
            connection.sendall(b"GET /v1/fleet HTTP/1.1\r\n" + HOST +
                               b"Authorization: Bearer " + token + b"\r\n\r\n")
            self.assertEqual(receive_answer(connection)[0].status, 404)

    def test_one_source_has_a_limited_number_of_connections(self):
        with contextlib.ExitStack() as open_connections:
            for _ in range(32):
                open_connections.enter_context(self.connect(self.server.port))
            with self.assertRaises(OSError):
                self.connect(self.server.port)
        for _ in range(50):  # until the server has seen that they are closed
            try:
                self.connect(self.server.port).close()
                return
            except OSError:
                time.sleep(0.1)
        self.fail("the places were not given back")


class SlowClients(ServerTest):
    """All at once: the whole takes as long as the longest."""

    def until_closed(self, connection, trickle=b"", pause=0.5):
        """Seconds until the other end closes, while bytes trickle in."""
        started = time.monotonic()
        connection.settimeout(pause)
        while time.monotonic() - started < 40:
            try:
                if trickle:
                    connection.sendall(trickle[:1])
                    trickle = trickle[1:] or b"a"
                if not connection.recv(65536):
                    break
            except (TimeoutError, ssl.SSLWantReadError):
                continue
            except OSError:
                break
        connection.close()
        return time.monotonic() - started

    def no_handshake(self):
        return self.until_closed(socket.create_connection(("127.0.0.1", self.server.port), 10))

    def open_tls(self):
        return connect(self.server.port, tls_context(self.server.root_certificate()))

    def silent(self):
        return self.until_closed(self.open_tls())

    def slow_head(self):
        return self.until_closed(self.open_tls(), trickle=CACERTS)

    def idle_after_an_answer(self):
        connection = self.open_tls()
        connection.sendall(CACERTS + b"\r\n")
        receive_answer(connection)
        return self.until_closed(connection)

    def test_each_phase_has_an_end_that_no_trickle_moves(self):
        expected = {self.no_handshake: 10, self.silent: 10, self.slow_head: 10,
                    self.idle_after_an_answer: 15}
        found = {}
        threads = [threading.Thread(target=lambda way=way: found.update({way: way()}))
                   for way in expected]
        for thread in threads:
            thread.start()
        answered = https(self.server.port, self.server.root_certificate(), "GET",
                         "/.well-known/est/cacerts")
        self.assertEqual(answered.status, 200)
        for thread in threads:
            thread.join()
        for way, seconds in expected.items():
            with self.subTest(way.__name__):
                self.assertGreater(found[way], seconds - 1.5)
                self.assertLess(found[way], seconds + 4)


if __name__ == "__main__":
    need("openssl")
    unittest.main()
