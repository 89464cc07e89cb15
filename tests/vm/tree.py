"""The folders that machines are made of: a Debian as its installer leaves it, before its first update."""

import pathlib
import shutil

import network
from host import archives, run

HERE = pathlib.Path(__file__).resolve().parent
HOST_NAME = "laptop"

# Kernel modules that no test needs: most of the size of the tree.
LEFT_OUT = ("sound", "drivers/gpu", "drivers/media", "drivers/infiniband", "drivers/net/wireless",
            "drivers/net/ethernet", "drivers/staging", "drivers/iio", "drivers/isdn",
            "drivers/hwmon", "drivers/mtd", "drivers/mfd", "drivers/comedi", "drivers/bluetooth",
            "net/bluetooth", "net/wireless", "net/mac80211", "fs/ocfs2", "fs/ceph", "fs/nfsd",
            "fs/gfs2", "drivers/scsi/lpfc", "drivers/scsi/qla2xxx", "drivers/edac",
            "drivers/crypto/qat")
NOT_READ = ("/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/i18n/*")

# Work that a machine does by itself at some moment: it would disturb what is being measured, or
# make the emulated machine slower to boot.
QUIET = ("apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer",
         "e2scrub_reap.service", "fstrim.timer", "man-db.timer", "systemd-pcrphase.service",
         "systemd-pcrphase-sysinit.service", "lvm2-monitor.service", "lvm2-lvmpolld.socket",
         "blk-availability.service", "getty@tty1.service", "getty-static.service",
         "systemd-networkd-wait-online.service", "modprobe@drm.service",
         "modprobe@efi_pstore.service", "modprobe@loop.service", "modprobe@fuse.service",
         "modprobe@configfs.service", "systemd-update-utmp.service",
         "systemd-update-utmp-runlevel.service", "systemd-random-seed.service",
         "systemd-network-generator.service", "systemd-repart.service",
         "systemd-firstboot.service", "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
         "dev-hugepages.mount", "proc-sys-fs-binfmt_misc.automount", "systemd-binfmt.service",
         "systemd-hwdb-update.service")
INITRD_MODULES = ("virtio_pci", "virtio_blk", "ext4", "vfat", "dm_mod", "dm_crypt", "xts",
                  "aesni_intel", "aes_generic", "sha256_generic", "ecb")


def packages(name):
    """The names in a list beside this file."""
    lines = (HERE / name).read_text().splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


def bootstrap(suite, tree, cache, names, *hooks):
    """A new tree from the archive's main alone, so that its security updates are pending."""
    cache.mkdir(parents=True, exist_ok=True)
    excluded = [f"--dpkgopt=path-exclude={path}" for path in NOT_READ]
    excluded += [f"--dpkgopt=path-exclude=/lib/modules/*/kernel/{part}/*" for part in LEFT_OUT]
    excluded += [f"--dpkgopt=path-exclude=/usr/lib/modules/*/kernel/{part}/*" for part in LEFT_OUT]
    run("mmdebstrap", "--quiet", "--variant=minbase", "--mode=root",
        f"--include={','.join(names)}", "--skip=essential/unlink", "--skip=cleanup/apt/cache",
        "--aptopt=APT::Install-Recommends \"false\"", "--aptopt=Acquire::Languages \"none\"",
        "--dpkgopt=force-unsafe-io", "--dpkgopt=force-confold", *excluded,
        "--setup-hook=mkdir -p \"$1/var/cache/apt/archives\"; "
        f"cp -a {cache}/*.deb \"$1/var/cache/apt/archives/\" 2>/dev/null || true",
        *hooks,
        f"--customize-hook=cp -an \"$1\"/var/cache/apt/archives/*.deb {cache}/ || true; "
        "rm -f \"$1\"/var/cache/apt/archives/*.deb",
        suite, tree, f"deb {archives()[0]} {suite} main", timeout=1800)


# Kernel packages would make an initrd for any machine: 34 MB, slow to load. Ours is made later.
NO_INITRD = ("--setup-hook=mkdir -p \"$1/etc/kernel/postinst.d\" \"$1/etc/initramfs-tools/conf.d\"; "
             "printf '#!/bin/sh\\nexit 0\\n' >\"$1/etc/kernel/postinst.d/initramfs-tools\"; "
             "chmod 755 \"$1/etc/kernel/postinst.d/initramfs-tools\"; "
             "printf 'update_initramfs=no\\nbackup_initramfs=no\\n' "
             ">\"$1/etc/initramfs-tools/update-initramfs.conf\"")


def make_tree(suite, tree, cache):
    """The tree that all Debian machines come from."""
    bootstrap(suite, tree, cache, packages("packages.guest"), NO_INITRD)
    give_lists(suite, tree)
    configure(tree)


def give_lists(suite, tree):
    """The archive's real package lists, so that apt and the agent know of the pending updates."""
    main, security = archives()
    (tree / "etc/apt/sources.list").write_text(f"deb {main} {suite} main\n"
                                               f"deb {security} {suite}-security main\n")
    run("apt-get", "update", "-qq", "-o", f"Dir={tree}", "-o", f"Dir::State={tree}/var/lib/apt",
        "-o", f"Dir::State::status={tree}/var/lib/dpkg/status", "-o", "Dir::Etc::parts=none",
        "-o", f"Dir::Etc::trustedparts={tree}/etc/apt/trusted.gpg.d/",
        "-o", f"Dir::Cache={tree}/var/cache/apt", "-o", "Acquire::Languages=none")


def configure(tree):
    """The settings that all machines share."""
    (tree / "etc/hostname").write_text(f"{HOST_NAME}\n")
    (tree / "etc/hosts").write_text(f"127.0.0.1 localhost {HOST_NAME}\n"
                                     f"{network.ADDRESS} {network.SERVER_NAME}\n")
    (tree / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    (tree / "etc/systemd/network/10-ethernet.network").write_text(
        "[Match]\nName=eth0\n[Network]\nAddress=10.0.2.15/24\nGateway=10.0.2.2\n"
        "LinkLocalAddressing=no\nIPv6AcceptRA=no\n")
    run("chroot", tree, "systemctl", "enable", "systemd-networkd.service")
    run("chroot", tree, "systemctl", "mask", *QUIET)
    initramfs = tree / "etc/initramfs-tools"
    (initramfs / "conf.d").mkdir(parents=True, exist_ok=True)
    (initramfs / "conf.d/small").write_text("MODULES=list\nCOMPRESS=zstd\nCOMPRESSLEVEL=1\n"
                                            "KEYMAP=n\nBUSYBOX=auto\nUMASK=0077\n")
    (initramfs / "modules").write_text("\n".join(INITRD_MODULES) + "\n")


def make_container_tree(tree, container):
    """The same tree without a kernel, for machines that use this one's."""
    run("cp", "-a", "--reflink=auto", tree, container)
    for folder in ("usr/lib/modules", "lib/modules", "boot"):
        for path in (container / folder).glob("*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name in ("fstab", "crypttab"):
        (container / "etc" / name).write_text("")
