"""./dev demo with the programs of this build, as this user and as one without privileges."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["DIJKWACHT_BUILD"])
PROGRAMS = ["agent/dijkwacht", "agent/upload", "server-api/dijkwacht-server",
            "server-api/dijkwacht-fleet"]
NOBODY = 65534


class Demo(unittest.TestCase):
    def setUp(self):
        """A copy that any user may read, and a folder below which any may write."""
        folder = tempfile.TemporaryDirectory(prefix="dijkwacht-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.folder.chmod(0o755)
        shutil.copy(ROOT / "dev", self.folder)
        for name in PROGRAMS:
            (self.folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(BUILD / name, self.folder / name)
        (self.folder / "tmp").mkdir()
        (self.folder / "tmp").chmod(0o1777)

    def demo(self, *words, **options):
        environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8",
                       "XDG_RUNTIME_DIR": str(self.folder / "tmp")}
        return subprocess.run([self.folder / "dev", "demo", "--exit", "--programs", ".", *words],
                              env=environment, capture_output=True, text=True, timeout=100,
                              check=False, **options)

    def assert_shows_the_fleet(self, done):
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("demo-01", done.stdout.split("==> The fleet")[1])
        self.assertIn("What to do first", done.stdout)
        self.assertEqual(list((self.folder / "tmp").iterdir()), [], "something was left behind")

    def test_shows_this_machine_and_leaves_nothing(self):
        self.assert_shows_the_fleet(self.demo())

    @unittest.skipIf(os.geteuid() != 0, "only root can become another user")
    def test_without_privileges_says_what_it_may_not_see(self):
        done = self.demo(user=NOBODY, group=NOBODY, extra_groups=[])
        self.assert_shows_the_fleet(done)
        words = " ".join(done.stdout.split())
        self.assertIn("The firewall filters what comes in", words)
        self.assertIn("This needs privileges that the agent did not have", words)

    def test_keeps_the_folder_that_was_asked_for_and_does_not_write_over_it(self):
        kept = self.folder / "kept"
        self.assertEqual(self.demo("--state", kept).returncode, 0)
        self.assertTrue((kept / "server").is_dir())
        again = self.demo("--state", kept)
        self.assertEqual(again.returncode, 1)
        self.assertIn("holds a demo already", again.stderr)

    def test_refuses_what_it_does_not_know(self):
        done = self.demo("--fast")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)


if __name__ == "__main__":
    unittest.main()
