"""What the tests of the packages share."""

import os
import pathlib
import shutil
import subprocess
import sys
import unittest

SKIPPED = 77
SOURCE = pathlib.Path(os.environ.get("DIJKWACHT_SOURCE", pathlib.Path(__file__).parents[2]))
PACKAGING = SOURCE / "packaging"
FOLDERS = {
    "": ("root", "root", "755"),
    "collect": ("dijkwacht-collect", "dijkwacht-collect", "700"),
    "outbox": ("dijkwacht-collect", "dijkwacht-upload", "2750"),
    "receipts": ("dijkwacht-upload", "dijkwacht-collect", "2750"),
    "tls": ("dijkwacht-upload", "dijkwacht-upload", "700"),
    "public": ("dijkwacht-collect", "dijkwacht-collect", "755"),
}


def need(*commands):
    """Skips the whole program when a command is not installed."""
    for command in commands:
        if shutil.which(command) is None:
            print(f"skipped: {command} is not installed")
            sys.exit(SKIPPED)


def run(*command, check=True, **options):
    """Runs a command to its end; a failure that is not expected shows what it said."""
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    if check and done.returncode != 0:
        raise AssertionError(f"{command} ended with {done.returncode}:\n{done.stdout}")
    return done


def build_packages(*options):
    """./dev package, which builds the last commit; skips where there is no commit."""
    if run("git", "rev-parse", "HEAD", check=False, cwd=SOURCE).returncode != 0:
        print("skipped: packages are built from a commit, and there is none")
        sys.exit(SKIPPED)
    run(SOURCE / "dev", "package", *options)


class Machine:
    """This machine's file system with a layer above it, so that packages are really installed."""

    def __init__(self):
        self.place = pathlib.Path("/run/dijkwacht-packaging-test")
        self.root = self.place / "root"

    def start(self):
        """In a mount namespace of our own, which ends with us."""
        self.place.mkdir(exist_ok=True)
        run("mount", "-t", "tmpfs", "tmpfs", self.place)
        for name in ("above", "work", "root"):
            (self.place / name).mkdir()
        run("mount", "-t", "overlay", "overlay", "-o",
            f"lowerdir=/,upperdir={self.place}/above,workdir={self.place}/work", self.root)
        run("mount", "-t", "tmpfs", "tmpfs", self.root / "run")
        run("mount", "-t", "proc", "proc", self.root / "proc")

    def run(self, *command, **options):
        """A command in it."""
        return run("chroot", self.root, *command, **options)

    def bring(self, package):
        """Copies a package into it and answers where it is there."""
        shutil.copy(package, self.root / "root")
        return f"/root/{pathlib.Path(package).name}"

    def path(self, name):
        return self.root / name.lstrip("/")

    def owners(self, name):
        """Owner, group and mode of a path, by the names of that machine."""
        return tuple(self.run("stat", "-c", "%U %G %a", name).stdout.split())

    def left_of_us(self):
        """Every file and folder of ours, wherever packages and programs may have put some."""
        found = self.run("find", "/etc", "/lib", "/usr", "/var/lib", "-xdev", "-name",
                         "*dijkwacht*", "-not", "-path", "/var/lib/dpkg/*", "-not", "-path",
                         "/var/lib/systemd/deb-systemd-helper-*").stdout.split()
        return sorted(found)


def main_in_namespace():
    """Runs the tests in a mount namespace of their own, as root only."""
    if os.geteuid() != 0:
        print("skipped: only root installs packages")
        sys.exit(SKIPPED)
    if os.environ.get("DIJKWACHT_TEST_NAMESPACE") == "1":
        unittest.main(verbosity=2)
    if run("unshare", "--mount", "true", check=False).returncode != 0:
        print("skipped: no mount namespace can be made here")
        sys.exit(SKIPPED)
    sys.exit(subprocess.run(["unshare", "--mount", "--propagation", "private", sys.executable,
                             *sys.argv], env={**os.environ, "DIJKWACHT_TEST_NAMESPACE": "1"},
                            check=False).returncode)
