"""The two computers that are emulated, and the QEMU command that describes each."""

import dataclasses
import pathlib
import sys

import network

FORWARD = pathlib.Path(__file__).resolve().parent / "forward.py"
FIRMWARE = "/usr/share/OVMF/OVMF_CODE_4M.secboot.fd"
KERNEL_WORDS = ("console=ttyS0 rw net.ifnames=0 quiet systemd.show_status=0 nokaslr loglevel=3 "
                "nowatchdog edd=off")


@dataclasses.dataclass(frozen=True)
class Computer:
    """What a computer is made of. Files are names below the folder of the disks."""

    name: str
    disk: str
    kernel: str
    initrd: str
    root: str
    words: str = ""
    trusted: bool = False  # UEFI with Secure Boot, and a TPM


COMPUTERS = {computer.name: computer for computer in (
    Computer("bad", "bad.raw", "vmlinuz", "initrd-bad.img", "LABEL=root", "mitigations=off"),
    Computer("good", "good.raw", "vmlinuz.signed", "initrd-good.img",
             "/dev/mapper/laptop--vg-root", trusted=True))}


def command(computer, disks, folder, share):
    """The QEMU command. The same one freezes and restores; sockets lie in the folder."""
    forward = f"{sys.executable} -I {FORWARD} 127.0.0.1 {network.PORT}"
    words = ["qemu-system-x86_64", "-accel", "tcg,thread=multi,tb-size=512", "-M", "q35",
             "-cpu", "max", "-smp", "2", "-m", "768", "-nodefaults", "-display", "none",
             "-no-reboot", "-rtc", "base=utc", "-device", "virtio-rng-pci",
             "-chardev", f"socket,id=console,path={folder}/console,server=on,wait=off,"
             f"logfile={folder}/serial.log", "-serial", "chardev:console",
             "-qmp", f"unix:{folder}/monitor,server=on,wait=off",
             "-kernel", disks / computer.kernel, "-initrd", disks / computer.initrd,
             "-append", f"{KERNEL_WORDS} root={computer.root} {computer.words}",
             "-device", "virtio-serial-pci",
             "-chardev", f"socket,id=agent,path={folder}/agent,server=on,wait=off",
             "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0",
             "-nic", "user,id=net0,model=virtio-net-pci,restrict=on,"
             f"guestfwd=tcp:{network.ADDRESS}:{network.PORT}-cmd:{forward}",
             "-device", "qemu-xhci,id=xhci",
             "-drive", f"if=none,id=disk,file={folder}/disk.qcow2,format=qcow2,cache=unsafe,"
             "discard=unmap", "-device", "virtio-blk-pci,drive=disk",
             "-fsdev", f"local,id=share,path={share},security_model=none,readonly=on",
             "-device", "virtio-9p-pci,fsdev=share,mount_tag=share"]
    if computer.trusted:
        words += ["-chardev", f"socket,id=chip,path={folder}/chip", "-tpmdev",
                  "emulator,id=tpm,chardev=chip", "-device", "tpm-crb,tpmdev=tpm",
                  "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={FIRMWARE}",
                  "-drive", f"if=pflash,format=qcow2,unit=1,file={folder}/variables.qcow2",
                  "-global", "driver=cfi.pflash01,property=secure,value=on",
                  "-global", "ICH9-LPC.disable_s3=1", "-machine", "smm=on"]
    return words


def chip_command(folder, resumed):
    """The TPM's command. A restored one goes on where it was."""
    words = ["swtpm", "socket", "--tpm2", "--terminate", "--tpmstate", f"dir={folder}/tpm",
             "--ctrl", f"type=unixio,path={folder}/chip", "--log", f"file={folder}/tpm.log"]
    return words if resumed else words + ["--flags", "startup-clear"]
