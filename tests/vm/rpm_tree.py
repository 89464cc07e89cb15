"""A machine where rpm and dnf are in charge.

Fedora's own programs are not to be had from Debian's archive; its rpm and dnf are, and they write the
same database. So this tree is Debian's, says that it is Fedora, and has no dpkg. Its packages are a
few empty ones that provide what ours asks of a system.
"""

import shutil

import tree
from host import run

DATABASE = "usr/lib/sysimage/rpm"
GONE = ("dpkg", "dpkg-query", "dpkg-deb", "apt", "apt-get", "apt-cache")
OS_RELEASE = ('NAME="Fedora Linux"\nID=fedora\nVERSION_ID=40\n'
              'PRETTY_NAME="Fedora Linux 40"\nPLATFORM_ID="platform:f40"\n')
SPEC = """Name: base-system
Version: 40
Release: 1
Summary: what the system of this test provides without a package of its own
License: MIT
BuildArch: noarch
AutoReqProv: no
{provides}
%description
{{summary}}
%files
"""
# Names that a package of ours may ask for; the files behind them are Debian's.
PROVIDES = ("system-release = 40", "systemd = 255", "systemd-udev = 255", "/bin/sh", "/usr/bin/sh",
            "shadow-utils", "libcurl", "openssl-libs", "sqlite-libs", "libevent", "libseccomp",
            "libzstd", "lz4-libs", "xz-libs", "zlib", "cjson", "systemd-libs", "glibc")


def make_rpm_tree(suite, target, cache):
    """Debian without a kernel, with the names of packages.rpm added and dpkg taken away."""
    names = tree.packages("packages.guest") + tree.packages("packages.rpm")
    skipped = {"linux-image-amd64", "initramfs-tools", "cryptsetup-initramfs", "tpm2-tools",
               "libtss2-tcti-device0", "qemu-guest-agent", "unattended-upgrades"}
    tree.bootstrap(suite, target, cache, [name for name in names if name not in skipped])
    tree.configure(target)
    shutil.move(target / "var/lib/dpkg", target / "var/lib/.dpkg")
    shutil.rmtree(target / "var/lib/apt")
    for name in GONE:
        (target / "usr/bin" / name).unlink(missing_ok=True)
    for path in ("etc/os-release", "usr/lib/os-release", "etc/debian_version"):
        (target / path).unlink(missing_ok=True)
    (target / "usr/lib/os-release").write_text(OS_RELEASE)
    (target / "etc/os-release").symlink_to("../usr/lib/os-release")
    # Debian's rpm looks below $HOME unless told otherwise, and dnf then sees no package at all.
    (target / "etc/rpm").mkdir(exist_ok=True)
    (target / "etc/rpm/macros").write_text(f"%_dbpath /{DATABASE}\n")
    (target / DATABASE).mkdir(parents=True)
    run("chroot", target, "rpm", "--initdb")
