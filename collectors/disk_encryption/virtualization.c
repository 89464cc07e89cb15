#include "collectors/disk_encryption/virtualization.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"

#define CPUINFO_MAX_SIZE (4U * 1024U * 1024U)

const char *const virtualization_choices[] = {
    "none",   "kvm",       "vmware", "hyperv", "virtualbox", "xen", "amazon",
    "google", "parallels", "bhyve",  "apple",  "other",      NULL,
};

static const struct {
    const char *start; /* of the vendor's or the product's name */
    const char *choice;
} names[] = {
    {"QEMU", "kvm"},
    {"KVM", "kvm"},
    {"Red Hat", "kvm"},
    {"oVirt", "kvm"},
    {"OpenStack", "kvm"},
    {"DigitalOcean", "kvm"},
    {"Hetzner", "kvm"},
    {"VMware", "vmware"},
    {"VMW", "vmware"},
    {"Virtual Machine", "hyperv"},
    {"innotek GmbH", "virtualbox"},
    {"VirtualBox", "virtualbox"},
    {"Xen", "xen"},
    {"Amazon EC2", "amazon"},
    {"Google", "google"},
    {"Parallels", "parallels"},
    {"BHYVE", "bhyve"},
    {"Apple Virtualization", "apple"},
};

static const char *choice_of(const char *name)
{
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strncmp(name, names[i].start, strlen(names[i].start)) == 0)
            return names[i].choice;
    return NULL;
}

/* Where the firmware has no names, the processor still says that there is a hypervisor. */
static bool processor_is_virtual(const struct sysroot *root)
{
    AUTO_FREE char *text = NULL;

    return sysroot_read_text(root, "/proc/cpuinfo", CPUINFO_MAX_SIZE, &text, NULL) == 0 &&
           strstr(text, " hypervisor") != NULL;
}

const char *virtualization_read(const struct sysroot *root, enum unknown_reason *ret_reason)
{
    static const char *const sources[] = {"/sys/class/dmi/id/sys_vendor",
                                          "/sys/class/dmi/id/product_name"};
    bool has_xen, has_name = false;

    if (sysroot_exists(root, "/sys/hypervisor/type", &has_xen, NULL) == 0 && has_xen)
        return "xen";
    for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
        AUTO_FREE char *name = NULL;
        const char *choice;

        if (sysroot_read_line(root, sources[i], &name, NULL) < 0)
            continue;
        has_name = true;
        choice = choice_of(name);
        if (choice != NULL)
            return choice;
    }
    if (has_name)
        return "none";
    *ret_reason = UNKNOWN_NOT_PRESENT;
    return processor_is_virtual(root) ? "other" : NULL;
}
