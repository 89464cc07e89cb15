#include "collectors/usb_policy/usb_policy.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "collectors/usb_policy/modprobe_policy.h"
#include "collectors/usb_policy/pci.h"
#include "collectors/usb_policy/storage_driver.h"
#include "collectors/usb_policy/thunderbolt.h"
#include "collectors/usb_policy/udev_rules.h"
#include "collectors/usb_policy/usb_devices.h"
#include "collectors/usb_policy/usbguard_policy.h"
#include "collectors/usb_policy/usbguard_service.h"
#include "platform/cleanup.h"
#include "platform/sysroot.h"

#define USB_PCI_CLASS "0x0c03"

static const char *const authorizations[] = {"none", "internal_only", "all", NULL};
static const char *const drivers[] = {"loaded", "built_in", "available", "blocked", "absent", NULL};
static const char *const driver_policies[] = {"none", "blacklist", "blocked", NULL};
enum storage_policy {
    STORAGE_POLICY_BLOCKED,
    STORAGE_POLICY_CONTROLLED, /* let in by rules, device by device */
    STORAGE_POLICY_UNRESTRICTED,
};
static const char *const storage_policies[] = {"blocked", "controlled", "unrestricted", NULL};

static const struct fact table[] = {
    {.name = "removable_storage_policy",
     .type = FACT_ENUM,
     .choices = storage_policies,
     .purpose = "whether any stick that is plugged in can be read"},
    {.name = "controllers", .type = FACT_INTEGER, .purpose = "whether there is USB at all"},
    {.name = "default_authorization",
     .type = FACT_ENUM,
     .choices = authorizations,
     .purpose = "which devices the kernel lets in by itself"},
    {.name = "storage_driver",
     .type = FACT_ENUM,
     .choices = drivers,
     .purpose = "whether the kernel can read USB storage"},
    {.name = "storage_driver_policy",
     .type = FACT_ENUM,
     .choices = driver_policies,
     .purpose = "whether somebody meant to keep it from that"},
    {.name = "usbguard_installed",
     .type = FACT_BOOL,
     .purpose = "whether there is a service that lets devices in by rules"},
    {.name = "usbguard_running", .type = FACT_BOOL, .purpose = "whether it does so now"},
    {.name = "usbguard_enforcing",
     .type = FACT_BOOL,
     .purpose = "whether its rules keep unknown storage out"},
    {.name = "udev_authorization_rules",
     .type = FACT_INTEGER,
     .purpose = "how many files of this machine's own let devices in or keep them out"},
    {.name = "connected_storage", .type = FACT_INTEGER, .purpose = "sticks and disks in use"},
    {.name = "connected_hid", .type = FACT_INTEGER, .purpose = "keyboards and mice in use"},
    {.name = "connected_hub", .type = FACT_INTEGER, .purpose = "hubs in use"},
    {.name = "connected_network",
     .type = FACT_INTEGER,
     .purpose = "network adapters and telephones in use"},
    {.name = "connected_other", .type = FACT_INTEGER, .purpose = "other devices in use"},
    {.name = "unauthorized_devices",
     .type = FACT_INTEGER,
     .purpose = "devices that are plugged in and were kept out"},
    {.name = "composite_hid_storage",
     .type = FACT_INTEGER,
     .purpose = "sticks that are a keyboard as well, as attackers build them"},
    {.name = "thunderbolt_security",
     .type = FACT_ENUM,
     .choices = thunderbolt_choices,
     .purpose = "whether a device at a Thunderbolt port is let in without asking"},
    {.name = "iommu_dma_protection",
     .type = FACT_BOOL,
     .purpose = "whether such a device is kept from reading memory"},
    {.name = NULL},
};

/* A value, or why it is not known. */
struct known {
    bool is_known;
    enum unknown_reason reason;
    int value;
};

static struct known known_or(int code, int value)
{
    if (code < 0)
        return (struct known){.reason = code == -EOPNOTSUPP ? UNKNOWN_UNSUPPORTED
                                                            : unknown_reason_from_code(code)};
    return (struct known){.is_known = true, .value = value};
}

static void set_enum(struct facts *facts, const char *name, struct known known,
                     const char *const *choices)
{
    if (known.is_known)
        facts_set_enum(facts, name, choices[known.value]);
    else
        facts_set_unknown(facts, name, known.reason);
}

static void set_bool(struct facts *facts, const char *name, struct known known)
{
    if (known.is_known)
        facts_set_bool(facts, name, known.value != 0);
    else
        facts_set_unknown(facts, name, known.reason);
}

static void set_integer(struct facts *facts, const char *name, struct known known)
{
    if (known.is_known)
        facts_set_integer(facts, name, known.value);
    else
        facts_set_unknown(facts, name, known.reason);
}

/* What removable storage comes to depends on these. */
struct policy {
    struct known authorization, driver, running, enforcing, udev_rules;
};

static void collect_devices(const struct sysroot *root, struct facts *facts, struct policy *policy)
{
    struct usb_devices devices = {0};
    struct error err = {0};
    int r = usb_devices_read(root, &devices, &err);

    if (r < 0)
        facts_note(facts, err.message);
    set_integer(facts, "controllers", known_or(r, (int)devices.controllers));
    set_integer(facts, "connected_storage", known_or(r, (int)devices.storage));
    set_integer(facts, "connected_hid", known_or(r, (int)devices.hid));
    set_integer(facts, "connected_hub", known_or(r, (int)devices.hub));
    set_integer(facts, "connected_network", known_or(r, (int)devices.network));
    set_integer(facts, "connected_other", known_or(r, (int)devices.other));
    set_integer(facts, "unauthorized_devices", known_or(r, (int)devices.unauthorized));
    set_integer(facts, "composite_hid_storage", known_or(r, (int)devices.composite_hid_storage));

    if (r == 0 && devices.authorization == AUTHORIZES_UNKNOWN)
        r = devices.authorization_code;
    policy->authorization = known_or(r, (int)devices.authorization);
    if (r == 0 && devices.controllers == 0)
        policy->authorization = (struct known){.reason = UNKNOWN_NOT_APPLICABLE};
    set_enum(facts, "default_authorization", policy->authorization, authorizations);
}

static void collect_driver(const struct machine *machine, struct facts *facts,
                           struct policy *policy)
{
    enum modprobe_policy modprobe = MODPROBE_NONE;
    enum storage_driver driver = DRIVER_AVAILABLE;
    struct error err = {0};
    struct known modprobe_known;
    int r = modprobe_policy_read(machine->root, &modprobe, &err);

    if (r < 0)
        facts_note(facts, err.message);
    modprobe_known = known_or(r, (int)modprobe);
    r = storage_driver_read(machine->root, machine->kernel_release, modprobe, &driver, &err);
    if (r < 0)
        facts_note(facts, err.message);
    policy->driver = known_or(r, (int)driver);
    /* Whether an available driver is blocked is what the policy would have told. */
    if (r == 0 && driver == DRIVER_AVAILABLE && !modprobe_known.is_known)
        policy->driver = modprobe_known;
    set_enum(facts, "storage_driver", policy->driver, drivers);
    set_enum(facts, "storage_driver_policy", modprobe_known, driver_policies);
}

static void collect_usbguard(const struct sysroot *root, const struct usbguard_files *files,
                             struct facts *facts, struct policy *policy)
{
    bool installed = false, running = false, enforce = false;
    struct error err = {0};
    int r = usbguard_is_installed(root, &installed, &err);

    set_bool(facts, "usbguard_installed", known_or(r, installed));
    if (r < 0 || !installed) {
        policy->running = policy->enforcing = known_or(r, false);
    } else {
        r = usbguard_is_running(root, &running, &err);
        policy->running = known_or(r, running);
        policy->enforcing = policy->running;
        if (policy->running.is_known && running) {
            r = usbguard_files_enforce(files, &enforce, &err);
            policy->enforcing = known_or(r, enforce);
        }
    }
    if (err.code != 0)
        facts_note(facts, err.message);
    set_bool(facts, "usbguard_running", policy->running);
    set_bool(facts, "usbguard_enforcing", policy->enforcing);
}

static void collect_udev_rules(const struct sysroot *root, struct facts *facts,
                               struct policy *policy)
{
    unsigned count = 0;
    struct error err = {0};
    int r = udev_authorization_rules_count(root, &count, &err);

    if (r < 0)
        facts_note(facts, err.message);
    policy->udev_rules = known_or(r, (int)count);
    set_integer(facts, "udev_authorization_rules", policy->udev_rules);
}

static struct known storage_policy(enum storage_policy value)
{
    return (struct known){.is_known = true, .value = (int)value};
}

/*
 * The kernel lets nothing in by itself. Then it depends on whether somebody else does: usbguard
 * by rules that were found not to enforce, or udev rules, which we cannot evaluate.
 */
static struct known judge_closed(const struct policy *policy)
{
    if (!policy->running.is_known)
        return policy->running;
    if (policy->running.value)
        return storage_policy(STORAGE_POLICY_UNRESTRICTED);
    if (!policy->udev_rules.is_known)
        return policy->udev_rules;
    if (policy->udev_rules.value > 0)
        return (struct known){.reason = UNKNOWN_UNSUPPORTED};
    return storage_policy(STORAGE_POLICY_BLOCKED);
}

static struct known judge(const struct policy *policy)
{
    if (policy->driver.is_known &&
        (policy->driver.value == DRIVER_BLOCKED || policy->driver.value == DRIVER_ABSENT))
        return storage_policy(STORAGE_POLICY_BLOCKED);
    if (!policy->authorization.is_known)
        return policy->authorization;
    if (!policy->enforcing.is_known)
        return policy->enforcing;
    if (policy->enforcing.value)
        return storage_policy(STORAGE_POLICY_CONTROLLED);
    if (policy->authorization.value != AUTHORIZES_ALL)
        return judge_closed(policy);
    return policy->driver.is_known ? storage_policy(STORAGE_POLICY_UNRESTRICTED) : policy->driver;
}

/*
 * Without a USB bus nothing can be plugged in, unless there is a controller that nothing serves
 * yet; and without sysfs nobody can tell.
 */
static enum unknown_reason reason_without_usb(const struct sysroot *root)
{
    bool has_bus, has_controller;
    int r = sysroot_exists(root, "/sys/bus", &has_bus, NULL);

    if (r < 0 || !has_bus)
        return r < 0 ? unknown_reason_from_code(r) : UNKNOWN_NOT_PRESENT;
    r = pci_has_class(root, USB_PCI_CLASS, &has_controller, NULL);
    if (r < 0 && r != -ENOENT)
        return unknown_reason_from_code(r);
    return r == 0 && has_controller ? UNKNOWN_NOT_PRESENT : UNKNOWN_NOT_APPLICABLE;
}

static void collect(const struct machine *machine, const void *prepared, struct facts *facts)
{
    struct policy policy = {0};
    bool has_usb;
    int r = sysroot_exists(machine->root, "/sys/bus/usb", &has_usb, NULL);

    thunderbolt_collect(machine->root, facts);
    if (r < 0 || !has_usb) {
        facts_set_rest_unknown(facts, r < 0 ? unknown_reason_from_code(r)
                                            : reason_without_usb(machine->root));
        return;
    }
    collect_devices(machine->root, facts, &policy);
    collect_driver(machine, facts, &policy);
    collect_usbguard(machine->root, prepared, facts, &policy);
    collect_udev_rules(machine->root, facts, &policy);
    set_enum(facts, "removable_storage_policy", judge(&policy), storage_policies);
}

static void *prepare(const struct machine *machine)
{
    return usbguard_files_read(machine->root);
}

static void release(void *prepared)
{
    usbguard_files_free(prepared);
}

const struct collector usb_policy_collector = {
    .name = "usb_policy",
    .summary = "what happens to a USB device that somebody plugs in",
    .schema = 1,
    .facts = table,
    .prepare = prepare,
    .collect = collect,
    .release = release,
};
