#pragma once

#include "collectors/usb_policy/modprobe_policy.h"

struct sysroot;

/* Whether the kernel can read USB mass storage. */
enum storage_driver {
    DRIVER_LOADED,
    DRIVER_BUILT_IN,
    DRIVER_AVAILABLE, /* it will be loaded when a device asks for it */
    DRIVER_BLOCKED,   /* it is there and cannot be loaded */
    DRIVER_ABSENT,    /* this kernel has none */
};

/*
 * kernel_release: of the running kernel, or NULL; without it a driver that is not loaded is
 * unknown (-ENOENT). policy as modprobe_policy_read() found it.
 */
int storage_driver_read(const struct sysroot *root, const char *kernel_release,
                        enum modprobe_policy policy, enum storage_driver *ret_driver,
                        struct error *err);
