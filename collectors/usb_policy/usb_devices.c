#include "collectors/usb_policy/usb_devices.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define DEVICES     "/sys/bus/usb/devices"
#define DEVICES_MAX 8192U

/* USB class codes, usb.org "Defined Class Codes". */
#define CLASS_COMMUNICATION "02"
#define CLASS_HID           "03"
#define CLASS_STORAGE       "08"
#define CLASS_HUB           "09"
#define CLASS_WIRELESS      "e0"

struct device {
    const char *name;
    bool is_hub, is_storage, is_hid, is_network;
};

static int read_attribute(const struct sysroot *root, const char *device, const char *attribute,
                          char **ret_line, struct error *err)
{
    AUTO(text_clear) struct text path = {0};

    text_add_format(&path, DEVICES "/%s/%s", device, attribute);
    return sysroot_read_line(root, path.bytes, ret_line, err);
}

static bool has_attribute(const struct sysroot *root, const char *device, const char *attribute,
                          const char *value)
{
    AUTO_FREE char *line = NULL;

    return read_attribute(root, device, attribute, &line, NULL) == 0 && strcmp(line, value) == 0;
}

static bool is_root_hub(const char *name)
{
    return strncmp(name, "usb", 3) == 0;
}

static bool is_interface(const char *name)
{
    return strchr(name, ':') != NULL;
}

/* "1-2:1.0" is an interface of "1-2". */
static bool is_interface_of(const char *interface, const char *device)
{
    size_t length = strlen(device);

    return strncmp(interface, device, length) == 0 && interface[length] == ':';
}

static void add_hub(const struct sysroot *root, const char *name, struct usb_devices *devices)
{
    AUTO_FREE char *line = NULL;
    enum default_authorization authorization = AUTHORIZES_UNKNOWN;
    int r = read_attribute(root, name, "authorized_default", &line, NULL);

    if (r == 0 && strcmp(line, "0") == 0)
        authorization = AUTHORIZES_NONE;
    else if (r == 0 && strcmp(line, "1") == 0)
        authorization = AUTHORIZES_ALL;
    else if (r == 0 && strcmp(line, "2") == 0)
        authorization = AUTHORIZES_INTERNAL;

    devices->controllers++;
    /* One hub that lets everything in is enough, whatever the others do not say. */
    if (devices->authorization == AUTHORIZES_ALL)
        return;
    if (authorization == AUTHORIZES_ALL || authorization > devices->authorization)
        devices->authorization = authorization;
    if (authorization == AUTHORIZES_UNKNOWN)
        devices->authorization_code = r < 0 ? r : -EBADMSG;
}

/* USB Ethernet, modems, and RNDIS as telephones speak it. */
static bool is_network(const struct sysroot *root, const char *interface, const char *class)
{
    if (strcmp(class, CLASS_COMMUNICATION) == 0)
        return true;
    return strcmp(class, CLASS_WIRELESS) == 0 &&
           has_attribute(root, interface, "bInterfaceSubClass", "01") &&
           has_attribute(root, interface, "bInterfaceProtocol", "03");
}

static int read_interfaces(const struct sysroot *root, const struct text_list *names,
                           struct device *device, struct error *err)
{
    for (size_t i = 0; i < names->count; i++) {
        const char *interface = names->items[i];
        AUTO_FREE char *class = NULL;
        int r;

        if (!is_interface_of(interface, device->name))
            continue;
        r = read_attribute(root, interface, "bInterfaceClass", &class, err);
        if (r < 0)
            return r;
        device->is_storage = device->is_storage || strcmp(class, CLASS_STORAGE) == 0;
        device->is_hid = device->is_hid || strcmp(class, CLASS_HID) == 0;
        device->is_hub = device->is_hub || strcmp(class, CLASS_HUB) == 0;
        device->is_network = device->is_network || is_network(root, interface, class);
    }
    return 0;
}

static void count_device(struct usb_devices *devices, const struct device *device)
{
    if (device->is_hub)
        devices->hub++;
    else if (device->is_storage)
        devices->storage++;
    else if (device->is_hid)
        devices->hid++;
    else if (device->is_network)
        devices->network++;
    else
        devices->other++;
    devices->composite_hid_storage += device->is_storage && device->is_hid;
}

static int add_device(const struct sysroot *root, const struct text_list *names, const char *name,
                      struct usb_devices *devices, struct error *err)
{
    struct device device = {.name = name};
    AUTO_FREE char *authorized = NULL;
    int r = read_attribute(root, name, "authorized", &authorized, err);

    if (r < 0)
        return r;
    /* Without a configuration it has no interfaces that would tell what it is. */
    if (strcmp(authorized, "0") == 0) {
        devices->unauthorized++;
        return 0;
    }
    r = read_interfaces(root, names, &device, err);
    if (r == 0)
        count_device(devices, &device);
    return r;
}

int usb_devices_read(const struct sysroot *root, struct usb_devices *ret_devices, struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    struct usb_devices devices = {.authorization = AUTHORIZES_NONE};
    int r = sysroot_list(root, DEVICES, DEVICES_MAX, &names, err);

    for (size_t i = 0; r == 0 && i < names.count; i++) {
        if (is_root_hub(names.items[i]))
            add_hub(root, names.items[i], &devices);
        else if (!is_interface(names.items[i]))
            r = add_device(root, &names, names.items[i], &devices, err);
        if (r == -ENOENT)
            r = 0; /* unplugged while we looked */
    }
    if (r == 0)
        *ret_devices = devices;
    return r;
}
