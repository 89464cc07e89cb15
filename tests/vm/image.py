"""What machines are made of, built once and kept: python3 image.py [SUITE] builds all of it.

Each stage is a folder named after everything that it depends on, and appears when it is complete.
  tree       Debian, before its first update           (a minute, network)
  container  the same without a kernel
  rpm        the same where rpm and dnf are in charge
  disks      kernels, initrds, the disks of the emulated computers
  bad, good  each of these computers, booted and frozen (a minute each)
"""

import contextlib
import datetime
import fcntl
import hashlib
import pathlib
import shutil
import sys
import tempfile
import time

import disks
import rpm_tree
import tree
from hardware import COMPUTERS
from host import cache_folder, end_tidily, reason_to_skip, run, skip, work_folder
from machine import Machine
from network import Network

HERE = pathlib.Path(__file__).resolve().parent
DAYS_FRESH = 3  # package lists older than a week are stale, and say so
WARM = "modprobe -a usb_storage uas vfat 9p 9pnet_virtio nf_tables"

INPUTS = {"tree": ("tree.py", "packages.guest"),
          "container": (),
          "rpm": ("rpm_tree.py", "packages.rpm"),
          "disks": ("disks.py",),
          "frozen": ("hardware.py", "machine.py", "guest_agent.py", "image.py")}
BASES = {"container": "tree", "rpm": "tree", "disks": "tree", "frozen": "disks"}


def key(stage, suite):
    """Changes when what the stage is made from changes, and every few days."""
    mark = hashlib.sha256()
    if stage in BASES:
        mark.update(key(BASES[stage], suite).encode())
    else:
        mark.update(f"{suite} {datetime.date.today().toordinal() // DAYS_FRESH}".encode())
        mark.update(run("mmdebstrap", "--version").stdout.encode())
    if stage == "frozen":
        mark.update(run("qemu-system-x86_64", "--version").stdout.encode())
    for name in INPUTS[stage]:
        mark.update((HERE / name).read_bytes())
    return mark.hexdigest()[:16]


class Image:
    """The stages of one release of Debian. Asking for a stage builds it when it is not there."""

    def __init__(self, suite, folder=None):
        self.suite = suite
        self.folder = pathlib.Path(folder or cache_folder())
        self.folder.mkdir(parents=True, exist_ok=True)
        self.keys = {stage: key(stage, suite) for stage in INPUTS}
        self.locks = []

    def _stage(self, name, kind, make):
        """The folder of a stage. make(path) builds it, under a name that is not looked for. While
        this program runs, no other one takes it away."""
        target = self.folder / f"{self.suite}-{name}-{self.keys[kind]}"
        lock = open(self.folder / f".{self.suite}-{name}.lock", "w", encoding="utf8")
        self.locks.append(lock)
        fcntl.flock(lock, fcntl.LOCK_SH)
        if not target.exists():
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not target.exists():
                self._make(target, self.folder.glob(f"{self.suite}-{name}-*"), make)
            fcntl.flock(lock, fcntl.LOCK_SH)
        return target

    def _make(self, target, old, make):
        for path in old:
            shutil.rmtree(path)
        begun = time.monotonic()
        part = target.with_name(target.name + ".part")
        with discarded_on_failure(part):
            make(part)
            part.rename(target)
        print(f"{time.strftime('%H:%M:%S')} {target.name}: made in "
              f"{time.monotonic() - begun:.0f} s", flush=True)

    def close(self):
        """From now on others may take the stages away."""
        for lock in self.locks:
            lock.close()

    def tree(self):
        return self._stage("tree", "tree", lambda part: tree.make_tree(
            self.suite, part, self.folder / f"debs-{self.suite}"))

    def container(self):
        base = self.tree()
        return self._stage("container", "container",
                           lambda part: tree.make_container_tree(base, part))

    def rpm(self):
        return self._stage("rpm", "rpm", lambda part: rpm_tree.make_rpm_tree(
            self.suite, part, self.folder / f"debs-{self.suite}"))

    def disks(self):
        return self._stage("disks", "disks", self._make_disks)

    def _make_disks(self, part):
        with tempfile.TemporaryDirectory(prefix="work-", dir=self.folder) as work:
            copy = pathlib.Path(work) / "tree"
            run("cp", "-a", "--reflink=auto", self.tree(), copy)
            disks.make_disks(copy, part)

    def frozen(self, name):
        """A computer, booted and frozen."""
        return self._stage(name, "frozen", lambda part: self._freeze(COMPUTERS[name], part))

    def _freeze(self, computer, part):
        with contextlib.closing(Network()) as network, tempfile.TemporaryDirectory(
                prefix="dwvm-", dir=work_folder()) as work:
            machine = Machine.booted(computer, self.disks(), pathlib.Path(work) / "m",
                                     network.name, work)
            with contextlib.closing(machine):
                machine.check(f"{WARM}; apt-cache gencaches; sync; echo 3 >/proc/sys/vm/drop_caches")
                machine.freeze(part)


@contextlib.contextmanager
def discarded_on_failure(path):
    """Removes what an earlier try left, and what this one leaves when it fails."""
    shutil.rmtree(path, ignore_errors=True)
    try:
        yield
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise


def main():
    end_tidily()
    image = Image(sys.argv[1] if len(sys.argv) > 1 else "bookworm")
    reason = reason_to_skip(image.folder)
    if reason:
        skip(reason)
    image.container()
    image.rpm()
    for name in COMPUTERS:
        image.frozen(name)


if __name__ == "__main__":
    main()
