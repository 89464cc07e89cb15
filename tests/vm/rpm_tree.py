"""A machine where rpm and dnf are in charge.

Fedora's own programs are not to be had from Debian's archive; its rpm and dnf are, and they write the
same database. So this tree is Debian's, says that it is Fedora, and has no dpkg.
"""

import shutil

import tree
from host import run

DATABASE = "usr/lib/sysimage/rpm"
GONE = ("dpkg", "dpkg-query", "dpkg-deb", "apt", "apt-get", "apt-cache")
OS_RELEASE = ('NAME="Fedora Linux"\nID=fedora\nVERSION_ID=40\n'
              'PRETTY_NAME="Fedora Linux 40"\nPLATFORM_ID="platform:f40"\n')
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
