"""From what an entry declares to the tree of a machine. Each name below "machine" is here."""
from block_devices import BlockDevices, write_btrfs, write_mounts, write_swaps
from tree import Declaration, merged, refuse_unknown
import usb

KERNEL = {"release": "6.1.0-37-amd64", "version": "#1 SMP PREEMPT_DYNAMIC Debian 6.1.140-1",
          "architecture": "x86_64"}

# What every machine has, unless the entry says otherwise.
USUAL_FILES = {
    "/proc/cmdline": "BOOT_IMAGE=/vmlinuz-6.1.0-37-amd64 ro quiet\n",
    "/proc/crypto": ["name         : ecb(cipher_null)", "driver       : ecb-cipher_null",
                     "module       : crypto_null", "refcnt       : 1", "",
                     "name         : xts(aes)", "driver       : xts-aes-aesni",
                     "module       : aesni_intel", "refcnt       : 3", ""],
    "/proc/sys/kernel/modules_disabled": "0\n",
    "/proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu vme aes\n",
    "/sys/power/state": "freeze mem\n",
    "/sys/power/resume": "0:0\n",
    "/sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
    "/sys/class/dmi/id/sys_vendor": "LENOVO\n",
    "/sys/class/dmi/id/product_name": "20XW00AAMH\n",
    "/sys/fs/cgroup/system.slice": {"folder": True},
    "/sys/bus": {"folder": True},
    "/home": {"folder": True},
    "/var": {"folder": True},
    "/tmp": {"folder": True},
}

PARTS = {"like", "kernel", "files", "unreadable", "devices", "mounts", "swaps", "btrfs",
         "usb_controllers", "usb_devices", "usb_storage_driver", "usbguard", "thunderbolt", "pci"}


def complete(declared, machines):
    """Lays an entry over the machine that it is like, and that over the one it is like."""
    refuse_unknown(declared, PARTS, "machine")
    if "like" not in declared:
        return declared
    base = machines.get(declared["like"])
    if base is None:
        raise Declaration(f'no machine is called "{declared["like"]}"')
    change = {name: value for name, value in declared.items() if name != "like"}
    return merged(complete(base, machines), change)


def _write_storage(tree, machine):
    devices = BlockDevices(tree, machine.get("devices", {}))
    if "mounts" in machine:
        write_mounts(tree, devices, machine["mounts"])
    write_swaps(tree, devices, machine.get("swaps", {}))
    write_btrfs(tree, devices, machine.get("btrfs", {}))


def _write_usb(tree, machine, kernel):
    if "usb_controllers" in machine:
        usb.write_controllers(tree, machine["usb_controllers"])
    usb.write_devices(tree, machine.get("usb_devices", {}))
    if "usb_storage_driver" in machine:
        usb.write_driver(tree, machine["usb_storage_driver"], kernel["release"])
    if "usbguard" in machine:
        usb.write_usbguard(tree, machine["usbguard"])
    usb.write_thunderbolt(tree, machine.get("thunderbolt", {}))
    if "pci" in machine:
        usb.write_pci(tree, machine["pci"])


def build(tree, machine):
    """Writes the machine, and answers what else collect_facts has to be told about it."""
    kernel = merged(KERNEL, machine.get("kernel", {}))
    refuse_unknown(kernel, KERNEL, "kernel")
    for path, content in merged(USUAL_FILES, {path: None for path, content
                                              in machine.get("files", {}).items()
                                              if content == "absent"}).items():
        tree.declare(path, content)
    _write_storage(tree, machine)
    _write_usb(tree, machine, kernel)
    for path, content in machine.get("files", {}).items():
        if content != "absent":
            tree.declare(path, content)
    arguments = ["--kernel-release", kernel["release"], "--kernel-version", kernel["version"],
                 "--architecture", kernel["architecture"]]
    for path in machine.get("unreadable", []):
        tree.make_unreadable(path)
    return arguments + (["--as-nobody"] if "unreadable" in machine else [])
