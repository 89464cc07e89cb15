"""Many machines check in at once while their server is killed again and again.

What a machine holds a receipt for is in the database, once; everybody gets through in the end.
"""

import concurrent.futures
import hashlib
import random
import signal
import sqlite3
import threading
import time
import unittest

from machine import Machine
from support import Folder, Server

MACHINES = 30
ROUNDS_MAX = 100
AT_ONCE = 8
KILLS = 10
ATTEMPTS = 40


class Load(unittest.TestCase):
    def setUp(self):
        temporary = Folder()
        self.addCleanup(temporary.cleanup)
        self.folder = temporary.path
        self.server = Server(self.folder)
        self.server.init()
        self.server.start()
        self.addCleanup(lambda: self.server.stop())
        self.server.add_organisation()
        self.retries = 0
        self.count = threading.Lock()

    def enrol(self, number):
        machine = Machine(self.folder / f"machine-{number}")
        machine.enrol(self.server.join_code(label=f"machine-{number}"))
        return machine

    def get_through(self, machine, version):
        """One change, reported in as many attempts as it takes."""
        machine.change(version)
        for _ in range(ATTEMPTS):
            done = machine.dijkwacht("check-in", check=False)
            if done.returncode == 0:
                return
            self.assertEqual(done.returncode, 3, done.stderr)  # made, and waiting
            with self.count:
                self.retries += 1
            time.sleep(0.3)
        self.fail(f"{machine.folder.name} did not get through")

    def kill_at_random(self, rng):
        for _ in range(KILLS):
            time.sleep(rng.uniform(0.3, 1.5))
            self.server.stop(signal.SIGKILL)
            self.server.start()

    def test_nothing_acknowledged_is_lost_or_doubled(self):
        start = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE + 1) as pool:
            machines = list(pool.map(self.enrol, range(MACHINES)))
            killer = pool.submit(self.kill_at_random, random.Random(20261123))
            rounds = 0
            while rounds < ROUNDS_MAX and not (killer.done() and rounds > 1):
                list(pool.map(lambda machine: self.get_through(machine, 20 + rounds), machines))
                rounds += 1
            killer.result()
        made = {hashlib.sha256(content).digest()
                for machine in machines for content in machine.sent().values()}
        for machine in machines:
            self.assertEqual(machine.outbox(), [])
            self.assertEqual(machine.delivery()["refused"], 0)
        self.server.stop()
        self.check_database(machines, made)
        print(f"{rounds} rounds, {len(made)} snapshots of {MACHINES} machines, {KILLS} kills, "
              f"{self.retries} retries, {time.monotonic() - start:.0f} seconds")

    def check_database(self, machines, made):
        database = sqlite3.connect(f"file:{self.server.data}/dijkwacht-server.db?mode=ro", uri=True)
        with database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchone(), ("ok",))
            stored = [hash for hash, in database.execute("SELECT hash FROM snapshot")]
            forks = database.execute("SELECT count(*) FROM quarantine").fetchone()[0]
            current = database.execute("SELECT count(*) FROM current").fetchone()[0]
        database.close()
        self.assertEqual(len(stored), len(set(stored)))
        self.assertEqual(set(stored), made)
        self.assertEqual(forks, 0)
        self.assertEqual(current, len(machines))


if __name__ == "__main__":
    unittest.main()
