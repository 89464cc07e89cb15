"""What the integration tests share: the real programs as processes, in folders that go away.

The environment variable DIJKWACHT_BUILD names the folder that the programs were built in.
"""

import base64
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest

SKIPPED = 77
LISTENING = re.compile(r"listening on https://(\S+):(\d+) \(agents\) "
                       r"and https://(\S+):(\d+) \(people\)")


def program(path):
    """A program of the build, named like "server-api/dijkwacht-server"."""
    build = os.environ.get("DIJKWACHT_BUILD")
    if build is None:
        sys.exit("DIJKWACHT_BUILD must name the folder that the programs were built in")
    return str(pathlib.Path(build) / path)


def run(*command, check=True, timeout=60, **options):
    """Runs a command to its end. Its output is text; a failure that is not expected shows it."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True,
                          timeout=timeout, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{command[0]} ended with {done.returncode}:\n"
                             f"{done.stdout}{done.stderr}")
    return done


def need(*commands):
    """Skips the whole program when a command is not installed."""
    for command in commands:
        if shutil.which(command) is None:
            print(f"skipped: {command} is not installed")
            sys.exit(SKIPPED)


def own_address():
    """An address of this machine that is not loopback, or None. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address = probe.getsockname()[0]
        return None if address.startswith("127.") else address


def free_port():
    """A port of loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Folder(tempfile.TemporaryDirectory):
    """A new folder with a path, for `with` and for addCleanup(folder.cleanup)."""

    def __init__(self):
        super().__init__(prefix="dijkwacht-test-")
        self.path = pathlib.Path(self.name)

    def __enter__(self):
        return self.path


class Server:
    """A collection server of its own: made by init, then started and stopped at will."""

    def __init__(self, folder, port=None):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "server"
        self.root_key = self.folder / "root.key"
        self.port = free_port() if port is None else port
        self.url = f"https://127.0.0.1:{self.port}"
        self.people_port = None
        self.process = None
        self.collector = None
        self.errors = []

    def command(self, *arguments, **options):
        """One of the program's commands, to its end."""
        return run(program("server-api/dijkwacht-server"), "--data", self.data, *arguments,
                   **options)

    def init(self, *arguments, **options):
        defaults = {"--url": self.url, "--listen": f"127.0.0.1:{self.port}",
                    "--people": "127.0.0.1:0", "--name": "localhost",
                    "--root-key": self.root_key}
        given = [part for name, value in defaults.items() if name not in arguments
                 for part in (name, value)]
        return self.command("init", *given, *arguments, **options)

    def start(self, under=(), **options):
        """Starts it, by another program where one is given, and waits until it listens."""
        self.process = subprocess.Popen(
            [*under, program("server-api/dijkwacht-server"), "--data", str(self.data), "serve"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
        self.errors = []
        self.collector = threading.Thread(target=self._collect_errors, args=(self.process.stderr,),
                                          daemon=True)
        self.collector.start()
        line = self.process.stdout.readline()
        found = LISTENING.match(line)
        if found is None:
            self.stop()
            raise AssertionError(f"the server did not start: {line}{self.error_text()}")
        self.port = int(found.group(2))
        self.people_port = int(found.group(4))
        return self

    def _collect_errors(self, stream):
        with stream:
            self.errors.extend(stream)

    def error_text(self):
        return "".join(self.errors)

    def stop(self, how=signal.SIGTERM, timeout=20):
        """Ends it and answers its exit code; nothing happens when it does not run."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(timeout)
        self.collector.join(timeout)
        self.process.stdout.close()
        self.process = None
        return code

    def root_certificate(self):
        return self.data / "keys" / "root.pem"

    def admin_token(self):
        return (self.data / "admin-token").read_text().strip()

    def add_organisation(self, name="Example"):
        return self.command("organisation", "add", name)

    def join_code(self, organisation="Example", label="laptop"):
        """A fresh join code, as a person would paste it."""
        return self.command("join-code", organisation, "--label", label).stdout.strip()

    def query(self, statement):
        """All rows that a statement finds in its database."""
        uri = f"{(self.data / 'dijkwacht-server.db').as_uri()}?mode=ro"
        with contextlib.closing(sqlite3.connect(uri, uri=True, timeout=10)) as database:
            return database.execute(statement).fetchall()

    def snapshots(self):
        """Every snapshot that it keeps: the name that its machine gave it, and its bytes."""
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder) / "export"
            self.command("export", out)
            return [(file.name, file.read_bytes()) for file in out.glob("*/*/*.jws")
                    if not file.name.endswith(".receipt.jws")]

    def fleet(self):
        """What /v1/fleet answers to the administrator's token."""
        answer = https(self.people_port, self.root_certificate(), "GET", "/v1/fleet",
                       headers={"Authorization": f"Bearer {self.admin_token()}"})
        if answer.status != 200:
            raise AssertionError(f"/v1/fleet answered {answer.status}: {answer.text}")
        return json.loads(answer.text)


class ServerTest(unittest.TestCase):
    """Tests that share one running server, made for their class."""

    @classmethod
    def setUpClass(cls):
        cls.temporary = Folder()
        cls.addClassCleanup(cls.temporary.cleanup)
        cls.folder = cls.temporary.path
        cls.server = Server(cls.folder)
        cls.server.init()
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)


def read_join_code(code):
    """The members of a join code: url, pin, id, secret and label, without its checksum."""
    return json.loads(base64.urlsafe_b64decode(code.split(".", 1)[1] + "==")[:-4])


def tls_context(root, certificate=None, key=None):
    """TLS 1.3 that trusts this root alone, with a client certificate where one is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(str(root))
    if certificate is not None:
        context.load_cert_chain(str(certificate), str(key))
    return context


def connect(port, context, timeout=10, address="127.0.0.1"):
    """A TLS connection to a server of ours."""
    plain = socket.create_connection((address, port), timeout)
    try:
        return context.wrap_socket(plain, server_hostname="127.0.0.1")
    except BaseException:
        plain.close()
        raise


def receive_all(connection):
    """Everything until the other end closes or resets."""
    received = b""
    try:
        while True:
            part = connection.recv(65536)
            if not part:
                return received
            received += part
    except (ConnectionError, ssl.SSLError):
        return received


class Answer:
    """One answer, taken apart."""

    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        self.headers = {}
        for line in lines[1:]:
            name, value = line.split(": ", 1)
            self.headers[name.lower()] = value
        self.body = body
        self.text = body.decode(errors="replace")


def receive_answer(connection, rest=b""):
    """The next answer on a connection, and the bytes behind it."""
    while b"\r\n\r\n" not in rest:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError(f"closed after {rest!r}")
        rest += part
    head, body = rest.split(b"\r\n\r\n", 1)
    answer = Answer(head, b"")
    length = int(answer.headers["content-length"])
    while len(body) < length:
        part = connection.recv(65536)
        if not part:
            raise ConnectionError("closed in the middle of a body")
        body += part
    return Answer(head, body[:length]), body[length:]


def https(port, root, method, path, body=None, headers=None, certificate=None, key=None):
    """One request on a connection of its own."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body is not None:
        lines.append(f"Content-Length: {len(body)}")
    with connect(port, tls_context(root, certificate, key)) as connection:
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))
        return receive_answer(connection)[0]


def make_key(path, curve="prime256v1"):
    run("openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}",
        "-out", path)
    return path


def make_request(key, subject="/", extra=()):
    """A PKCS#10 request in base64, as EST sends it."""
    der = subprocess.run(["openssl", "req", "-new", "-key", str(key), "-subj", subject,
                          "-outform", "DER", *extra], capture_output=True, check=True).stdout
    return base64.b64encode(der)
