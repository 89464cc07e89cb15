"""What a computer's own tools say of it, in the words of the agent's facts."""

import json


def of_disks(machine):
    """{role or "swap": whether everything on it is encrypted}, from lsblk."""
    found = {}

    def look(device, encrypted):
        encrypted = encrypted or device["type"] == "crypt"
        for point in device["mountpoints"]:
            role = {"/": "root", "/boot": "boot", "[SWAP]": "swap"}.get(point)
            if role:
                found[role] = encrypted
        for child in device.get("children", []):
            look(child, encrypted)

    tree = json.loads(machine.check("lsblk -J -o NAME,TYPE,MOUNTPOINTS"))
    for device in tree["blockdevices"]:
        look(device, False)
    return found


def of_disks_by_the_agent(facts):
    """The same from the section of facts."""
    disks = facts["disk_encryption"]["facts"]
    found = {volume["role"]: volume["encrypted"] for volume in disks["volumes"]
             if volume["role"] in ("root", "boot")}
    found.update({"swap": swap["state"] == "encrypted" for swap in disks["swap"]})
    return found


def of_the_filter(machine):
    """Chains, rules and TCP listeners for others, from nft and ss."""
    rules = json.loads(machine.check("nft -j list ruleset"))["nftables"]
    local = ("127.", "[::1]", "[::ffff:127.")
    listeners = [line.split()[3] for line in machine.check("ss -H -l -t -n").splitlines()]
    return {"chains": sum("chain" in part for part in rules),
            "rules": sum("rule" in part for part in rules),
            "listening_tcp": sum(not where.startswith(local) for where in listeners)}


def of_packages(machine):
    """Packages, and those that wait for a security update, from dpkg and apt."""
    installed = machine.check("dpkg-query -W -f '${db:Status-Status}\\n' | grep -c '^installed'")
    plan = machine.check("apt-get -s -q dist-upgrade")
    waiting = {line.split()[1].split(":")[0] for line in plan.splitlines()
               if line.startswith("Inst ") and "Debian-Security" in line
               and line.split()[2].startswith("[")}  # what is new, as a kernel, has no old version
    return {"installed_packages": int(installed), "pending_security_updates": len(waiting)}


def chosen(section, names):
    """These facts of a section."""
    return {name: section["facts"][name] for name in names}


def compared(machine, facts):
    """Rows of (subject, what the machine's tools say, what the server was told)."""
    filter_, packages = of_the_filter(machine), of_packages(machine)
    system = dict(line.split("=", 1) for line in
                  machine.check("cat /etc/os-release").replace('"', "").splitlines())
    return [("lsblk: encrypted", of_disks(machine), of_disks_by_the_agent(facts)),
            ("nft, ss", filter_, chosen(facts["firewall"], filter_)),
            ("dpkg, apt-get", packages, chosen(facts["patch_level"], packages)),
            ("os-release, uname", {"id": system["ID"], "version_id": system["VERSION_ID"],
                                   "kernel": machine.check("uname -r")},
             chosen(facts["os_release"], ("id", "version_id", "kernel")))]
