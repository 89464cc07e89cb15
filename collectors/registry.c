#include "collectors/registry.h"

#include <stddef.h>
#include <string.h>

#include "collectors/disk_encryption/disk_encryption.h"
#include "collectors/firewall/firewall.h"
#include "collectors/os_release.h"
#include "collectors/patch_level/patch_level.h"
#include "collectors/usb_policy/usb_policy.h"

const struct collector *const all_collectors[] = {
    &disk_encryption_collector, &firewall_collector,   &os_release_collector,
    &patch_level_collector,     &usb_policy_collector, NULL,
};

const struct collector *collector_by_name(const char *name)
{
    for (size_t i = 0; all_collectors[i] != NULL; i++)
        if (strcmp(all_collectors[i]->name, name) == 0)
            return all_collectors[i];
    return NULL;
}
