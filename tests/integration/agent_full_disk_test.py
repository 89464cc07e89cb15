"""The agent on a disk that is full, at each step of its work."""

import os
import unittest

from machine import Machine
from support import Folder, ServerTest, need, run

PAGE = 4096  # what a tmpfs gives at a time
PAGES_MAX = 64
FAILED, WAITING = 1, 3  # what check-in answers


class FullDisk(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.add_organisation()

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("only root can mount a small disk")
        temporary = Folder()
        self.addCleanup(temporary.cleanup)
        self.machine = Machine(temporary.path)
        self.machine.state.mkdir()
        self.filler = self.machine.state / "filler"
        self.mount("1m")

    def mount(self, size):
        done = run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", self.machine.state,
                   check=False)
        if done.returncode != 0:
            self.skipTest(f"cannot mount a small disk: {done.stderr}")
        self.addCleanup(run, "umount", self.machine.state)

    def resize(self, size):
        run("mount", "-o", f"remount,size={size}", self.machine.state)

    def fill(self, pages_free):
        with open(self.filler, "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(PAGE))
            except OSError:
                file.truncate(max(0, file.tell() - pages_free * PAGE))

    def recover(self, epoch, seen):
        """There is space again: everything arrives, and no number was used for two snapshots."""
        self.machine.check_in()
        self.assertEqual(self.machine.outbox(), [])
        self.assertEqual(self.machine.temporary(), [])
        self.assertEqual(self.machine.delivery()["refused"], 0)
        self.assertEqual(self.machine.chain()["epoch"], epoch)
        for name, content in [*self.machine.sent().items(), *self.server.snapshots()]:
            self.assertEqual(seen.setdefault(name, content), content)

    def test_it_says_so_and_recovers(self):
        self.machine.enrol(self.server.join_code(label="full"))
        self.machine.check_in()
        epoch = self.machine.chain()["epoch"]
        self.fill(0)
        self.machine.change(13)
        done = self.machine.check_in(expected=FAILED)
        self.assertIn("the disk is full", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.filler.unlink()
        self.recover(epoch, {})
        self.assertEqual(list(self.machine.last()["sections"]), ["os_release"])

    def test_a_check_in_survives_any_lack_of_space(self):
        self.machine.enrol(self.server.join_code(label="lack"))
        self.machine.check_in()
        epoch, seen, answers = self.machine.chain()["epoch"], {}, []
        for pages in range(PAGES_MAX):
            self.machine.change(20 + pages)
            self.fill(pages)
            done = self.machine.dijkwacht("check-in", check=False)
            answers.append(done.returncode)
            if done.returncode != 0:
                self.assertIn("full" if done.returncode == FAILED else "No space left",
                              done.stderr)
            self.filler.unlink()
            self.recover(epoch, seen)
            if done.returncode == 0:
                break
        self.assertEqual(answers[-1], 0)
        self.assertGreater(answers.count(FAILED), 2)
        self.assertLessEqual(set(answers), {0, FAILED, WAITING})

    def test_joining_survives_any_lack_of_space(self):
        failed = 0
        for pages in range(1, PAGES_MAX):
            code = self.server.join_code(label=f"joining-{pages}")
            self.resize(pages * PAGE)
            done = self.machine.enrol(code, check=False)
            self.resize("1m")
            if done.returncode == 0:
                break
            failed += 1
            self.assertIn("No space left on device", done.stderr)
            self.machine.enrol(code)
            self.machine.check_in()
            self.assertEqual(self.machine.temporary(), [])
            run("umount", self.machine.state)
            run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", self.machine.state)
        self.assertEqual(done.returncode, 0)
        self.assertGreater(failed, 2)


if __name__ == "__main__":
    need("openssl", "mount")
    unittest.main()
