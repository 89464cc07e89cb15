#include "platform/block_devices.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/number.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define SECTOR_SIZE     512U /* sysfs counts in these whatever the disk does */
#define SECTORS_MAX     (INT64_MAX / SECTOR_SIZE)
#define NUMBER_MAX      0xfffffU
#define BLOCK_NAMES_MAX 8192U
#define DEVICES_PREFIX  "../../devices/"

void block_device_clear(struct block_device *device)
{
    free(device->name);
    free(device->mapping);
    free(device->backing);
    free(device->lower);
    *device = (struct block_device){0};
}

bool block_number_equal(struct block_number left, struct block_number right)
{
    return left.major == right.major && left.minor == right.minor;
}

/* "/sys/dev/block/8:1" and what is below it. The caller frees it. */
static char *sysfs_path(struct block_number number, const char *below)
{
    struct text path = {0};

    text_add_format(&path, "/sys/dev/block/%u:%u%s", number.major, number.minor, below);
    return text_take(&path);
}

static int read_attribute(const struct sysroot *root, struct block_number number,
                          const char *attribute, char **ret_line, struct error *err)
{
    AUTO_FREE char *path = sysfs_path(number, attribute);

    return sysroot_read_line(root, path, ret_line, err);
}

static int has_attribute(const struct sysroot *root, struct block_number number,
                         const char *attribute, bool *ret_has, struct error *err)
{
    AUTO_FREE char *path = sysfs_path(number, attribute);

    return sysroot_exists(root, path, ret_has, err);
}

static int parse_number(const char *text, struct block_number *ret_number, struct error *err)
{
    const char *colon = strchr(text, ':');
    uint64_t major, minor;

    if (colon == NULL || !number_parse(text, (size_t)(colon - text), NUMBER_MAX, &major) ||
        !number_parse(colon + 1, strlen(colon + 1), NUMBER_MAX, &minor))
        return error_set(err, EBADMSG, "\"%.32s\" is no device number", text);
    *ret_number = (struct block_number){.major = (unsigned)major, .minor = (unsigned)minor};
    return 0;
}

static int read_number(const struct sysroot *root, const char *path,
                       struct block_number *ret_number, struct error *err)
{
    AUTO_FREE char *line = NULL;
    int r = sysroot_read_line(root, path, &line, err);

    if (r < 0)
        return r;
    return error_wrap(err, parse_number(line, ret_number, err), path);
}

static void add_lower(struct block_device *device, struct block_number number)
{
    device->lower = must_grow(device->lower, device->lower_count + 1, sizeof(*device->lower));
    device->lower[device->lower_count++] = number;
}

static int read_slaves(const struct sysroot *root, struct block_device *device, struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    AUTO_FREE char *folder = sysfs_path(device->number, "/slaves");
    int r = sysroot_list(root, folder, BLOCK_LOWER_MAX, &names, err);

    if (r == -ENOENT)
        return 0;
    for (size_t i = 0; r == 0 && i < names.count; i++) {
        AUTO(text_clear) struct text path = {0};
        struct block_number number = {0};

        text_add_format(&path, "%s/%s/dev", folder, names.items[i]);
        r = read_number(root, text_string(&path), &number, err);
        if (r == 0)
            add_lower(device, number);
    }
    return r;
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* A component such as "usb1" or "mmc0:aaaa" in a path of sysfs. */
static bool is_usb_bus(const char *component, size_t length)
{
    return length > 3 && strncmp(component, "usb", 3) == 0 &&
           strspn(component + 3, "0123456789") == length - 3;
}

/*
 * Walks up from the disk. A port says whether what hangs there is fixed; a disk on USB that
 * nobody calls fixed comes out, and so does an SD card (an eMMC, type "MMC", does not).
 */
static bool hangs_on_removable_port(const struct sysroot *root, const char *link)
{
    AUTO(text_clear) struct text path = {0};
    bool on_usb = false, fixed = false;

    text_add_string(&path, "/sys/devices");
    for (const char *component = link + strlen(DEVICES_PREFIX); *component != '\0';) {
        size_t length = strcspn(component, "/"), here;
        AUTO_FREE char *removable = NULL;
        AUTO_FREE char *type = NULL;

        text_add_string(&path, "/");
        text_add(&path, component, length);
        here = path.length;
        if (length == strlen("block") && strncmp(component, "block", length) == 0)
            break; /* below it the file of this name means the medium */
        on_usb = on_usb || is_usb_bus(component, length);

        text_add_string(&path, "/removable");
        if (sysroot_read_line(root, path.bytes, &removable, NULL) == 0) {
            if (strcmp(removable, "removable") == 0)
                return true;
            fixed = fixed || (on_usb && strcmp(removable, "fixed") == 0);
        }
        text_truncate(&path, here);
        if (starts_with(component, "mmc")) {
            text_add_string(&path, "/type");
            if (sysroot_read_line(root, path.bytes, &type, NULL) == 0 && strcmp(type, "SD") == 0)
                return true;
            text_truncate(&path, here);
        }
        component += length;
        component += *component == '/';
    }
    return on_usb && !fixed;
}

static bool is_removable(const struct sysroot *root, struct block_number number, const char *link)
{
    AUTO_FREE char *line = NULL;

    if (read_attribute(root, number, "/removable", &line, NULL) == 0 && strcmp(line, "1") == 0)
        return true;
    return starts_with(link, DEVICES_PREFIX) && hangs_on_removable_port(root, link);
}

static int read_mapped(const struct sysroot *root, struct block_device *device, struct error *err)
{
    int r = read_attribute(root, device->number, "/dm/uuid", &device->mapping, err);

    if (r < 0)
        return r;
    device->kind = BLOCK_MAPPED;
    return read_slaves(root, device, err);
}

static int read_cache(const struct sysroot *root, struct block_device *device, struct error *err)
{
    bool has_cache_set;
    int r = has_attribute(root, device->number, "/bcache/cache", &has_cache_set, err);

    device->kind = BLOCK_CACHE;
    if (r == 0)
        r = read_slaves(root, device, err);
    if (r == 0)
        device->lower_complete = device->lower_count >= (has_cache_set ? 2U : 1U);
    return r;
}

static int read_zram(const struct sysroot *root, struct block_device *device, struct error *err)
{
    AUTO_FREE char *backing = NULL;
    int r = read_attribute(root, device->number, "/backing_dev", &backing, err);

    device->kind = BLOCK_MEMORY;
    if (r < 0 && r != -ENOENT) /* a kernel without write-back has no such file */
        return r;
    if (r == 0 && backing[0] != '\0' && strcmp(backing, "none") != 0)
        device->backing = TAKE(backing);
    return 0;
}

static int read_loop(const struct sysroot *root, struct block_device *device, struct error *err)
{
    int r = read_attribute(root, device->number, "/loop/backing_file", &device->backing, err);

    device->kind = BLOCK_LOOP;
    return r == -ENOENT ? 0 : r; /* nothing attached */
}

static bool is_numbered(const char *name, const char *prefix)
{
    size_t length = strlen(prefix);

    return starts_with(name, prefix) && name[length] >= '0' && name[length] <= '9';
}

static int read_other(const struct sysroot *root, struct block_device *device, struct error *err)
{
    bool found;
    int r;

    r = has_attribute(root, device->number, "/md", &found, err);
    if (r == 0 && found)
        device->kind = BLOCK_RAID;
    if (r < 0 || found)
        return r < 0 ? r : read_slaves(root, device, err);

    if (is_numbered(device->name, "loop"))
        return read_loop(root, device, err);
    if (is_numbered(device->name, "zram"))
        return read_zram(root, device, err);
    if (is_numbered(device->name, "bcache"))
        return read_cache(root, device, err);
    if (is_numbered(device->name, "ram"))
        device->kind = BLOCK_MEMORY;
    else if (is_numbered(device->name, "zd") || is_numbered(device->name, "drbd"))
        device->kind = BLOCK_REMOTE;
    else
        device->kind = BLOCK_DISK;
    return read_slaves(root, device, err);
}

static int read_partition(const struct sysroot *root, struct block_device *device,
                          struct error *err)
{
    AUTO_FREE char *path = sysfs_path(device->number, "/../dev");
    struct block_number disk;
    int r = read_number(root, path, &disk, err);

    if (r < 0)
        return r;
    device->kind = BLOCK_PARTITION;
    add_lower(device, disk);
    return 0;
}

static int read_kind(const struct sysroot *root, struct block_device *device, struct error *err)
{
    bool found;
    int r = has_attribute(root, device->number, "/partition", &found, err);

    if (r < 0 || found)
        return r < 0 ? r : read_partition(root, device, err);
    r = has_attribute(root, device->number, "/dm", &found, err);
    if (r < 0 || found)
        return r < 0 ? r : read_mapped(root, device, err);
    return read_other(root, device, err);
}

int block_device_read(const struct sysroot *root, struct block_number number,
                      struct block_device *device, struct error *err)
{
    AUTO_FREE char *path = sysfs_path(number, "");
    AUTO_FREE char *link = NULL;
    AUTO_FREE char *size = NULL;
    uint64_t sectors;
    const char *slash;
    int r = sysroot_read_link(root, path, &link, err);

    if (r < 0)
        return r;
    slash = strrchr(link, '/');
    if (slash == NULL || slash[1] == '\0')
        return error_set(err, EBADMSG, "%s leads nowhere", path);
    device->number = number;
    device->lower_complete = true;
    device->name = must_copy_text(slash + 1, strlen(slash + 1));
    if (read_attribute(root, number, "/size", &size, NULL) == 0 &&
        number_parse(size, strlen(size), SECTORS_MAX, &sectors)) {
        device->has_size = true;
        device->size_bytes = sectors * SECTOR_SIZE;
    }
    r = read_kind(root, device, err);
    if (r == 0 && device->kind == BLOCK_DISK)
        device->removable = is_removable(root, number, link);
    return r;
}

int block_number_by_name(const struct sysroot *root, const char *name,
                         struct block_number *ret_number, struct error *err)
{
    AUTO(text_clear) struct text path = {0};

    if (name[0] == '\0' || name[0] == '.' || strchr(name, '/') != NULL)
        return error_set(err, ENOENT, "there is no block device of that name");
    text_add_format(&path, "/sys/class/block/%s/dev", name);
    return read_number(root, path.bytes, ret_number, err);
}

static int by_mapped_name(const struct sysroot *root, const char *name,
                          struct block_number *ret_number, struct error *err)
{
    AUTO(text_list_clear) struct text_list devices = {0};
    int r = sysroot_list(root, "/sys/class/block", BLOCK_NAMES_MAX, &devices, err);

    for (size_t i = 0; r == 0 && i < devices.count; i++) {
        AUTO(text_clear) struct text path = {0};
        AUTO_FREE char *mapped = NULL;

        if (!is_numbered(devices.items[i], "dm-"))
            continue;
        text_add_format(&path, "/sys/class/block/%s/dm/name", devices.items[i]);
        if (sysroot_read_line(root, path.bytes, &mapped, NULL) == 0 && strcmp(mapped, name) == 0)
            return block_number_by_name(root, devices.items[i], ret_number, err);
    }
    return r < 0 ? r : error_set(err, ENOENT, "there is no mapped device of that name");
}

static int by_node(const struct sysroot *root, const char *path, struct block_number *ret_number,
                   struct error *err)
{
    struct stat status;
    int r = sysroot_stat(root, path, &status, err);

    if (r < 0)
        return r;
    if (!S_ISBLK(status.st_mode))
        return error_set(err, ENOENT, "%s is no block device", path);
    *ret_number =
        (struct block_number){.major = major(status.st_rdev), .minor = minor(status.st_rdev)};
    return 0;
}

int block_number_by_path(const struct sysroot *root, const char *path,
                         struct block_number *ret_number, struct error *err)
{
    AUTO_FREE char *name = NULL;
    int r;

    if (!starts_with(path, "/dev/"))
        return error_set(err, ENOENT, "%s is not below /dev", path);
    name = must_copy_text(path + strlen("/dev/"), strlen(path));
    if (starts_with(name, "mapper/")) {
        r = by_mapped_name(root, name + strlen("mapper/"), ret_number, err);
    } else {
        for (char *slash = strchr(name, '/'); slash != NULL; slash = strchr(slash, '/'))
            *slash = '!';
        r = block_number_by_name(root, name, ret_number, err);
    }
    return r == -ENOENT ? by_node(root, path, ret_number, err) : r;
}

char *block_device_path(const struct block_device *device)
{
    struct text path = {0};

    text_add_format(&path, "/dev/%s", device->name);
    for (char *mark = strchr(path.bytes, '!'); mark != NULL; mark = strchr(mark, '!'))
        *mark = '/';
    return text_take(&path);
}
