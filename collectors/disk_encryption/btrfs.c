#include "collectors/disk_encryption/btrfs.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define FILESYSTEMS "/sys/fs/btrfs"
#define UUID_LENGTH 36U

static int read_numbers(const struct sysroot *root, const char *id, struct btrfs_members *members,
                        struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    AUTO(text_clear) struct text folder = {0};
    int r;

    text_add_format(&folder, FILESYSTEMS "/%s/devices", id);
    r = sysroot_list(root, folder.bytes, BTRFS_MEMBERS_MAX, &names, err);
    for (size_t i = 0; r == 0 && i < names.count; i++)
        r = block_number_by_name(root, names.items[i], &members->numbers[members->count++], err);
    return r;
}

/* devinfo lists every member, missing ones too, each with a file "missing". */
static int read_missing(const struct sysroot *root, const char *id, struct btrfs_members *members,
                        struct error *err)
{
    AUTO(text_list_clear) struct text_list numbers = {0};
    AUTO(text_clear) struct text folder = {0};
    int r;

    text_add_format(&folder, FILESYSTEMS "/%s/devinfo", id);
    r = sysroot_list(root, folder.bytes, BTRFS_MEMBERS_MAX, &numbers, err);
    members->complete = numbers.count == members->count;
    for (size_t i = 0; r == 0 && i < numbers.count; i++) {
        AUTO(text_clear) struct text path = {0};
        AUTO_FREE char *missing = NULL;

        text_add_format(&path, "%s/%s/missing", folder.bytes, numbers.items[i]);
        r = sysroot_read_line(root, path.bytes, &missing, err);
        if (r == 0 && strcmp(missing, "0") != 0)
            members->complete = false;
    }
    members->told = r == 0;
    return r == -ENOENT ? 0 : r;
}

static bool has_member(const struct btrfs_members *members, struct block_number number)
{
    for (size_t i = 0; i < members->count; i++)
        if (block_number_equal(members->numbers[i], number))
            return true;
    return false;
}

static int list_filesystems(const struct sysroot *root, struct text_list *ids, struct error *err)
{
    AUTO(text_list_clear) struct text_list entries = {0};
    int r = sysroot_list(root, FILESYSTEMS, BTRFS_MEMBERS_MAX, &entries, err);

    for (size_t i = 0; r == 0 && i < entries.count; i++)
        if (strlen(entries.items[i]) == UUID_LENGTH) /* others are "features" and the like */
            text_list_add(ids, entries.items[i], UUID_LENGTH);
    return r;
}

int btrfs_members_read(const struct sysroot *root, const struct mount *mount,
                       struct btrfs_members *ret_members, struct error *err)
{
    AUTO(text_list_clear) struct text_list ids = {0};
    struct block_number source;
    bool has_source = block_number_by_path(root, mount->source, &source, NULL) == 0;
    int r = list_filesystems(root, &ids, err);

    for (size_t i = 0; r == 0 && i < ids.count; i++) {
        struct btrfs_members members = {0};

        r = read_numbers(root, ids.items[i], &members, err);
        /* A source such as /dev/root is no device; but where there is one btrfs, it is that one. */
        if (r < 0 || (has_source ? !has_member(&members, source) : ids.count != 1))
            continue;
        memcpy(members.id, ids.items[i], UUID_LENGTH);
        r = read_missing(root, ids.items[i], &members, err);
        if (r == 0)
            *ret_members = members;
        return r;
    }
    return r < 0 ? r : error_set(err, ENOENT, "a btrfs is none of those in " FILESYSTEMS);
}
