"""The agent as the packages install it: two users, who can each do only their half.

Runs as root in a mount namespace of its own, where the users, the folders and the uploader's place
are made for it and go away with it.
"""

import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import unittest

from support import SKIPPED, ServerTest, program, run

INSIDE = "DIJKWACHT_TEST_NAMESPACE"
FOLDERS = {
    "collect": ("dijkwacht-collect", "dijkwacht-collect", 0o700),
    "outbox": ("dijkwacht-collect", "dijkwacht-upload", 0o2750),
    "receipts": ("dijkwacht-upload", "dijkwacht-collect", 0o2750),
    "tls": ("dijkwacht-upload", "dijkwacht-upload", 0o700),
    "public": ("dijkwacht-collect", "dijkwacht-collect", 0o755),
}
STATE = pathlib.Path("/var/lib/dijkwacht")
MOUNTED = (STATE, pathlib.Path("/etc/dijkwacht"), pathlib.Path("/usr/libexec/dijkwacht"))


def add_users():
    """In copies of the files, which only this namespace sees."""
    copies = pathlib.Path("/var/lib/dijkwacht/copies")
    copies.mkdir()
    for name, lines in (("passwd", "dijkwacht-collect:x:64301:64301::/:/bin/false\n"
                                   "dijkwacht-upload:x:64302:64302::/:/bin/false\n"),
                        ("group", "dijkwacht-collect:x:64301:\ndijkwacht-upload:x:64302:\n")):
        copy = copies / name
        copy.write_text(pathlib.Path("/etc", name).read_text() + lines)
        copy.chmod(0o644)
        run("mount", "--bind", copy, f"/etc/{name}")


def install():
    for path in MOUNTED:
        run("mount", "-t", "tmpfs", "tmpfs", path)
    add_users()
    for name, (user, group, mode) in FOLDERS.items():
        folder = STATE / name
        folder.mkdir()
        shutil.chown(folder, user, group)
        folder.chmod(mode)
    shutil.copy(program("agent/upload"), "/usr/libexec/dijkwacht/upload")
    shutil.copy(program("agent/dijkwacht"), "/usr/libexec/dijkwacht/dijkwacht")


def as_user(user, *command, **options):
    return run("setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}",
               "--clear-groups", *command, check=False, **options)


def dijkwacht(*arguments, **options):
    return run("/usr/libexec/dijkwacht/dijkwacht", *arguments, **options)


class Installed(ServerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server.add_organisation()
        install()
        dijkwacht("enrol", input=cls.server.join_code(label="installed"))
        dijkwacht("check-in")

    def owner(self, path):
        return pwd.getpwuid(path.stat().st_uid).pw_name

    def test_each_file_belongs_to_the_user_whose_folder_it_is_in(self):
        for name, (user, _, mode) in FOLDERS.items():
            folder = STATE / name
            self.assertEqual(folder.stat().st_mode & 0o7777, mode)
            for path in folder.rglob("*"):
                self.assertEqual(self.owner(path), user, path)
        for path in pathlib.Path("/etc/dijkwacht").iterdir():
            self.assertEqual(self.owner(path), "root", path)

    def test_neither_user_reads_the_others_key(self):
        [signing] = STATE.glob("collect/*.key")
        [tls] = STATE.glob("tls/*.key")
        for user, key in (("dijkwacht-upload", signing), ("dijkwacht-collect", tls),
                          ("nobody", signing), ("nobody", tls)):
            self.assertNotEqual(as_user(user, "cat", key).returncode, 0)

    def test_the_uploader_cannot_remove_what_waits(self):
        dijkwacht("collect")
        [waiting] = STATE.glob("outbox/*.jws")
        self.assertEqual(as_user("dijkwacht-upload", "cat", waiting).returncode, 0)
        self.assertNotEqual(as_user("dijkwacht-upload", "rm", "-f", waiting).returncode, 0)
        self.assertNotEqual(as_user("nobody", "cat", waiting).returncode, 0)
        dijkwacht("check-in")
        self.assertEqual(list(STATE.glob("outbox/*.jws")), [])

    def test_the_parts_run_as_their_own_users_too(self):
        program_ = "/usr/libexec/dijkwacht"
        for user, command in (("dijkwacht-collect", [f"{program_}/dijkwacht", "collect"]),
                              ("dijkwacht-upload", [f"{program_}/upload"]),
                              ("dijkwacht-collect", [f"{program_}/dijkwacht", "collect",
                                                     "--receipts"])):
            done = as_user(user, *command)
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(list(STATE.glob("outbox/*.jws")), [])

    def test_everybody_may_see_how_the_machine_is_doing(self):
        done = as_user("nobody", "/usr/libexec/dijkwacht/dijkwacht", "status")
        self.assertIn(done.returncode, (0, 1, 2))
        self.assertTrue(done.stdout.startswith("installed"), done.stderr)
        done = as_user("nobody", "/usr/libexec/dijkwacht/dijkwacht", "show")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_nobody_else_may_check_in_or_enrol(self):
        for command in (["check-in"], ["collect"], ["enrol"]):
            done = as_user("nobody", "/usr/libexec/dijkwacht/dijkwacht", *command,
                           input=self.server.join_code(label="no"))
            self.assertEqual(done.returncode, 1)
            self.assertIn("put sudo before it", done.stderr)


def run_inside():
    """Runs this program in a namespace of its own; its mount points go when it ends."""
    made = [path for path in MOUNTED if not path.exists()]
    for path in made:
        path.mkdir(parents=True)
    try:
        return subprocess.run(["unshare", "--mount", "--propagation", "private", sys.executable,
                               *sys.argv], env={**os.environ, INSIDE: "1"}, check=False).returncode
    finally:
        for path in made:
            path.rmdir()


if __name__ == "__main__":
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        print("skipped: only root can become the two users")
        sys.exit(SKIPPED)
    if INSIDE in os.environ:
        unittest.main()
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode != 0:
        print("skipped: no mount namespace can be made here")
        sys.exit(SKIPPED)
    sys.exit(run_inside())
