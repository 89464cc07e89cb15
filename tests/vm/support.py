"""What the tests in machines share: packages, a server outside, and machines that go away again.

The environment variable DIJKWACHT_PACKAGES names the folder with the packages, DIJKWACHT_SUITE the
release of Debian.
"""

import hashlib
import os
import pathlib
import re
import shutil
import tempfile
import time
import unittest

from container import Container
from host import run, work_folder
from hardware import COMPUTERS
from image import Image
from machine import SHARE, Machine
from network import Gate, Network
from server import Server

SUITE = os.environ.get("DIJKWACHT_SUITE", "bookworm")
STATE = "/var/lib/dijkwacht"
LABEL = "laptop-01"
# What ships is 90 seconds, which the tests read; then they wait less.
QUICKLY = "[Timer]\nOnActiveSec=\nOnActiveSec=3\nAccuracySec=100ms\n"
INSTALL = "apt-get install -q -y --no-install-recommends"


def package(name, kind="deb"):
    """The newest package of this name in the folder of packages."""
    folder = pathlib.Path(os.environ["DIJKWACHT_PACKAGES"])
    pattern = f"{name}_[0-9]*.deb" if kind == "deb" else f"{name}-[0-9]*.rpm"
    found = sorted(folder.rglob(pattern), key=lambda path: path.stat().st_mtime)
    if not found:
        raise unittest.SkipTest(f"no {kind} package {name} in {folder}")
    return found[-1]


class WorldTest(unittest.TestCase):
    """A server outside, shared by the tests of a class; each test has a machine of its own."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="dwvm-", dir=work_folder()))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        cls.image = Image(SUITE)
        cls.addClassCleanup(cls.image.close)
        cls.packages = cls.folder / "packages"
        cls.packages.mkdir()
        cls.gather_packages()
        run("dpkg-deb", "-x", package("dijkwacht-server"), cls.folder / "programs")
        cls.network = Network()
        cls.addClassCleanup(cls.network.close)
        cls.gate = Gate(cls.network.name)
        cls.addClassCleanup(cls.gate.close)
        cls.server = Server(cls.folder / "programs/usr/bin/dijkwacht-server", cls.folder,
                            cls.network.name)
        cls.server.start()
        cls.addClassCleanup(cls.server.stop)

    @classmethod
    def gather_packages(cls):
        """Puts the packages where the machines see them, as agent.deb and server.deb."""
        for name in ("agent", "server"):
            shutil.copy(package(f"dijkwacht-{name}"), cls.packages / f"{name}.deb")

    def setUp(self):
        WorldTest.machines_made = getattr(WorldTest, "machines_made", 0) + 1
        self.label = f"{LABEL[:-2]}{WorldTest.machines_made:02}"
        self.gate.open()
        self.machine = self.make_machine()
        self.addCleanup(self.gate.drop)
        self.addCleanup(self.machine.close)

    def make_machine(self):
        """A machine as it was before anybody touched it."""
        raise NotImplementedError

    # ---- Steps that many tests begin with

    def install(self, name="agent"):
        self.machine.check(f"{INSTALL} {SHARE}/{name}.deb", 300)

    def settle_quickly(self):
        self.machine.write("/run/systemd/system/dijkwacht-settle.timer.d/quickly.conf", QUICKLY)
        self.machine.check("systemctl daemon-reload")

    def enrol(self):
        self.machine.check("dijkwacht enrol", given=self.server.join_code(self.label) + "\n")

    def install_and_join(self):
        """Until the first snapshot is stored and its receipt taken in."""
        self.install()
        self.settle_quickly()
        self.enrol()
        self.arrived(1)

    def look_now(self):
        """A check-in, now, whenever the last one was."""
        self.forget_the_interval()
        self.machine.check("systemctl start dijkwacht-collect.service")

    def arrived(self, count, seconds=60):
        """Waits until so many snapshots are stored and nothing is under way any more."""
        self.server.wait_for_snapshots(self.label, count, seconds)
        self.machine.until(f"[ -z \"$(ls {STATE}/outbox)\" ] && {IDLE}", seconds)
        self.assertEqual(len(self.server.snapshots(self.label)), count)

    def stays(self, count, seconds=6):
        """Nothing more arrives for a while."""
        time.sleep(seconds)
        self.machine.until(IDLE)
        self.assertEqual(len(self.server.snapshots(self.label)), count)

    def forget_the_interval(self):
        """Check-ins less than a minute apart are put off; here they would be a test's waiting."""
        path = f"{STATE}/collect/state.json"
        content = self.machine.run(f"cat {path}").output.split("\n", 1)[1]
        content = re.sub(r'"minimum_interval_seconds":\d+', '"minimum_interval_seconds":0', content)
        digest = hashlib.sha256(content.encode()).hexdigest()
        self.machine.check(f"cat >{path}", given=f"{digest}\n{content}")

    def instead(self, half, program, more="", result="success"):
        """Runs a program of perl in the place of a unit's own, with everything else that the unit
        says, and answers what it printed."""
        unit = f"dijkwacht-{half}.service"
        self.machine.write(f"/run/systemd/system/{unit}.d/instead.conf",
                           "[Unit]\nOnSuccess=\nOnFailure=\nConditionPathExists=\n"
                           "ConditionDirectoryNotEmpty=\n"
                           f"[Service]\nExecStart=\nExecStart=/usr/bin/perl -e '{program}'\n"
                           f"ExecPaths=/usr/bin /usr/lib\nStandardOutput=truncate:/run/printed-{half}\n"
                           f"StandardError=inherit\n{more}\n")
        # Nothing else starts it meanwhile.
        self.machine.check("systemctl stop dijkwacht-changes.path dijkwacht-settle.timer "
                           f"dijkwacht-collect.timer dijkwacht-upload.timer && {IDLE}")
        self.machine.check("systemctl daemon-reload")
        self.machine.run(f"systemctl start {unit}")
        printed = self.machine.check(f"cat /run/printed-{half}; echo")
        self.assertEqual(self.machine.shows(unit, "Result"), {"Result": result}, printed)
        return printed

    def chain_is_whole(self, noticed=0):
        """Each snapshot names the one before it, none is there twice, and the server noticed
        nothing else than what is expected."""
        stored = self.server.snapshots(self.label)
        self.assertEqual(len({row[2] for row in stored}), len(stored))
        for before, after in zip(stored, stored[1:]):
            self.assertEqual((after[0], after[1], after[3]), (before[0], before[1] + 1, before[2]))
        self.assertEqual(self.server.flags(self.label), noticed)


IDLE = ("! systemctl list-units --state=activating,active --no-legend "
        "'dijkwacht-*.service' | grep -v server | grep -q .")


class ContainerTest(WorldTest):
    """Each test has a container with systemd."""

    def make_machine(self):
        wire = self.network.wire()
        self.addCleanup(self.network.unwire, wire)
        return Container(self.tree(), self.folder, wire, {SHARE: self.packages})

    def tree(self):
        return self.image.container()


class ComputerTest(WorldTest):
    """Each test has the computer of its class, restored from where it was frozen."""

    COMPUTER = None

    def make_machine(self):
        return Machine.restored(COMPUTERS[self.COMPUTER], self.image.disks(),
                                self.image.frozen(self.COMPUTER),
                                self.folder / f"machine-{self.label}", self.network.name,
                                self.packages)
