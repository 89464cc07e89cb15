"""The agent is killed before each system call that writes or decides; nothing may be lost."""

import shutil
import unittest

import kill_points
from machine import Machine
from support import Folder, Server, need, program, run


class Witness:
    """Remembers what a machine and its server showed, and complains about a contradiction."""

    def __init__(self, test, machine, server):
        self.test, self.machine, self.server = test, machine, server
        self.seen, self.acknowledged = {}, {}
        self.keys = self.read_keys()
        self.epoch = None

    def read_keys(self):
        return {file: file.read_bytes() for file in self.machine.state.glob("*/[!.]*.key")}

    def remember(self, files):
        for name, content in files.items():
            self.test.assertEqual(self.seen.setdefault(name, content), content,
                                  f"{name} was used for two snapshots")

    def look(self):
        """What must hold at any time, also in the middle of a run."""
        self.test.assertEqual(self.read_keys(), self.keys)
        self.remember(self.machine.sent())
        self.remember({file.name: file.read_bytes() for file in self.machine.outbox()})
        self.acknowledged.update(self.machine.acknowledged())

    def look_after_check_in(self):
        self.look()
        self.test.assertEqual(self.machine.temporary(), [])
        self.test.assertEqual(self.machine.outbox(), [])
        self.test.assertEqual(self.machine.delivery()["refused"], 0)
        self.epoch = self.epoch or self.machine.chain()["epoch"]
        self.test.assertEqual(self.machine.chain()["epoch"], self.epoch, "it started anew")

    def compare(self):
        """What it has a receipt for is in the database, byte for byte, once."""
        stored = self.server.snapshots()
        self.test.assertEqual(len({name for name, _ in stored}), len(stored))
        self.remember(dict(stored))
        lost = self.acknowledged.items() - set(stored)
        self.test.assertEqual(sorted(name for name, _ in lost), [])
        self.test.assertEqual(self.server.query("SELECT seq FROM quarantine"), [])
        self.test.assertEqual(self.server.query("PRAGMA integrity_check"), [("ok",)])


class Lanes(unittest.TestCase):
    """As many servers as there are sweeps at once."""

    def setUp(self):
        temporary = Folder()
        self.addCleanup(temporary.cleanup)
        self.folders = [temporary.path / f"lane-{i}" for i in range(kill_points.LANES)]
        self.servers = [Server(folder) for folder in self.folders]
        for folder, server in zip(self.folders, self.servers):
            folder.mkdir()
            server.init()
            server.start()
            self.addCleanup(server.stop)
            server.add_organisation()


class CheckIn(Lanes):
    """The steps of a check-in, each time on the same machine: what one kill leaves, the next run
    has to live with."""

    def sweep(self, name, command, before=lambda machine: None):
        """before brings a machine that has changed to where the command has something to do."""
        machines = [Machine(folder / "machine") for folder in self.folders]
        witnesses = []
        for machine, server in zip(machines, self.servers):
            machine.enrol(server.join_code())
            machine.check_in()
            witnesses.append(Witness(self, machine, server))

        def attempt_of(machine, witness):
            def attempt(number):
                machine.change(20 + number)
                before(machine)
                call = kill_points.kill_before(number, command(machine), machine.folder)
                witness.look()
                run(*command(machine))
                witness.look()
                machine.check_in()
                witness.look_after_check_in()
                return call
            return attempt

        points = kill_points.sweep(name, list(map(attempt_of, machines, witnesses)))
        for witness in witnesses:
            witness.compare()
        self.assertGreater(points, 50)

    def test_collect(self):
        self.sweep("collect", lambda machine: machine.command(["collect"]))

    def test_upload(self):
        self.sweep("upload", lambda machine: [program("agent/upload"), "--state", machine.state],
                   lambda machine: machine.dijkwacht("collect"))

    def test_receipts(self):
        def before(machine):
            machine.dijkwacht("collect")
            self.assertEqual(machine.upload().returncode, 0)

        self.sweep("collect --receipts",
                   lambda machine: machine.command(["collect", "--receipts"]), before)

    def test_check_in(self):
        self.sweep("check-in", lambda machine: machine.command(["check-in"]))


class Enrol(Lanes):
    """A new machine each time, which joins again with the same code."""

    def join(self, number, server, machine, *options):
        """Killed, then run again. Answers as kill_before does."""
        code = server.join_code(label=f"machine-{number}")
        call = kill_points.kill_before(number, machine.command(["enrol", *options]),
                                       machine.folder, input=code)
        witness = Witness(self, machine, server)
        for key in witness.keys:
            run("openssl", "pkey", "-in", key, "-noout")
        if options:
            machine.dijkwacht("collect")  # as the one, or as the other
        machine.enrol(code, *options)
        witness.keys = {key: content for key, content in witness.keys.items() if key.exists()}
        self.assertEqual(witness.keys.items() - witness.read_keys().items(), set())
        machine.only("collect/signing-*.key")
        machine.only("tls/tls-*.key")
        witness.keys = witness.read_keys()
        machine.check_in()
        witness.look_after_check_in()
        return call

    def check_servers(self):
        """Each label became one machine with one certificate of each kind."""
        for server in self.servers:
            labels = server.query("SELECT label FROM machine")
            self.assertEqual(len(labels), len(set(labels)))
            self.assertEqual(server.query("SELECT machine FROM certificate "
                                          "GROUP BY machine, purpose HAVING count(*) != 1"), [])

    def test_enrol(self):
        def attempt_of(server):
            def attempt(number):
                with Folder() as folder:
                    return self.join(number, server, Machine(folder))
            return attempt

        self.assertGreater(kill_points.sweep("enrol", list(map(attempt_of, self.servers))), 50)
        self.check_servers()

    def test_enrol_again(self):
        """The machine was another one before, with a snapshot that still waits."""
        def attempt_of(folder, server):
            before = Machine(folder / "before")
            before.enrol(server.join_code(label="before"))
            before.dijkwacht("collect")

            def attempt(number):
                with Folder() as new:
                    machine = Machine(new)
                    shutil.copytree(before.state, machine.state)
                    return self.join(number, server, machine, "--again")
            return attempt

        kill_points.sweep("enrol --again", list(map(attempt_of, self.folders, self.servers)))
        self.check_servers()


if __name__ == "__main__":
    need("openssl")
    unittest.main()
