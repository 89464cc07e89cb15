"""A Debian with systemd as PID 1 in a container: pristine each time, half a second to boot."""

import itertools
import os
import pathlib
import subprocess
import time

from guest import ENVIRONMENT, Answer, Guest
from host import start, stop


# The wire has its address from outside; networkd would take it away and put it back at some moment.
NO_NETWORKD = ("systemd.mask=systemd-networkd.service", "systemd.mask=systemd-networkd.socket")
numbers = itertools.count(1)


class Container(Guest):
    """Boots at once. What is written in it is in memory, and gone when it is closed."""

    def __init__(self, tree, folder, namespace, binds=None):
        """binds: {path in the machine: folder of this machine}, which it can only read."""
        self.name = f"dwvm{os.getpid()}x{next(numbers)}"
        self.log = pathlib.Path(folder) / f"{self.name}.log"
        bound = [f"--bind-ro={source}:{target}" for target, source in (binds or {}).items()]
        with open(self.log, "wb") as log:
            self.process = start(
                "systemd-nspawn", "--quiet", "--directory", tree, "--boot", "--volatile=overlay",
                "--register=no", "--keep-unit", "--console=pipe", "--link-journal=no",
                f"--machine={self.name}", f"--network-namespace-path=/run/netns/{namespace}",
                "--capability=CAP_NET_ADMIN", *bound, *NO_NETWORKD, stdout=log, stderr=subprocess.STDOUT,
                env=dict(os.environ, SYSTEMD_NSPAWN_UNIFIED_HIERARCHY="1"))
        try:
            self.leader = self._leader()
            self.until("systemctl is-system-running | grep -Ex 'running|degraded'", 60)
        except BaseException:
            self.close()
            raise

    def _leader(self):
        """The process that is PID 1 in the container."""
        end = time.monotonic() + 30
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"the container did not start:\n{self.log.read_text()}")
            for child in children.read_text().split():
                if _name_of(child) == "systemd":
                    return child
            time.sleep(0.02)
        raise TimeoutError("the container has no systemd after 30 s")

    def run(self, command, seconds=120, given=None):
        done = subprocess.run(
            ["nsenter", "--target", self.leader, "--mount", "--uts", "--ipc", "--net", "--pid",
             "--cgroup", "--", "/usr/bin/env", "-i",
             *(f"{name}={value}" for name, value in ENVIRONMENT.items()),
             "/bin/sh", "-c", f"cd /; {command}"],
            capture_output=True, text=True, timeout=seconds, input=given or "")
        return Answer(done.returncode, done.stdout, done.stderr)

    def close(self):
        """Ends it. Nothing of it is worth a tidy end."""
        stop(self.process)


def _name_of(process):
    try:
        return pathlib.Path(f"/proc/{process}/comm").read_text().strip()
    except OSError:
        return None
