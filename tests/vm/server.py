"""The collection server outside of the machines, and what it has stored."""

import contextlib
import json
import pathlib
import sqlite3
import subprocess
import time

import network
from host import run, start, stop

DATABASE = "dijkwacht-server.db"
URL = f"https://{network.SERVER_NAME}:{network.PORT}"


class Server:
    """A server of its own for a class of tests, from the program that the package ships."""

    def __init__(self, program, folder, namespace):
        self.program = program
        self.data = pathlib.Path(folder) / "server"
        self.log = pathlib.Path(folder) / "server.log"
        self.namespace = namespace
        self.process = None
        self.command("init", "--url", URL, "--listen", f"127.0.0.1:{network.SERVER_PORT}",
                     "--people", "127.0.0.1:0", "--root-key", pathlib.Path(folder) / "root.key")
        self.command("organisation", "add", "Example")

    def command(self, *arguments):
        """One of the program's commands, to its end."""
        return run(self.program, "--data", self.data, *arguments, timeout=60).stdout.strip()

    def join_code(self, label):
        return self.command("join-code", "Example", "--label", label)

    def start(self):
        """Starts it and waits until it listens."""
        self.log.write_text("")
        with open(self.log, "ab") as log:
            self.process = start("nsenter", f"--net=/run/netns/{self.namespace}", "--",
                                 self.program, "--data", self.data, "serve",
                                 stdout=log, stderr=subprocess.STDOUT)
        end = time.monotonic() + 20
        while "listening on" not in self.log.read_text():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the server did not start:\n{self.log.read_text()}")
            time.sleep(0.05)

    def stop(self):
        stop(self.process)
        self.process = None

    def _rows(self, question, *values):
        database = self.data / DATABASE
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as opened:
            return opened.execute(question, values).fetchall()

    def snapshots(self, label):
        """(epoch, seq, hash, prev) of each snapshot of a machine, as they arrived."""
        return self._rows("SELECT epoch, seq, snapshot.hash, snapshot.prev FROM snapshot "
                          "JOIN machine USING (organisation, machine) "
                          "WHERE label = ? ORDER BY arrival", label)

    def flags(self, label):
        """What the server noticed about the chain of a machine; 0: nothing."""
        return self._rows("SELECT chain.flags FROM chain JOIN machine "
                          "USING (organisation, machine) WHERE label = ?", label)[0][0]

    def facts(self, label):
        """{section: its facts} of a machine, as the server keeps them."""
        [(sections,)] = self._rows(
            "SELECT state.sections FROM current JOIN machine USING (organisation, machine) "
            "JOIN state ON state.organisation = current.organisation AND "
            "state.machine = current.machine AND state.digest = current.state "
            "WHERE label = ?", label)
        return {name: self._section(label, digest)
                for name, digest in (line.split() for line in sections.splitlines())}

    def _section(self, label, digest):
        [(facts, reasons)] = self._rows(
            "SELECT facts, reasons FROM content JOIN machine USING (organisation, machine) "
            "WHERE label = ? AND lower(hex(digest)) = ?", label, digest)
        return {"facts": json.loads(facts), "unknown": json.loads(reasons or "{}")}

    def verdicts(self, label):
        """{check: state} of a machine."""
        return dict(self._rows("SELECT check_id, state FROM verdict JOIN machine "
                               "USING (organisation, machine) WHERE label = ?", label))

    def wait_for_snapshots(self, label, count, seconds=60):
        """Waits until so many snapshots of a machine are stored, and answers all of them."""
        end = time.monotonic() + seconds
        while len(found := self.snapshots(label)) < count:
            if time.monotonic() > end:
                raise AssertionError(f"{len(found)} of {count} snapshots of {label} arrived "
                                     f"within {seconds} s")
            time.sleep(0.2)
        return found
