#pragma once

#include "platform/error.h"

struct sysroot;

/* What the kernel does with a device that is plugged in: authorized_default of the root hubs. */
enum default_authorization {
    AUTHORIZES_NONE,
    AUTHORIZES_INTERNAL, /* only what is built in, as far as the firmware knows */
    AUTHORIZES_ALL,
    AUTHORIZES_UNKNOWN, /* a hub does not say; see code */
};

/* Controllers, and connected devices by what they can do. Each device counts once. */
struct usb_devices {
    unsigned controllers;
    enum default_authorization authorization;   /* of the most permissive hub; none without hubs */
    int authorization_code;                     /* with AUTHORIZES_UNKNOWN */
    unsigned storage, hid, hub, network, other; /* authorised ones */
    unsigned unauthorized;
    unsigned composite_hid_storage; /* storage that types as well: counted under storage too */
};

/* Fails as listing /sys/bus/usb/devices does, or when a device cannot be read. */
int usb_devices_read(const struct sysroot *root, struct usb_devices *ret_devices,
                     struct error *err);
