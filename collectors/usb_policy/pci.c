#include "collectors/usb_policy/pci.h"

#include <string.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define DEVICES     "/sys/bus/pci/devices"
#define DEVICES_MAX 4096U

int pci_has_class(const struct sysroot *root, const char *class_start, bool *ret_has,
                  struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    int r = sysroot_list(root, DEVICES, DEVICES_MAX, &names, err);
    bool has = false;

    if (r < 0)
        return r;
    for (size_t i = 0; !has && i < names.count; i++) {
        AUTO(text_clear) struct text path = {0};
        AUTO_FREE char *class = NULL;

        text_add_format(&path, DEVICES "/%s/class", names.items[i]);
        if (sysroot_read_line(root, path.bytes, &class, NULL) == 0)
            has = strncmp(class, class_start, strlen(class_start)) == 0;
    }
    *ret_has = has;
    return 0;
}
