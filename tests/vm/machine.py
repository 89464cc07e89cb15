"""An emulated computer: boots from a disk or goes on from where it was frozen."""

import pathlib
import shutil
import subprocess
import time

from guest import ENVIRONMENT, Answer, Guest
from guest_agent import GuestAgent, Monitor
from hardware import chip_command, command
from host import run, start, stop

BOOT_SECONDS = 300
SHARE = "/srv/packages"


def layer(base, over):
    """A disk that begins as another one, which does not change."""
    kind = "qcow2" if base.suffix == ".qcow2" else "raw"
    run("qemu-img", "create", "-q", "-f", "qcow2", "-F", kind, "-b", base.resolve(), over)


class Machine(Guest):
    """A computer with everything that is its own in one folder."""

    def __init__(self, computer, disks, folder, namespace, share):
        self.computer, self.disks, self.namespace, self.share = computer, disks, namespace, share
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True)
        self.process = self.chip = self.monitor = self.agent = None

    # ---- How one comes to life

    @classmethod
    def booted(cls, computer, disks, folder, namespace, share):
        """A new computer, switched on for the first time."""
        machine = cls(computer, disks, folder, namespace, share)
        layer(disks / computer.disk, machine.folder / "disk.qcow2")
        if computer.trusted:
            layer(disks / "variables.qcow2", machine.folder / "variables.qcow2")
            shutil.copytree(disks / "tpm", machine.folder / "tpm")
        machine.power_on()
        return machine

    @classmethod
    def restored(cls, computer, disks, frozen, folder, namespace, share):
        """A computer as freeze() left it, with the time of now."""
        machine = cls(computer, disks, folder, namespace, share)
        layer(frozen / "disk.qcow2", machine.folder / "disk.qcow2")
        if computer.trusted:
            layer(frozen / "variables.qcow2", machine.folder / "variables.qcow2")
            shutil.copytree(frozen / "tpm", machine.folder / "tpm")
        machine._run_from(frozen / "state")
        machine.check(f"date -s @{time.time():.0f}")
        machine.mount_share()
        return machine

    def power_on(self):
        """Boots from its disk."""
        self._begin([])
        try:
            self._meet(BOOT_SECONDS)
            self.until("systemctl is-system-running | grep -Ex 'running|degraded'", BOOT_SECONDS)
        except BaseException:
            self.close()
            raise

    def _run_from(self, state):
        self._begin(["-incoming", f"exec:cat {state}"])
        try:
            while self.monitor.command("query-migrate").get("status") != "completed":
                time.sleep(0.02)
            self.monitor.command("cont")
            self._meet(60)
        except BaseException:
            self.close()
            raise

    def _begin(self, more):
        if self.computer.trusted:
            self.chip = start(*chip_command(self.folder, bool(more)))
            while not (self.folder / "chip").exists():
                time.sleep(0.02)
        words = command(self.computer, self.disks, self.folder, self.share)
        with open(self.folder / "qemu.log", "wb") as log:
            self.process = start("nsenter", f"--net=/run/netns/{self.namespace}", "--", *words,
                                 *more, stdout=log, stderr=subprocess.STDOUT)
        try:
            self.monitor = Monitor(self.folder / "monitor")
        except (OSError, EOFError) as error:
            self.close()
            raise RuntimeError((self.folder / "qemu.log").read_text()) from error

    def _meet(self, seconds):
        """Waits for the agent in the machine. Nothing is said to it before it has opened its port:
        Linux stops calling a socket writable at a quarter of its buffer."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"QEMU ended: {(self.folder / 'qemu.log').read_text()}")
            ports = self.monitor.command("query-chardev")
            if not any(port["label"] == "agent" and port["frontend-open"] for port in ports):
                time.sleep(0.1)
                continue
            self.agent = self.agent or GuestAgent(self.folder / "agent")
            if self.agent.greet(3):
                return
        raise TimeoutError(f"the machine does not answer after {seconds} s; its console says:\n"
                           f"{(self.folder / 'serial.log').read_text(errors='replace')[-3000:]}")

    # ---- What one can do

    def run(self, command, seconds=120, given=None):
        return Answer(*self.agent.execute(f"cd /; {command}", ENVIRONMENT, seconds, given))

    def mount_share(self):
        """Shows the packages in the machine. A machine that has them mounted cannot be frozen."""
        self.check(f"mkdir -p {SHARE} && mount -t 9p -o trans=virtio,ro share {SHARE}")

    def wire(self, connected):
        """Puts the network cable in or pulls it out."""
        self.monitor.command("set_link", name="net0", up=connected)

    def plug_in_stick(self, image):
        """Plugs in a USB stick with this content."""
        self.monitor.command("blockdev-add", driver="raw", **{
            "node-name": "stick", "file": {"driver": "file", "filename": str(image)}})
        self.monitor.command("device_add", driver="usb-storage", id="stick", bus="xhci.0",
                             drive="stick", serial="STICK-1", removable=True)

    def pull_out_stick(self):
        self.monitor.command("device_del", id="stick")

    def cut_power(self):
        """The computer is off from one moment to the next."""
        self.process.kill()
        self._put_away()

    def freeze(self, folder):
        """Keeps memory, devices and disks in a folder, and ends."""
        folder.mkdir(parents=True)
        self.monitor.command("stop")
        self.monitor.command("migrate-set-parameters", **{"max-bandwidth": 1 << 40})
        self.monitor.command("migrate", uri=f"exec:cat > {folder}/state")
        while (state := self.monitor.command("query-migrate")["status"]) != "completed":
            if state in ("failed", "cancelled"):
                raise RuntimeError(f"the machine could not be frozen: {state}")
            time.sleep(0.05)
        self.monitor.command("quit")
        self.process.wait(30)
        self._put_away()
        for name in ("disk.qcow2", "variables.qcow2", "tpm"):
            if (self.folder / name).exists():
                shutil.move(self.folder / name, folder / name)

    def close(self):
        """Ends it, and takes away what was its own."""
        self._put_away()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _put_away(self):
        for end in (self.agent, self.monitor):
            if end is not None:
                end.close()
        stop(self.process)
        stop(self.chip)
        self.process = self.chip = self.monitor = self.agent = None
        for name in ("console", "monitor", "agent", "chip"):
            (self.folder / name).unlink(missing_ok=True)
