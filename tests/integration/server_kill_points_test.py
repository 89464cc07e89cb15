"""The server is killed before each system call that writes or decides; nothing is doubled or lost."""

import hashlib
import shutil
import unittest

import kill_points
from machine import Machine
from support import Folder, Server, https, need


class Lane:
    """A server as it was made, with a join code that nobody has used."""

    def __init__(self, folder):
        self.folder = folder
        self.server = Server(folder)
        folder.mkdir()
        self.server.init()
        self.server.add_organisation()
        self.code = self.server.join_code()
        shutil.copytree(self.server.data, folder / "as-made")

    def put_back(self):
        shutil.rmtree(self.server.data)
        shutil.copytree(self.folder / "as-made", self.server.data)


class KilledServer(unittest.TestCase):
    """Its processes are the one with the sockets and the database, and the one with the keys."""

    def test_one_enrolment_and_one_upload(self):
        temporary = Folder()
        self.addCleanup(temporary.cleanup)
        lanes = [Lane(temporary.path / f"lane-{i}") for i in range(kill_points.LANES)]
        for lane in lanes:
            self.addCleanup(lane.server.stop)

        def attempt_of(lane):
            def attempt(number):
                lane.put_back()
                with Folder() as folder:
                    return self.attempt(number, lane, Machine(folder))
            return attempt

        points = kill_points.sweep("serve", list(map(attempt_of, lanes)))
        self.assertGreater(points, 100)

    def attempt(self, number, lane, machine):
        server = lane.server
        report = machine.folder / "killed-before"
        before = self.run_until_killed(number, lane, machine, report)
        server.start()
        try:
            machine.enrol(lane.code)
            # Without its keys the server asks to wait: the time is over.
            (machine.state / "receipts" / "not-before").unlink(missing_ok=True)
            machine.check_in()
            self.check_stored(server, machine)
            self.check_receipt(server, machine, before)
        finally:
            server.stop()
        return kill_points.read_report(report)

    def run_until_killed(self, number, lane, machine, report):
        """Answers the receipt that the machine got, or None."""
        try:
            lane.server.start(kill_points.tracer(number, report), env=kill_points.TRACED)
            if machine.enrol(lane.code, check=False).returncode == 0:
                machine.dijkwacht("collect")
                machine.upload()
        except AssertionError:  # it was killed before it listened
            self.assertIsNotNone(kill_points.read_report(report), lane.server.error_text())
        lane.server.stop()
        return self.receipt(machine)

    def receipt(self, machine):
        receipts = list((machine.state / "receipts").glob("[!.]*.jws"))
        self.assertLessEqual(len(receipts), 1)
        return receipts[0].read_bytes() if receipts else None

    def check_stored(self, server, machine):
        """One machine, one certificate of each kind, each snapshot once; nothing else."""
        self.assertEqual(server.query("PRAGMA integrity_check"), [("ok",)])
        self.assertEqual(len(server.query("SELECT machine FROM machine")), 1)
        self.assertEqual(sorted(server.query("SELECT purpose FROM certificate")),
                         [("signing",), ("tls",)])
        self.assertEqual(sorted(server.snapshots()), sorted(machine.sent().items()))
        self.assertEqual(server.query("SELECT seq FROM quarantine"), [])

    def check_receipt(self, server, machine, before):
        """The first snapshot has the receipt that it had before, however often it is sent."""
        first = machine.sent()[min(machine.sent())]
        answers = [https(server.port, server.root_certificate(), "PUT",
                         f"/v1/snapshots/{hashlib.sha256(first).hexdigest()}", first,
                         {"Content-Type": "application/jose"}, machine.only("tls/tls-*.pem"),
                         machine.only("tls/tls-*.key")) for _ in range(2)]
        self.assertEqual([answer.status for answer in answers], [200, 200])
        self.assertEqual(answers[0].body, answers[1].body)
        self.assertIn(before, (None, answers[0].body))


if __name__ == "__main__":
    need("openssl")
    unittest.main()
