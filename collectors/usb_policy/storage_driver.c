#include "collectors/usb_policy/storage_driver.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"

#define MODULE_LIST_MAX_SIZE (16U * 1024U * 1024U)
#define MODULE_FILE          "/usb-storage.ko" /* with .xz, .zst or .gz after it, or nothing */

static int driver_in_kernel(const struct sysroot *root, bool *ret_there, bool *ret_built_in,
                            struct error *err)
{
    bool has_module = false, has_driver = false, has_state = false;
    int r = sysroot_exists(root, "/sys/module/usb_storage", &has_module, err);

    if (r == 0)
        r = sysroot_exists(root, "/sys/bus/usb/drivers/usb-storage", &has_driver, err);
    if (r == 0)
        r = sysroot_exists(root, "/sys/module/usb_storage/initstate", &has_state, err);
    if (r < 0)
        return r;
    *ret_there = has_module || has_driver;
    *ret_built_in = !has_state; /* only what was loaded has a state */
    return 0;
}

/* Whether a list that kmod keeps beside the modules names the driver. */
static int list_names_driver(const struct sysroot *root, const char *kernel_release,
                             const char *list, bool *ret_names, struct error *err)
{
    AUTO(text_clear) struct text path = {0};
    AUTO(text_clear) struct text text = {0};
    int r;

    text_add_format(&path, "/lib/modules/%s/%s", kernel_release, list);
    r = sysroot_read(root, path.bytes, MODULE_LIST_MAX_SIZE, &text, err);
    if (r == 0)
        *ret_names = strstr(text_string(&text), MODULE_FILE) != NULL;
    return r;
}

static int driver_on_disk(const struct sysroot *root, const char *kernel_release,
                          enum storage_driver *ret_driver, struct error *err)
{
    static const char *const endings[] = {"", ".xz", ".zst", ".gz"};
    bool found = false;
    int r;

    /* Where every distribution keeps it; reading the whole list takes longer. */
    for (size_t i = 0; !found && i < sizeof(endings) / sizeof(endings[0]); i++) {
        AUTO(text_clear) struct text path = {0};

        text_add_format(&path, "/lib/modules/%s/kernel/drivers/usb/storage" MODULE_FILE "%s",
                        kernel_release, endings[i]);
        r = sysroot_exists(root, path.bytes, &found, err);
        if (r < 0)
            return r;
    }
    if (!found) {
        r = list_names_driver(root, kernel_release, "modules.builtin", &found, err);
        if (r < 0)
            return r;
        if (found) {
            *ret_driver = DRIVER_BUILT_IN;
            return 0;
        }
        r = list_names_driver(root, kernel_release, "modules.dep", &found, err);
        if (r < 0)
            return r;
    }
    *ret_driver = found ? DRIVER_AVAILABLE : DRIVER_ABSENT;
    return 0;
}

int storage_driver_read(const struct sysroot *root, const char *kernel_release,
                        enum modprobe_policy policy, enum storage_driver *ret_driver,
                        struct error *err)
{
    bool there, built_in;
    int r = driver_in_kernel(root, &there, &built_in, err);

    if (r < 0)
        return r;
    if (there) {
        *ret_driver = built_in ? DRIVER_BUILT_IN : DRIVER_LOADED;
        return 0;
    }
    if (kernel_release == NULL || strchr(kernel_release, '/') != NULL)
        return error_set(err, ENOENT, "the kernel's release is not known");
    r = driver_on_disk(root, kernel_release, ret_driver, err);
    if (r == 0 && *ret_driver == DRIVER_AVAILABLE && policy == MODPROBE_BLOCKED)
        *ret_driver = DRIVER_BLOCKED;
    return r;
}
