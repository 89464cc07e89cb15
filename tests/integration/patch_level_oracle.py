#!/usr/bin/env python3
"""What patch_level says of this machine is what apt itself says.

An update is a security update when any version from a security suite is newer than the installed
one. The machine's own packages and lists are read, so the numbers differ from day to day.

usage: patch_level_oracle.py COLLECT_FACTS
"""

import json
import subprocess
import sys

try:
    import apt_pkg
except ImportError:
    print("skipped: python3-apt is not installed for this Python")
    sys.exit(77)


def is_security(file):
    return (file.label == "Debian-Security" or file.archive.endswith("-security")
            or file.codename.endswith("-security"))


def has_security_update(package):
    installed = package.current_ver
    return installed is not None and any(
        apt_pkg.version_compare(version.ver_str, installed.ver_str) > 0
        and any(is_security(file) for file, _ in version.file_list)
        for version in package.version_list)


def full_name(package, native):
    architecture = package.current_ver.arch
    return package.name if architecture in (native, "all") else f"{package.name}:{architecture}"


def ask_apt():
    apt_pkg.init_config()
    apt_pkg.config.set("Dir::Cache::pkgcache", "")
    apt_pkg.config.set("Dir::Cache::srcpkgcache", "")
    apt_pkg.init_system()
    cache = apt_pkg.Cache(None)
    native = apt_pkg.config.find("APT::Architecture")
    return sorted(full_name(package, native) for package in cache.packages
                  if has_security_update(package))


def ask_us(program):
    answer = subprocess.run([program, "patch_level"], capture_output=True, text=True, check=True)
    return json.loads(answer.stdout)


def main():
    theirs = ask_apt()
    ours = ask_us(sys.argv[1])
    facts = ours["facts"]
    if facts["pending_security_updates"] is None:
        reason = ours["unknown"]["pending_security_updates"]
        if reason in ("not_present", "in_progress"):
            print(f"skipped: this machine has no security lists at rest ({reason})")
            return 77
        print(f"we do not know ({reason}), apt says {len(theirs)}")
        return 1
    print(f"apt: {len(theirs)} security updates, we: {facts['pending_security_updates']}")
    if facts["pending_security_updates"] != len(theirs):
        return 1
    differ = set(theirs[:256]) ^ set(facts["pending_security_packages"])
    if differ:
        print("only one of us names:", " ".join(sorted(differ)))
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
