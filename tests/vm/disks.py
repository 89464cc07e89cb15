"""The disks of the emulated machines, made from a tree as plain files: no device mapper needed.

  bad.raw   one file system in the clear, without a partition table
  good.raw  what Debian's installer makes: GPT, ESP, /boot, and LUKS2 with LVM in it (root, swap)
"""

import contextlib
import pathlib
import shutil

from host import run

MEGABYTE = 1 << 20
KEYS = pathlib.Path("/usr/share/ovmf")
VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.snakeoil.fd"
GROUP = "laptop-vg"
LUKS = "11111111-2222-4333-8444-777777777777"
BOOT = "b0070000-0000-4000-8000-000000000001"
DISK_KEY = "a key of a disk that is only ever a test"
ROOT_MEGABYTES, SWAP_MEGABYTES, ESP_MEGABYTES, BOOT_MEGABYTES = 1024, 32, 32, 96

GOOD_FSTAB = f"""/dev/mapper/laptop--vg-root / ext4 defaults,noatime 0 1
UUID={BOOT} /boot ext4 defaults 0 2
UUID=E5BE-0001 /boot/efi vfat umask=0077 0 1
/dev/mapper/laptop--vg-swap_1 none swap sw 0 0
"""


def make_disks(tree, out):
    """Everything that a machine boots from, in the folder out. The tree is changed on the way."""
    out.mkdir()
    version = next((tree / "usr/lib/modules").iterdir()).name
    shutil.copy(tree / f"boot/vmlinuz-{version}", out / "vmlinuz")
    sign_kernel(out)
    make_bad(tree, out, version)
    make_good(tree, out, version)


def sign_kernel(out):
    """Signed by the key that the firmware's test variables trust."""
    run("openssl", "pkey", "-in", KEYS / "PkKek-1-snakeoil.key", "-passin", "pass:snakeoil",
        "-out", out / "boot.key")
    run("sbsign", "--key", out / "boot.key", "--cert", KEYS / "PkKek-1-snakeoil.pem",
        "--output", out / "vmlinuz.signed", out / "vmlinuz")
    run("qemu-img", "convert", "-f", "raw", "-O", "qcow2", VARIABLES, out / "variables.qcow2")
    (out / "tpm").mkdir()
    run("swtpm_setup", "--tpm2", "--tpmstate", out / "tpm", "--create-ek-cert",
        "--create-platform-cert", "--lock-nvram", "--overwrite")


def make_initrd(tree, version, target):
    """It says that it cannot find the root device and its ciphers: there are none here."""
    run("mount", "--bind", "/proc", tree / "proc")
    try:
        run("chroot", tree, "mkinitramfs", "-o", "/tmp/initrd", version)
    finally:
        run("umount", tree / "proc")
    shutil.move(tree / "tmp/initrd", target)


def make_bad(tree, out, version):
    (tree / "etc/fstab").write_text("LABEL=root / ext4 defaults,noatime 0 0\n")
    (tree / "etc/crypttab").write_text("")
    make_initrd(tree, version, out / "initrd-bad.img")
    disk = out / "bad.raw"
    _sized(disk, ROOT_MEGABYTES)
    run("mkfs.ext4", "-q", "-F", "-L", "root", "-J", "size=8", "-E", "lazy_itable_init=1",
        "-m", "0", "-d", tree, disk)


def make_good(tree, out, version):
    keys = tree / "etc/keys"
    keys.mkdir(mode=0o700)
    (keys / "root.key").write_text(DISK_KEY)
    (keys / "root.key").chmod(0o400)
    (tree / "etc/crypttab").write_text(
        f"vda3_crypt UUID={LUKS} /etc/keys/root.key luks,initramfs,discard\n")
    with open(tree / "etc/cryptsetup-initramfs/conf-hook", "a", encoding="utf8") as hook:
        hook.write('KEYFILE_PATTERN="/etc/keys/root.key"\n')
    (tree / "etc/fstab").write_text(GOOD_FSTAB)
    make_initrd(tree, version, out / "initrd-good.img")
    boot = out / "boot"
    shutil.move(tree / "boot", boot)
    for folder in (tree / "boot", boot / "efi"):
        folder.mkdir()
    make_encrypted(tree, out / "encrypted.raw", keys / "root.key")
    join_good(out, boot)
    shutil.rmtree(boot)
    (out / "encrypted.raw").unlink()


def make_encrypted(tree, volume, key):
    """LVM with root and swap; then all of it encrypted, in place, in user space."""
    _sized(volume, ROOT_MEGABYTES + SWAP_MEGABYTES + 8)
    with loop_device(volume) as device:
        configuration = (f'devices{{filter=["a|{device}|","r|.*|"] use_devicesfile=0}} '
                         "backup{backup=0 archive=0}")
        for words in (["pvcreate", device], ["vgcreate", GROUP, device],
                      ["lvcreate", "-an", "-Zn", "-Wn", "-l", ROOT_MEGABYTES // 4, "-n", "root",
                       GROUP],
                      ["lvcreate", "-an", "-Zn", "-Wn", "-l", SWAP_MEGABYTES // 4, "-n", "swap_1",
                       GROUP]):
            run(*words, "--driverloaded", "n", "--config", configuration, "-q")
    # The first logical volume starts 1 MiB into the physical one, the second after it.
    run("mkfs.ext4", "-q", "-F", "-L", "root", "-J", "size=8", "-E",
        f"offset={MEGABYTE},lazy_itable_init=1", "-m", "0", "-d", tree, volume,
        f"{ROOT_MEGABYTES}M")
    swap = volume.with_suffix(".swap")
    _sized(swap, SWAP_MEGABYTES)
    run("mkswap", "-q", swap)
    _copy(swap, volume, ROOT_MEGABYTES + 1)
    swap.unlink()
    run("truncate", "-s", "+8M", volume)
    run("cryptsetup", "reencrypt", "--encrypt", "-q", "--type", "luks2", "--uuid", LUKS,
        "--reduce-device-size", "8M", "--pbkdf", "pbkdf2", "--pbkdf-force-iterations", "1000",
        "--cipher", "aes-xts-plain64", "--key-size", "512", "--resilience", "none",
        "--key-file", key, volume)


def join_good(out, boot):
    """The partitions, put together."""
    disk, encrypted = out / "good.raw", out / "encrypted.raw"
    first = 1 + ESP_MEGABYTES
    second = first + BOOT_MEGABYTES
    size = encrypted.stat().st_size // MEGABYTE
    _sized(disk, second + size + 1)
    sectors = MEGABYTE // 512
    layout = "label: gpt\n" + "".join(
        f"start={begin * sectors},size={length * sectors},type={kind},name={name}\n"
        for begin, length, kind, name in ((1, ESP_MEGABYTES, "uefi", "ESP"),
                                          (first, BOOT_MEGABYTES, "linux", "boot"),
                                          (second, size, "linux", "crypt")))
    run("sfdisk", "-q", disk, input=layout)
    part = out / "part.raw"
    _sized(part, ESP_MEGABYTES)
    run("mkfs.vfat", "-i", "E5BE0001", "-n", "ESP", part)
    _copy(part, disk, 1)
    part.unlink()
    _sized(part, BOOT_MEGABYTES)
    run("mkfs.ext4", "-q", "-F", "-U", BOOT, "-L", "boot", "-d", boot, part)
    _copy(part, disk, first)
    part.unlink()
    _copy(encrypted, disk, second)


@contextlib.contextmanager
def loop_device(path):
    """A block device that is this file."""
    device = run("losetup", "--find", "--show", path).stdout.strip()
    try:
        yield device
    finally:
        run("losetup", "--detach", device)


def _sized(path, megabytes):
    with open(path, "wb") as opened:
        opened.truncate(megabytes * MEGABYTE)


def _copy(source, target, at_megabyte):
    run("dd", f"if={source}", f"of={target}", "bs=1M", f"seek={at_megabyte}",
        "conv=notrunc,sparse", "status=none")
