"""USB as the kernel shows it, its storage driver, usbguard and Thunderbolt.

From the kernel's ABI/testing/sysfs-bus-usb and sysfs-bus-thunderbolt, kmod's modprobe.d(5) and
usbguard-daemon.conf(5).
"""
from tree import Declaration, refuse_unknown

DEVICES = "/sys/bus/usb/devices"

# usbguard-daemon.conf as Debian installs it.
USBGUARD = {
    "RuleFile": "/etc/usbguard/rules.conf",
    "RuleFolder": "/etc/usbguard/rules.d/",
    "ImplicitPolicyTarget": "block",
    "PresentDevicePolicy": "apply-policy",
    "PresentControllerPolicy": "keep",
    "InsertedDevicePolicy": "apply-policy",
    "AuthorizedDefault": "none",
    "RestoreControllerDeviceState": "false",
    "DeviceManagerBackend": "uevent",
    "IPCAllowedUsers": "root",
}


def write_controllers(tree, controllers):
    """controllers: {"usb1": authorized_default}; null says nothing."""
    for name, value in controllers.items():
        tree.line(f"{DEVICES}/{name}/bDeviceClass", "09")
        tree.line(f"{DEVICES}/{name}/authorized", 1)
        if value != "silent":
            tree.line(f"{DEVICES}/{name}/authorized_default", value)
        interface = f"{DEVICES}/{name[3:]}-0:1.0"
        tree.line(f"{interface}/bInterfaceClass", "09")


def write_devices(tree, devices):
    """devices: {"1-2": {"interfaces": ["08:06:50"], "authorized": true, "port": "removable"}}"""
    for name, declared in devices.items():
        refuse_unknown(declared, {"interfaces", "authorized", "port", "names"}, f"device {name}")
        at = f"{DEVICES}/{name}"
        authorized = declared.get("authorized", True)
        tree.line(f"{at}/authorized", int(authorized))
        tree.line(f"{at}/bDeviceClass", "00")
        tree.line(f"{at}/removable", declared.get("port", "removable"))
        for attribute, value in declared.get("names", {}).items():
            tree.line(f"{at}/{attribute}", value)
        # The kernel configures only what is authorised, and only that has interfaces.
        for i, interface in enumerate(declared["interfaces"] if authorized else []):
            where = f"{DEVICES}/{name}:1.{i}"
            for attribute, value in zip(("bInterfaceClass", "bInterfaceSubClass",
                                         "bInterfaceProtocol"), interface.split(":")):
                tree.line(f"{where}/{attribute}", value)


def write_driver(tree, driver, release):
    """driver: of USB storage: a file, loaded, built in, built in and idle, or absent."""
    modules = f"/lib/modules/{release}"
    path = "kernel/drivers/usb/storage/usb-storage.ko"
    listed = {"modules.builtin": "kernel/drivers/usb/core/usbcore.ko\n", "modules.dep": ""}
    if driver in ("built in", "built in, no device yet"):
        listed["modules.builtin"] += f"{path}\n"
    elif driver in ("a file", "loaded"):
        listed["modules.dep"] += f"{path}.xz: kernel/drivers/usb/core/usbcore.ko.xz\n"
        tree.write(f"{modules}/{path}.xz", b"\xfd7zXZ\0")
    elif driver != "absent":
        raise Declaration(f'there is no driver that is "{driver}"')
    for name, text in listed.items():
        tree.write(f"{modules}/{name}", text)
    if driver in ("built in", "loaded"):
        tree.make_folder("/sys/module/usb_storage/parameters")
        tree.make_folder("/sys/bus/usb/drivers/usb-storage")
    if driver == "loaded":
        tree.line("/sys/module/usb_storage/initstate", "live")


def write_usbguard(tree, usbguard):
    """usbguard: {"running": true, "configuration": {what is not Debian's}, "rules": [...]}"""
    refuse_unknown(usbguard, {"running", "configuration", "rules", "rules.d"}, "usbguard")
    tree.write("/usr/sbin/usbguard-daemon", b"\x7fELF")
    settings = USBGUARD | usbguard.get("configuration", {})
    tree.declare("/etc/usbguard/usbguard-daemon.conf",
                 ["# as Debian has it, but for what the entry changes"]
                 + [f"{key}={value}" for key, value in settings.items() if value != "unset"])
    tree.declare("/etc/usbguard/rules.conf", usbguard.get("rules", []))
    tree.make_folder("/etc/usbguard/rules.d")
    for name, rules in usbguard.get("rules.d", {}).items():
        tree.declare(f"/etc/usbguard/rules.d/{name}", rules)
    if usbguard.get("running"):
        tree.line("/sys/fs/cgroup/system.slice/usbguard.service/cgroup.procs", 812)


def write_thunderbolt(tree, domains):
    """domains: {"domain0": {"security": "user", "iommu_dma_protection": 1}}"""
    for name, attributes in domains.items():
        for attribute, value in attributes.items():
            tree.line(f"/sys/bus/thunderbolt/devices/{name}/{attribute}", value)


def write_pci(tree, devices):
    """devices: {"0000:00:14.0": "0x0c0330"}: the class of each."""
    tree.make_folder("/sys/bus/pci/devices")
    for name, device_class in devices.items():
        tree.line(f"/sys/bus/pci/devices/{name}/class", device_class)
