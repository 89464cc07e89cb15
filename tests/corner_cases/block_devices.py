"""Disks as the kernel shows them: /sys, /proc, /dev and what udev keeps of them.

Names follow the kernel's documentation (ABI/stable/sysfs-block, proc_pid_mountinfo(5)) and what
cryptsetup and LVM call their mappings; nothing here knows how a collector reads them.
"""
import uuid

import luks
from tree import Declaration, refuse_unknown

NAMESPACE = uuid.UUID("5b0f6d3e-0000-4000-8000-000000000000")
SECTORS = 2048000

# What a device of its kind is called in device mapper: cryptsetup's and LVM's UUIDs.
MAPPINGS = {
    "luks1": "CRYPT-LUKS1-{uuid}-{name}",
    "luks2": "CRYPT-LUKS2-{uuid}-{name}",
    "plain": "CRYPT-PLAIN-{name}",
    "veracrypt": "CRYPT-TCRYPT-{name}",
    "bitlocker": "CRYPT-BITLK-{uuid}-{name}",
    "filevault": "CRYPT-FVAULT2-{uuid}-{name}",
    "loop-aes": "CRYPT-LOOPAES-{name}",
    "verity": "CRYPT-VERITY-{uuid}-{name}",
    "integrity": "CRYPT-INTEGRITY-{name}",
    "integrity below luks": "CRYPT-SUBDEV-{uuid}-{name}_dif",
    "reencryption hotzone": "CRYPT-SUBDEV-{uuid}-hotzone-forward",
    "reencryption overlay": "CRYPT-SUBDEV-{uuid}-overlay",
    "lvm": "LVM-{lvm}",
    "multipath": "mpath-3600508b400105e210000900000490000",
    "vdo": "VDO-{uuid}",
    "stratis": "stratis-1-private-{uuid}-physical-originsub",
    "partition of a mapping": "part1-mpath-3600508b400105e210000900000490000",
    "unnamed": "",
}

# Where a disk hangs in /sys/devices, with what the kernel says on the way.
BUSES = {
    "sata": ("pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0", {}),
    "nvme": ("pci0000:00/0000:00:1d.0/nvme/nvme0", {}),
    "virtio": ("pci0000:00/0000:00:04.0/virtio1", {}),
    "iscsi": ("platform/host3/session1/target3:0:0/3:0:0:0", {}),
    "network": ("virtual", {}),
    "usb": ("pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0",
            {"pci0000:00/0000:00:14.0/usb2/2-1/removable": "removable"}),
    "usb, unnamed port": ("pci0000:00/0000:00:14.0/usb2/2-2/2-2:1.0/host7/target7:0:0/7:0:0:0", {}),
    "usb, built in": ("pci0000:00/0000:00:14.0/usb2/2-3/2-3:1.0/host8/target8:0:0/8:0:0:0",
                      {"pci0000:00/0000:00:14.0/usb2/2-3/removable": "fixed"}),
    "sd card": ("pci0000:00/0000:00:1a.0/mmc_host/mmc0/mmc0:aaaa",
                {"pci0000:00/0000:00:1a.0/mmc_host/mmc0/mmc0:aaaa/type": "SD"}),
    "emmc": ("pci0000:00/0000:00:1b.0/mmc_host/mmc1/mmc1:0001",
             {"pci0000:00/0000:00:1b.0/mmc_host/mmc1/mmc1:0001/type": "MMC"}),
}

# libblkid's usage of what it recognises; everything else here is a file system.
USAGES = {"crypto_LUKS": "crypto", "BitLocker": "crypto", "LVM2_member": "raid",
          "linux_raid_member": "raid", "bcache": "other", "swap": "other",
          "DM_integrity": "crypto", "DM_verity_hash": "crypto"}

PARTITION_TYPES = {
    "linux": "0fc63daf-8483-4772-8e79-3d69d8477de4",
    "esp": "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
    "boot loader": "bc13c2ff-59e6-4262-a352-b275fd6f7172",
    "recovery": "de94bba4-06d1-4d40-a16a-bfd50179d6ac",
    "windows": "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7",
}

MAJORS = {"sd": 8, "vd": 254, "nvme": 259, "mmcblk": 179, "nbd": 43, "rbd": 251, "dm-": 253,
          "md": 9, "loop": 7, "zram": 252, "bcache": 250, "zd": 230, "cciss": 104}

VIRTUAL = {"mapped", "raid", "bcache", "loop", "zram"}
DEVICE_KEYS = VIRTUAL | {"bus", "medium_comes_out", "partition_of", "partition_type", "from",
                         "holds", "udev", "node", "files", "header_of"}


WITHOUT_NUMBER = {"btrfs", "zfs", "bcachefs"}  # their mounts carry a number that no disk has


def luks_uuid(name):
    return str(uuid.uuid5(NAMESPACE, name))


class Device:
    def __init__(self, name, declared):
        refuse_unknown(declared, DEVICE_KEYS, f"device {name}")
        self.name = name  # as the entry calls it; of a mapping the name in /dev/mapper
        self.declared = declared
        self.kernel_name = name
        self.number = ""
        self.place = ""  # below /sys/devices

    @property
    def lower(self):
        return self.declared.get("from", [])

    @property
    def held(self):
        """What it holds, as (kind, variations)."""
        holds = self.declared.get("holds")
        if isinstance(holds, dict):
            return next(iter(holds.items()))
        return holds, {}


class BlockDevices:
    """All devices of one machine, in the order in which they are declared."""

    def __init__(self, tree, declared):
        self.tree = tree
        self.by_name = {name: Device(name, one) for name, one in declared.items()}
        self._count = {}
        for device in self.by_name.values():
            self._identify(device)
        for device in self.by_name.values():
            self._write(device)

    def find(self, name):
        if name not in self.by_name:
            raise Declaration(f"there is no device {name}")
        return self.by_name[name]

    def of_path(self, path):
        """The device of /dev/NAME or /dev/mapper/NAME, or None."""
        name = path.removeprefix("/dev/").removeprefix("mapper/").replace("/", "!")
        return self.by_name.get(name) if path.startswith("/dev/") else None

    def _identify(self, device):
        declared = device.declared
        if "mapped" in declared:
            device.kernel_name = f"dm-{self._count.get('dm-', 0)}"
        start = next((s for s in MAJORS if device.kernel_name.startswith(s)), None)
        if start is None:
            raise Declaration(f"the kernel has no devices that are called {device.name}")
        minor = self._count.get(start, 0)
        self._count[start] = minor + 1
        device.number = f"{MAJORS[start]}:{minor}"
        if "partition_of" in declared:
            place = self.find(declared["partition_of"]).place
        elif "bus" in declared or not VIRTUAL & set(declared):
            place = BUSES[declared.get("bus", "sata")][0] + "/block"
        else:
            place = "virtual/block"
        device.place = f"{place}/{device.kernel_name}"

    def _write(self, device):
        at = f"/sys/devices/{device.place}"
        tree, declared = self.tree, device.declared
        tree.line(f"{at}/dev", device.number)
        tree.line(f"{at}/size", SECTORS)
        tree.line(f"{at}/ro", 0)
        up = "../../devices/" + device.place
        tree.link(f"/sys/dev/block/{device.number}", up)
        tree.link(f"/sys/class/block/{device.kernel_name}", up)
        if "partition_of" in declared:
            tree.line(f"{at}/partition", device.kernel_name[-1])
        else:
            tree.line(f"{at}/removable", int(declared.get("medium_comes_out", False)))
            for path, value in BUSES[declared.get("bus", "sata")][1].items():
                tree.line(f"/sys/devices/{path}", value)
            tree.make_folder(f"{at}/slaves")
        tree.make_folder(f"{at}/holders")
        for name in device.lower:
            self._join(device, self.find(name))
        self._write_kind(device, at)
        for path, content in declared.get("files", {}).items():
            tree.declare(f"{at}/{path}", content)
        self._write_udev(device)
        self._write_node(device)

    def _join(self, upper, lower):
        climb = "../" * (upper.place.count("/") + 2)
        self.tree.link(f"/sys/devices/{upper.place}/slaves/{lower.kernel_name}",
                       climb + lower.place)
        climb = "../" * (lower.place.count("/") + 2)
        self.tree.link(f"/sys/devices/{lower.place}/holders/{upper.kernel_name}",
                       climb + upper.place)

    def _write_kind(self, device, at):
        declared, tree = device.declared, self.tree
        if "mapped" in declared:
            tree.line(f"{at}/dm/name", device.name)
            tree.line(f"{at}/dm/uuid", self._mapping_uuid(device))
            tree.line(f"{at}/dm/suspended", 0)
            tree.link(f"/dev/mapper/{device.name}", f"../{device.kernel_name}")
        if "raid" in declared:
            tree.line(f"{at}/md/level", declared["raid"])
            tree.line(f"{at}/md/array_state", "clean")
        if "bcache" in declared:
            tree.make_folder(f"{at}/bcache")
            if declared["bcache"] == "with cache":
                tree.make_folder("/sys/fs/bcache/0")
                tree.link(f"{at}/bcache/cache", "/sys/fs/bcache/0")
        if declared.get("loop"):
            tree.line(f"{at}/loop/backing_file", declared["loop"])
        if "zram" in declared:
            tree.line(f"{at}/backing_dev", declared["zram"])

    def _mapping_uuid(self, device):
        kind = device.declared["mapped"]
        if kind not in MAPPINGS:
            raise Declaration(f'{device.name} is mapped "{kind}"; known are {", ".join(MAPPINGS)}')
        owner = device.declared.get("header_of") or self._header_below(device) or device.name
        lvm = (luks_uuid(device.name).replace("-", "") * 2)[:64]
        return MAPPINGS[kind].format(name=device.name, lvm=lvm,
                                     uuid=luks_uuid(owner).replace("-", ""))

    def _header_below(self, device):
        """The name of the device that holds the LUKS header of a mapping."""
        for name in device.lower:
            lower = self.find(name)
            if lower.held[0] in ("luks1", "luks2"):
                return name
            if "mapped" in lower.declared and self._header_below(lower):
                return self._header_below(lower)
        return None

    def _write_udev(self, device):
        if device.declared.get("udev") is False:
            return
        kind, _ = device.held
        kind = {"luks1": "crypto_LUKS", "luks2": "crypto_LUKS"}.get(kind, kind)
        lines = ["S:disk/by-diskseq/1", "I:1000000", "E:ID_MODEL=Example"]
        if kind:
            lines += [f"E:ID_FS_TYPE={kind}", f"E:ID_FS_USAGE={USAGES.get(kind, 'filesystem')}"]
        if "partition_of" in device.declared:
            partition_type = PARTITION_TYPES[device.declared.get("partition_type", "linux")]
            lines += ["E:ID_PART_ENTRY_SCHEME=gpt", f"E:ID_PART_ENTRY_TYPE={partition_type}"]
        self.tree.declare(f"/run/udev/data/b{device.number}", lines)

    def _write_node(self, device):
        """A file stands for the device's node; it holds what the device starts with."""
        if device.declared.get("node") is False:
            return
        kind, variations = device.held
        content = bytes(65536)
        if kind in ("luks1", "luks2"):
            content = getattr(luks, kind)(luks_uuid(device.name), **variations) + content
        self.tree.write("/dev/" + device.kernel_name.replace("!", "/"), content)


def _mount_line(identifier, point, text, devices, anonymous):
    source, kind, options = (text.split() + ["rw"])[:3]
    special = dict(o.split("=", 1) for o in options.split(",")
                   if o.startswith(("number-of=", "root=")))
    options = [o for o in options.split(",") if o.split("=")[0] not in special] or ["rw"]
    device = devices.of_path(source)
    if "number-of" in special:
        device = devices.find(special["number-of"])
    if device is not None and kind not in WITHOUT_NUMBER:
        number = device.number
    else:
        number = anonymous.setdefault((source, kind) if device else point, f"0:{identifier + 10}")
    access = "ro" if "ro" in options else "rw"
    return (f"{identifier} {1 if point == '/' else 22} {number} {special.get('root', '/')} "
            f"{point.removesuffix(' (again)')} {access},relatime shared:{identifier} - "
            f"{kind} {source} {','.join(options)}")


def write_mounts(tree, devices, mounts):
    """mounts: {POINT: "SOURCE TYPE [OPTIONS]"} as in fstab.

    "(again)" after a point mounts over it. Two options are ours: number-of=DEVICE, where the
    source does not name the device, and root=/FOLDER, of which a part is mounted.
    """
    anonymous = {}
    tree.declare("/proc/1/mountinfo",
                 [_mount_line(identifier, point, text, devices, anonymous)
                  for identifier, (point, text) in enumerate(mounts.items(), start=22)])


def write_swaps(tree, devices, swaps):
    """swaps: {PATH: "partition" or "file"}; the kernel shows the device's own name."""
    lines = ["Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority"]
    for path, kind in swaps.items():
        device = devices.of_path(path)
        shown = "/dev/" + device.kernel_name.replace("!", "/") if device else path
        lines.append(f"{shown:<40}{kind}\t8388604\t\t0\t\t-2")
    tree.declare("/proc/swaps", lines)


def write_btrfs(tree, devices, filesystems):
    """filesystems: {NAME: {"members": [...], "missing": COUNT}}"""
    for name, declared in filesystems.items():
        refuse_unknown(declared, {"members", "missing", "devinfo"}, f"btrfs {name}")
        at = f"/sys/fs/btrfs/{luks_uuid(name)}"
        tree.line(f"{at}/label", name)
        for i, member in enumerate(declared["members"], start=1):
            device = devices.find(member)
            tree.link(f"{at}/devices/{device.kernel_name}", f"../../../../devices/{device.place}")
            if declared.get("devinfo", True):
                tree.line(f"{at}/devinfo/{i}/missing", 0)
        for i in range(declared.get("missing", 0)):
            tree.line(f"{at}/devinfo/{len(declared['members']) + 1 + i}/missing", 1)
