#include "collectors/usb_policy/thunderbolt.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "collectors/usb_policy/pci.h"
#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define DEVICES        "/sys/bus/thunderbolt/devices"
#define DEVICES_MAX    4096U
#define USB4_PCI_CLASS "0x0c0340" /* a USB4 host interface, awake or not */

/* From least to most protected; see the kernel's admin-guide/thunderbolt. */
const char *const thunderbolt_choices[] = {"none",    "user",   "secure", "dponly",
                                           "usbonly", "nopcie", NULL};

/* What the domains come to, until one of them cannot be read. */
struct domains {
    unsigned count;
    size_t security; /* index of thunderbolt_choices */
    bool all_protected;
};

static int read_attribute(const struct sysroot *root, const char *name, const char *attribute,
                          char **ret_line, struct error *err)
{
    AUTO(text_clear) struct text path = {0};

    text_add_format(&path, DEVICES "/%s/%s", name, attribute);
    return sysroot_read_line(root, path.bytes, ret_line, err);
}

static int add_domain(const struct sysroot *root, const char *name, struct domains *domains,
                      struct error *err)
{
    AUTO_FREE char *security = NULL;
    AUTO_FREE char *protection = NULL;
    size_t index = 0;
    int r = read_attribute(root, name, "security", &security, err);

    if (r == 0)
        r = read_attribute(root, name, "iommu_dma_protection", &protection, err);
    if (r < 0 || security == NULL || protection == NULL)
        return r;
    while (thunderbolt_choices[index] != NULL && strcmp(thunderbolt_choices[index], security) != 0)
        index++;
    if (thunderbolt_choices[index] == NULL)
        return error_set(err, EBADMSG, "a Thunderbolt domain has an unknown security level");
    if (domains->count == 0 || index < domains->security)
        domains->security = index;
    domains->all_protected = domains->all_protected && strcmp(protection, "1") == 0;
    domains->count++;
    return 0;
}

static int read_domains(const struct sysroot *root, struct domains *domains, struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    int r = sysroot_list(root, DEVICES, DEVICES_MAX, &names, err);

    if (r == -ENOENT)
        return 0;
    for (size_t i = 0; r == 0 && i < names.count; i++)
        if (strncmp(names.items[i], "domain", strlen("domain")) == 0)
            r = add_domain(root, names.items[i], domains, err);
    return r;
}

/* Why there is no domain: no such port, or one that is asleep and shows nothing. */
static enum unknown_reason reason_without_domain(const struct sysroot *root)
{
    bool has_bus, has_port;
    int r = sysroot_exists(root, "/sys/bus", &has_bus, NULL);

    if (r < 0 || !has_bus)
        return r < 0 ? unknown_reason_from_code(r) : UNKNOWN_NOT_PRESENT;
    r = pci_has_class(root, USB4_PCI_CLASS, &has_port, NULL);
    if (r < 0 && r != -ENOENT)
        return unknown_reason_from_code(r);
    return r == 0 && has_port ? UNKNOWN_NOT_PRESENT : UNKNOWN_NOT_APPLICABLE;
}

void thunderbolt_collect(const struct sysroot *root, struct facts *facts)
{
    struct domains domains = {.all_protected = true};
    struct error err = {0};
    int r = read_domains(root, &domains, &err);

    if (r == 0 && domains.count > 0) {
        facts_set_enum(facts, "thunderbolt_security", thunderbolt_choices[domains.security]);
        facts_set_bool(facts, "iommu_dma_protection", domains.all_protected);
    } else {
        enum unknown_reason reason =
            r < 0 ? unknown_reason_from_code(r) : reason_without_domain(root);

        if (r < 0)
            facts_note(facts, err.message);
        facts_set_unknown(facts, "thunderbolt_security", reason);
        facts_set_unknown(facts, "iommu_dma_protection", reason);
    }
}
