"""Snapshots and receipts verify with programs that are not ours, as docs/snapshot-format.md says.

Uses Debian's jose, zstd and openssl, and nothing of ours but the program that makes the files.
"""

import base64
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

MAKE_SNAPSHOT = sys.argv.pop(1)


def run(*command, data=None):
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jwk_of(certificate):
    """The public key of a PEM certificate: the last 64 bytes of its DER are x and y."""
    public = run("openssl", "x509", "-noout", "-pubkey", data=certificate)
    point = run("openssl", "pkey", "-pubin", "-outform", "DER", data=public)[-64:]
    return json.dumps({"kty": "EC", "crv": "P-256", "alg": "ES256",
                       "x": base64url(point[:32]), "y": base64url(point[32:])})


def exact_member(text, name):
    """The exact text of a member's value, wherever it first comes in the JSON text."""
    start = text.index(f'"{name}":') + len(name) + 3
    _, end = json.JSONDecoder().raw_decode(text, start)
    return text[start:end]


def section_digest(payload, section):
    own = exact_member(payload, section)
    text = exact_member(own, "facts") + "\n" + exact_member(own, "unknown")
    return hashlib.sha256(text.encode()).hexdigest()


def state_digest(sections):
    text = "".join(f"{name} {digest}\n" for name, digest in sorted(sections.items()))
    return hashlib.sha256(text.encode()).hexdigest()


class OtherPrograms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        run(MAKE_SNAPSHOT, str(cls.folder))

    def bytes_of(self, name):
        return (self.folder / name).read_bytes()

    def jose_verify(self, jws, certificate):
        """The payload, or None when jose refuses."""
        key, payload = self.folder / "key.jwk", self.folder / "payload"
        key.write_text(jwk_of(certificate))
        payload.unlink(missing_ok=True)
        done = subprocess.run(["jose", "jws", "ver", "-i", "-", "-k", key, "-O", payload],
                              input=jws, capture_output=True, check=False)
        return payload.read_bytes() if done.returncode == 0 else None

    def test_jose_verifies_a_snapshot_and_zstd_opens_it(self):
        for name in ("first", "second"):
            frame = self.jose_verify(self.bytes_of(f"{name}.jws"), self.bytes_of("signing.pem"))
            self.assertIsNotNone(frame)
            self.assertEqual(run("zstd", "-dc", data=frame), self.bytes_of(f"{name}.json"))

    def test_jose_refuses_a_changed_snapshot(self):
        snapshot = bytearray(self.bytes_of("first.jws"))
        middle = snapshot.index(b".") + 20
        snapshot[middle] = ord("A") if snapshot[middle] != ord("A") else ord("B")
        self.assertIsNone(self.jose_verify(bytes(snapshot), self.bytes_of("signing.pem")))

    def test_jose_refuses_another_key(self):
        self.assertIsNone(self.jose_verify(self.bytes_of("first.jws"), self.bytes_of("root.pem")))

    def test_the_header_names_the_certificate(self):
        header = from_base64url(self.bytes_of("first.jws").split(b".")[0].decode())
        der = run("openssl", "x509", "-outform", "DER", data=self.bytes_of("signing.pem"))
        machine = json.loads(self.bytes_of("first.json"))["machine"]
        self.assertEqual(header.decode(), '{"alg":"ES256","typ":"dijkwacht-snapshot+jws",'
                         f'"cty":"application/zstd","kid":"{machine}",'
                         f'"x5t#S256":"{base64url(hashlib.sha256(der).digest())}"}}')

    def test_the_chain_and_the_states_follow_from_the_files_alone(self):
        first, second = (self.bytes_of(f"{name}.json").decode() for name in ("first", "second"))
        self.assertEqual(json.loads(second)["prev"],
                         hashlib.sha256(self.bytes_of("first.jws")).hexdigest())

        sections = {name: section_digest(first, name) for name in json.loads(first)["sections"]}
        self.assertEqual(sorted(sections), ["disk", "firewall"])
        self.assertEqual(json.loads(first)["state"], state_digest(sections))
        self.assertEqual(json.loads(second)["base"], state_digest(sections))
        self.assertEqual(list(json.loads(second)["sections"]), ["firewall"])
        sections["firewall"] = section_digest(second, "firewall")
        self.assertEqual(json.loads(second)["state"], state_digest(sections))

    def test_jose_and_openssl_verify_a_receipt(self):
        receipt = self.bytes_of("receipt.jws")
        header = json.loads(from_base64url(receipt.split(b".")[0].decode()))
        leaf, intermediate = (run("openssl", "x509", "-inform", "DER", data=base64.b64decode(der))
                              for der in header["x5c"])
        self.assertEqual(intermediate, self.bytes_of("intermediate.pem"))
        (self.folder / "receipt.pem").write_bytes(leaf)
        run("openssl", "verify", "-x509_strict", "-no-CApath", "-no-CAstore", "-no_check_time",
            "-CAfile", self.folder / "root.pem", "-untrusted", self.folder / "intermediate.pem",
            self.folder / "receipt.pem")
        self.assertEqual(self.jose_verify(receipt, leaf), self.bytes_of("receipt.json"))
        self.assertEqual(json.loads(self.bytes_of("receipt.json"))["snapshot"],
                         hashlib.sha256(self.bytes_of("first.jws")).hexdigest())
        self.assertIn(b"2.25.269830318414036420553407066937412384711",
                      run("openssl", "x509", "-noout", "-ext", "extendedKeyUsage", data=leaf))


if __name__ == "__main__":
    missing = [tool for tool in ("jose", "zstd", "openssl") if shutil.which(tool) is None]
    if missing:
        print("skipped: not installed:", *missing)
        sys.exit(77)
    unittest.main()
