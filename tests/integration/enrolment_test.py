"""Enrolment with a client that is not ours: Python's TLS and the openssl command (RFC 7030)."""

import base64
import hashlib
import unittest

from support import (ServerTest, https, make_key, make_request, need, read_join_code, run,
                     tls_context, connect, receive_answer)

CLIENT_AUTH = "TLS Web Client Authentication"
SIGNING = "1.3.6.1.5.5.7.3.36"


class Enrolment(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.add_organisation("Example")
        cls.root = cls.server.root_certificate()
        cls.intermediate = cls.server.data / "keys" / "intermediate.pem"

    def new_code(self):
        return read_join_code(self.server.join_code("Example", "laptop"))

    def enrol(self, code, label, request, content_type="application/pkcs10", **changes):
        pair = f"{changes.get('id', code['id'])}:{changes.get('secret', code['secret'])}"
        headers = {"Content-Type": content_type,
                   "Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        return https(self.server.port, self.root, "POST",
                     f"/.well-known/est/{label}/simpleenroll", body=request, headers=headers)

    def certificates(self, answer):
        """The PEM certificates of an answer, by openssl."""
        self.assertEqual(answer.status, 200, answer.text)
        self.assertEqual(answer.headers["content-transfer-encoding"], "base64")
        self.assertTrue(answer.headers["content-type"].startswith("application/pkcs7-mime"))
        pem = "-----BEGIN PKCS7-----\n" + answer.text + "-----END PKCS7-----\n"
        text = run("openssl", "pkcs7", "-print_certs", input=pem).stdout
        ends = text.split("-----END CERTIFICATE-----")[:-1]
        return [end[end.index("-----BEGIN"):] + "-----END CERTIFICATE-----\n" for end in ends]

    def enrolled(self, name, label="tls", code=None):
        """A key, its certificate's file and the leaf's text, enrolled with a fresh code."""
        key = make_key(self.folder / f"{name}.key")
        answer = self.enrol(code or self.new_code(), label, make_request(key))
        leaf, intermediate = self.certificates(answer)
        certificate = self.folder / f"{name}.pem"
        certificate.write_text(leaf + intermediate)
        return key, certificate, leaf

    def describe(self, leaf):
        return run("openssl", "x509", "-noout", "-text", input=leaf).stdout

    def assert_unauthorized(self, answer):
        self.assertEqual(answer.status, 401)
        self.assertEqual(answer.headers["www-authenticate"], 'Basic realm="est"')
        self.assertEqual(answer.text, "The join code is not valid, or was used already, or is too "
                                      "old. Ask for a new one.\n")

    def test_gives_its_certificates_to_everyone_at_every_label(self):
        for path in ("", "tls/", "signing/"):
            answer = https(self.server.port, self.root, "GET", f"/.well-known/est/{path}cacerts")
            found = self.certificates(answer)
            expected = [self.root.read_text(), self.intermediate.read_text()]
            self.assertEqual([pem.strip() for pem in found], [pem.strip() for pem in expected])

    def test_the_join_code_pins_the_root(self):
        spki = run("openssl", "x509", "-in", self.root, "-noout", "-pubkey").stdout
        der = base64.b64decode("".join(spki.strip().split("\n")[1:-1]))
        self.assertEqual(self.new_code()["pin"], hashlib.sha256(der).hexdigest())

    def test_one_code_enrols_the_two_keys_of_one_machine(self):
        code = self.new_code()
        _, tls, tls_leaf = self.enrolled("both-tls", "tls", code)
        _, signing, signing_leaf = self.enrolled("both-signing", "signing", code)
        for certificate in (tls, signing):
            run("openssl", "verify", "-x509_strict", "-purpose", "any", "-CAfile", self.root,
                "-untrusted", self.intermediate, certificate)
        tls_text, signing_text = self.describe(tls_leaf), self.describe(signing_leaf)
        self.assertIn(CLIENT_AUTH, tls_text)
        self.assertNotIn(SIGNING, tls_text)
        self.assertNotIn(CLIENT_AUTH, signing_text)
        subjects = [run("openssl", "x509", "-noout", "-subject", input=leaf).stdout
                    for leaf in (tls_leaf, signing_leaf)]
        self.assertEqual(subjects[0], subjects[1])

    def test_a_certificate_carries_what_the_server_says_not_the_request(self):
        key = make_key(self.folder / "vain.key")
        request = make_request(key, subject="/O=Somebody/CN=server.example", extra=(
            "-addext", "subjectAltName=DNS:server.example", "-addext",
            "basicConstraints=critical,CA:TRUE", "-addext", "extendedKeyUsage=serverAuth"))
        leaf, _ = self.certificates(self.enrol(self.new_code(), "tls", request))
        text = self.describe(leaf)
        self.assertNotIn("server.example", text)
        self.assertNotIn("Somebody", text)
        self.assertIn("CA:FALSE", text)
        self.assertIn(f"{CLIENT_AUTH}\n", text)
        self.assertRegex(text, r"Subject: O = [a-z2-7]{16}, CN = [0-9a-f-]{36}\n")
        self.assertRegex(text, r"URI:urn:uuid:[0-9a-f-]{36}\n")

    def test_names_no_organisation_in_what_it_sends(self):
        answer = https(self.server.port, self.root, "GET", "/.well-known/est/cacerts")
        self.assertNotIn(b"Example", base64.b64decode(answer.body))

    def test_answers_the_same_certificate_when_an_answer_was_lost(self):
        code, key = self.new_code(), make_key(self.folder / "again.key")
        first = self.enrol(code, "tls", make_request(key))
        second = self.enrol(code, "tls", make_request(key))
        self.assertEqual(self.certificates(first), self.certificates(second))

    def test_a_code_is_spent_by_another_key(self):
        code = self.new_code()
        self.enrolled("spent", "tls", code)
        other = make_key(self.folder / "other.key")
        self.assert_unauthorized(self.enrol(code, "tls", make_request(other)))

    def test_says_the_same_to_every_wrong_credential(self):
        code, request = self.new_code(), make_request(make_key(self.folder / "wrong.key"))
        unknown = code["id"][:-1] + ("a" if code["id"][-1] != "a" else "b")
        self.assert_unauthorized(self.enrol(code, "tls", request, secret="A" * 22))
        self.assert_unauthorized(self.enrol(code, "tls", request, id=unknown))
        self.assert_unauthorized(self.enrol(code, "tls", request, id="a"))
        for header in (None, "Basic", "Basic AAAA", "Bearer abc", "Basic ???"):
            headers = {"Content-Type": "application/pkcs10"}
            if header is not None:
                headers["Authorization"] = header
            self.assert_unauthorized(https(self.server.port, self.root, "POST",
                                           "/.well-known/est/tls/simpleenroll", body=request,
                                           headers=headers))
        self.certificates(self.enrol(code, "tls", request))  # nothing was spent by that

    def test_refuses_requests_that_break_a_rule(self):
        code, key = self.new_code(), make_key(self.folder / "rules.key")
        good = make_request(key)
        for name, request, words in (
                ("another curve", make_request(make_key(self.folder / "p384.key", "P-384")),
                 "P-256"),
                ("no base64", b"*" * 100, "base64"),
                ("a frame of PEM", b"-----BEGIN CERTIFICATE REQUEST-----", "base64"),
                ("no request", base64.b64encode(b"\x30\x00"), "PKCS#10"),
                ("two requests", base64.b64encode(base64.b64decode(good) * 2), "PKCS#10"),
                ("nothing", b"", "base64"),
                ("another digest", make_request(key, extra=("-sha384",)), "SHA-256"),
                ("too large", b"A" * 8192, "larger")):
            with self.subTest(name):
                answer = self.enrol(code, "tls", request)
                self.assertEqual(answer.status, 400, answer.text)
                self.assertIn(words, answer.text)
                self.assertEqual(answer.text.count("\n"), 1)
        self.assertEqual(self.enrol(code, "tls", good, content_type="text/plain").status, 415)
        self.certificates(self.enrol(code, "tls", good))  # nothing was spent by that

    def test_refuses_a_key_that_another_machine_has(self):
        key = make_key(self.folder / "cloned.key")
        self.certificates(self.enrol(self.new_code(), "tls", make_request(key)))
        self.assertEqual(self.enrol(self.new_code(), "tls", make_request(key)).status, 409)

    def snapshot_status(self, certificate, key):
        """How an upload is answered that is no snapshot."""
        body = b"x"
        answer = https(self.server.port, self.root, "PUT",
                       "/v1/snapshots/" + hashlib.sha256(body).hexdigest(), body=body,
                       certificate=certificate, key=key)
        return answer.status, answer.text

    def test_the_new_certificate_opens_the_door_for_snapshots(self):
        code = self.new_code()
        key, certificate, _ = self.enrolled("door", "tls", code)
        self.enrolled("door-signing", "signing", code)
        status, text = self.snapshot_status(certificate, key)
        self.assertEqual(status, 400)
        self.assertEqual(text.count("."), 2, text)  # a signed refusal

    def test_a_leaf_without_its_intermediate_is_enough(self):
        code = self.new_code()
        key, _, leaf = self.enrolled("alone", "tls", code)
        self.enrolled("alone-signing", "signing", code)
        certificate = self.folder / "leaf-alone.pem"
        certificate.write_text(leaf)
        self.assertEqual(self.snapshot_status(certificate, key)[0], 400)

    def test_a_signing_certificate_does_not_open_it(self):
        key, certificate, _ = self.enrolled("sign", "signing")
        with self.assertRaises(OSError):
            self.snapshot_status(certificate, key)

    def test_the_leaf_alone_says_who_it_is(self):
        """Another machine's certificate in the chain changes nothing."""
        code = self.new_code()
        key, certificate, leaf = self.enrolled("stuffed", "tls", code)
        self.enrolled("stuffed-signing", "signing", code)
        _, _, other = self.enrolled("stuffing", "tls")
        stuffed = self.folder / "stuffed-chain.pem"
        stuffed.write_text(leaf + other + self.intermediate.read_text())
        self.assertEqual(self.snapshot_status(stuffed, key)[0], 400)
        stuffed.write_text(other + leaf + self.intermediate.read_text())
        with self.assertRaises(OSError):
            self.snapshot_status(stuffed, key)  # the key is not of the first

    def issue_by_hand(self, name, usage, days):
        """A machine's certificate that the server would not issue, by the intermediate's key."""
        key, request = make_key(self.folder / f"{name}.key"), self.folder / f"{name}.csr"
        run("openssl", "req", "-new", "-key", key, "-out", request, "-subj",
            "/O=abcdefghij234567/CN=3f0c8a52-7d1e-4b9a-8c65-0e2f4a6b8d10")
        extensions = self.folder / f"{name}.cnf"
        extensions.write_text("basicConstraints=critical,CA:FALSE\n"
                              "keyUsage=critical,digitalSignature\n"
                              f"extendedKeyUsage={usage}\n")
        certificate = self.folder / f"{name}.pem"
        run("openssl", "x509", "-req", "-in", request, "-CA", self.intermediate, "-CAkey",
            self.intermediate.with_suffix(".key"), "-days", days, "-extfile", extensions,
            "-out", certificate)
        return certificate, key

    def test_an_expired_certificate_is_no_identity_and_says_so(self):
        certificate, key = self.issue_by_hand("expired", "clientAuth", -1)
        status, text = self.snapshot_status(certificate, key)
        self.assertEqual(status, 401)
        self.assertIn("valid certificate", text)
        answer = https(self.server.port, self.root, "GET", "/.well-known/est/cacerts",
                       certificate=certificate, key=key)
        self.assertEqual(answer.status, 200)

    def test_certificates_for_other_uses_do_not_open_it(self):
        for name, usage in (("server", "serverAuth"), ("code", "codeSigning")):
            certificate, key = self.issue_by_hand(name, usage, 1)
            with self.subTest(usage), self.assertRaises(OSError):
                self.snapshot_status(certificate, key)
        certificate, key = self.issue_by_hand("both", "clientAuth,serverAuth", 1)
        self.assertEqual(self.snapshot_status(certificate, key)[0], 401)

    def test_a_key_that_no_machine_was_enrolled_with_is_refused(self):
        certificate, key = self.issue_by_hand("unknown", "clientAuth", 1)
        self.assertEqual(self.snapshot_status(certificate, key)[0], 403)

    def test_a_revoked_machine_gets_a_signed_refusal(self):
        code = self.new_code()
        key, certificate, leaf = self.enrolled("revoked", "tls", code)
        self.enrolled("revoked-signing", "signing", code)
        machine = run("openssl", "x509", "-noout", "-subject", "-nameopt", "multiline",
                      input=leaf).stdout.split("= ")[-1].strip()
        self.server.command("revoke", machine, "--yes")
        status, text = self.snapshot_status(certificate, key)
        self.assertEqual(status, 403)
        payload = text.split(".")[1]
        self.assertIn(b"revoked", base64.urlsafe_b64decode(payload + "=="))

    def leaves_of_requests_at_once(self, codes, requests):
        context = tls_context(self.root)
        connections = [connect(self.server.port, context) for _ in codes]
        for connection, code, request in zip(connections, codes, requests):
            pair = base64.b64encode(f"{code['id']}:{code['secret']}".encode()).decode()
            connection.sendall(
                (f"POST /.well-known/est/tls/simpleenroll HTTP/1.1\r\nHost: a\r\n"
                 f"Content-Type: application/pkcs10\r\nAuthorization: Basic {pair}\r\n"
                 f"Content-Length: {len(request)}\r\n\r\n").encode() + request)
        leaves = set()
        for connection in connections:
            answer, _ = receive_answer(connection)
            leaves.add(self.certificates(answer)[0])
            connection.close()
        return leaves

    def test_many_machines_enrol_at_once(self):
        codes = [self.new_code() for _ in range(8)]
        requests = [make_request(make_key(self.folder / f"many-{number}.key"))
                    for number in range(8)]
        self.assertEqual(len(self.leaves_of_requests_at_once(codes, requests)), 8)

    def test_one_request_sent_many_times_at_once_gets_one_certificate(self):
        request = make_request(make_key(self.folder / "again.key"))
        self.assertEqual(len(self.leaves_of_requests_at_once([self.new_code()] * 8,
                                                             [request] * 8)), 1)


if __name__ == "__main__":
    need("openssl")
    unittest.main()
