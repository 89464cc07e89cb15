"""A machine for the integration tests: the real agent with a state folder of its own."""

import json
import pathlib
import shutil
import subprocess

from support import program, run

DEBIAN = 'ID=debian\nVERSION_ID="12"\nNAME="Debian GNU/Linux"\nPRETTY_NAME="Debian 12"\n'


class Machine:
    """Its tree to examine is a small fixture, so that a test decides what changes on it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.state = self.folder / "state"
        self.root = self.folder / "root"
        (self.root / "etc").mkdir(parents=True)
        self.write_os_release(DEBIAN)

    def write_os_release(self, text):
        (self.root / "etc" / "os-release").write_text(text)

    def change(self, version):
        """Something on the machine changes."""
        self.write_os_release(DEBIAN.replace('"12"', f'"{version}"'))

    def command(self, verb):
        return [program("agent/dijkwacht"), "--state", str(self.state), "--root", str(self.root),
                *verb]

    def dijkwacht(self, *arguments, check=True, **options):
        return run(*self.command(arguments), check=check, **options)

    def enrol(self, code, *arguments, **options):
        return self.dijkwacht("enrol", *arguments, input=code, **options)

    def check_in(self, expected=0, **options):
        done = self.dijkwacht("check-in", check=False, **options)
        if done.returncode != expected:
            raise AssertionError(f"check-in ended with {done.returncode}: "
                                 f"{done.stdout}{done.stderr}")
        return done

    def upload(self, **options):
        return run(program("agent/upload"), "--state", self.state, check=False, **options)

    def outbox(self):
        return sorted((self.state / "outbox").glob("*.jws"))

    def last(self):
        """The payload of the last snapshot made."""
        return json.loads(self.dijkwacht("show", "--json").stdout)

    def delivery(self):
        return json.loads((self.state / "public" / "delivery.json").read_text())

    def chain(self):
        """What the machine knows of its chain."""
        return json.loads((self.state / "collect" / "state.json").read_text().split("\n", 1)[1])

    def sent(self):
        """Every file that was ever made for sending: its name, without marks, and its bytes."""
        files = (self.state / "public" / "sent").glob("*/[!.]*.jws*")
        return {file.name.removesuffix(".refused"): file.read_bytes() for file in files}

    def acknowledged(self):
        """Every file that the server answered with a receipt, and its bytes."""
        waiting = {file.name: file.read_bytes() for file in self.outbox()}
        receipts = {file.name for file in (self.state / "receipts").glob("[!.]*.jws")}
        return {name: content for name, content in {**self.sent(), **waiting}.items()
                if name in receipts or name not in waiting}

    def temporary(self):
        """Every file that is not finished yet."""
        return list(self.state.glob("**/.new-*"))

    def only(self, pattern):
        """The one file of the state folder that fits."""
        found = list(self.state.glob(pattern))
        if len(found) != 1:
            raise AssertionError(f"{pattern}: {found}")
        return found[0]

    def keep_identity_of(self, other):
        """Takes over the TLS key and certificate of another machine."""
        for ending in ("key", "pem"):
            shutil.copy(other.only(f"tls/tls-*.{ending}"), self.only(f"tls/tls-*.{ending}"))


def kill_after(command, seconds, **options):
    """Runs a command and kills it, if it takes longer; true when it was killed."""
    process = subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True, **options)
    try:
        process.wait(seconds)
        return False
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return True
