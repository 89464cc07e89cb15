#include "collectors/disk_encryption/unmounted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/disk_encryption/udev_data.h"
#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define NAMES_MAX   8192U
#define DEVICES_MAX 256U

struct numbers {
    struct block_number *items;
    size_t count;
};

static void numbers_clear(struct numbers *numbers)
{
    free(numbers->items);
}

static bool contains(const struct numbers *numbers, struct block_number number)
{
    for (size_t i = 0; i < numbers->count; i++)
        if (block_number_equal(numbers->items[i], number))
            return true;
    return false;
}

/* Bind mounts and subvolumes: the table has had this file system already. */
static bool is_again(const struct mounts *mounts, size_t index)
{
    const struct mount *mount = &mounts->items[index];

    for (size_t i = 0; i < index; i++)
        if (mounts->items[i].major == mount->major && mounts->items[i].minor == mount->minor)
            return true;
    return false;
}

static void add_mounted(const struct storage *storage, const struct mounts *mounts,
                        struct numbers *mounted)
{
    struct block_number found[DEVICES_MAX];

    for (size_t i = 0; i < mounts->count; i++) {
        size_t count = 0;

        if (!is_again(mounts, i))
            count = storage_devices_of_mount(storage, &mounts->items[i], found, DEVICES_MAX);
        for (size_t k = 0; k < count; k++) {
            if (contains(mounted, found[k]))
                continue;
            mounted->items = must_grow(mounted->items, mounted->count + 1, sizeof(*mounted->items));
            mounted->items[mounted->count++] = found[k];
        }
    }
}

/* A device that another one is made of is used through that one. */
static bool has_holders(const struct sysroot *root, const char *name)
{
    AUTO(text_list_clear) struct text_list holders = {0};
    AUTO(text_clear) struct text path = {0};

    text_add_format(&path, "/sys/class/block/%s/holders", name);
    return sysroot_list(root, path.bytes, NAMES_MAX, &holders, NULL) == 0 && holders.count > 0;
}

/* A file system of its own: not what a file or memory holds. */
static bool is_storage(const struct block_device *device)
{
    return device->kind != BLOCK_LOOP && device->kind != BLOCK_MEMORY &&
           !(device->has_size && device->size_bytes == 0);
}

static int is_unmounted_plain(struct storage *storage, const struct sysroot *root, const char *name,
                              const struct numbers *mounted, bool *ret_is, struct error *err)
{
    AUTO(block_device_clear) struct block_device device = {0};
    struct udev_data data;
    struct block_number number;
    struct coverage coverage;
    int r = block_number_by_name(root, name, &number, err);

    *ret_is = false;
    if (r < 0 || contains(mounted, number))
        return r;
    r = block_device_read(root, number, &device, err);
    if (r < 0 || !is_storage(&device) || has_holders(root, name))
        return r;
    coverage = block_graph_cover(storage_devices(storage), number);
    if (!coverage_is_plain(&coverage) || coverage.removable)
        return 0;
    r = udev_data_read(root, number, &data, err);
    if (r == 0 && data.usage == UDEV_POOL)
        return error_set(err, ENOSYS, "a disk is part of a ZFS or bcachefs");
    *ret_is = r == 0 && data.usage == UDEV_FILESYSTEM && !data.for_booting;
    return r;
}

int unmounted_plain_count(struct storage *storage, const struct sysroot *root,
                          const struct mounts *mounts, size_t *ret_count, struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    AUTO(numbers_clear) struct numbers mounted = {0};
    size_t count = 0;
    int r = sysroot_list(root, "/sys/class/block", NAMES_MAX, &names, err);

    if (r < 0)
        return r;
    add_mounted(storage, mounts, &mounted);
    for (size_t i = 0; i < names.count; i++) {
        bool is;

        r = is_unmounted_plain(storage, root, names.items[i], &mounted, &is, err);
        if (r < 0)
            return r;
        count += is;
    }
    *ret_count = count;
    return 0;
}
