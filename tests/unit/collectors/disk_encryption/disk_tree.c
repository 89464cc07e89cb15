#include "tests/unit/collectors/disk_encryption/disk_tree.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collectors/disk_encryption/disk_encryption.h"
#include "platform/cleanup.h"
#include "platform/file.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

#define BTRFS_FOLDER "sys/fs/btrfs/11111111-2222-3333-4444-555555555555/"

struct disk_tree tree_new(void)
{
    struct disk_tree tree = {.folder = fixture_new_folder(), .next_mount = 21};

    fixture_write(tree.folder, "proc/crypto",
                  "name         : ecb(cipher_null)\ndriver       : ecb-cipher_null\n"
                  "refcnt       : 1\n\nname         : xts(aes)\nrefcnt       : 3\n\n");
    fixture_write(tree.folder, "proc/cmdline", "quiet\n");
    fixture_write(tree.folder, "sys/power/state", "freeze mem\n");
    text_add_string(&tree.swaps, "Filename\tType\tSize\tUsed\tPriority\n");
    return tree;
}

static size_t index_of(const struct disk_tree *tree, const char *name)
{
    for (size_t i = 0; i < tree->count; i++)
        if (strcmp(tree->devices[i].name, name) == 0)
            return i;
    fail_msg("there is no device %s", name);
    return 0;
}

void tree_number_of(const struct disk_tree *tree, const char *name, char ret_number[24])
{
    size_t i = index_of(tree, name);

    (void)snprintf(ret_number, 24, "%u:%u", tree->devices[i].major, tree->devices[i].minor);
}

static void write_format(struct disk_tree *tree, const char *value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void write_format(struct disk_tree *tree, const char *value, const char *format, ...)
{
    AUTO(text_clear) struct text path = {0};
    va_list arguments;

    va_start(arguments, format);
    text_add_formatted(&path, format, arguments);
    va_end(arguments);
    fixture_write(tree->folder, path.bytes, value);
}

void tree_attribute(struct disk_tree *tree, const char *name, const char *attribute,
                    const char *value)
{
    write_format(tree, value, "sys/devices/%s/%s", tree->devices[index_of(tree, name)].path,
                 attribute);
}

static void add_device(struct disk_tree *tree, const char *name, const char *place)
{
    AUTO(text_clear) struct text target = {0};
    AUTO(text_clear) struct text link = {0};
    char number[24];
    size_t i = tree->count++;

    tree->devices[i].name = name;
    tree->devices[i].major = 8;
    tree->devices[i].minor = (unsigned)i;
    (void)snprintf(tree->devices[i].path, sizeof(tree->devices[i].path), "%s/%s", place, name);
    tree_number_of(tree, name, number);

    tree_attribute(tree, name, "dev", number);
    tree_attribute(tree, name, "size", "2048\n");
    text_add_format(&target, "../../devices/%s", tree->devices[i].path);
    text_add_format(&link, "sys/dev/block/%s", number);
    fixture_link(tree->folder, link.bytes, target.bytes);
    text_truncate(&link, 0);
    text_add_format(&link, "sys/class/block/%s", name);
    fixture_link(tree->folder, link.bytes, target.bytes);
}

void tree_disk_at(struct disk_tree *tree, const char *name, const char *place)
{
    add_device(tree, name, place);
    tree_attribute(tree, name, "removable", "0\n");
}

void tree_disk(struct disk_tree *tree, const char *name)
{
    tree_disk_at(tree, name, "pci0000:00/block");
}

void tree_partition(struct disk_tree *tree, const char *name, const char *disk)
{
    add_device(tree, name, tree->devices[index_of(tree, disk)].path);
    tree_attribute(tree, name, "partition", "1\n");
}

static void add_lower(struct disk_tree *tree, const char *name, const char *lower)
{
    while (*lower != '\0') {
        AUTO(text_clear) struct text link = {0};
        AUTO(text_clear) struct text target = {0};
        char one[32];
        size_t length = strcspn(lower, " ");

        (void)snprintf(one, sizeof(one), "%.*s", (int)length, lower);
        text_add_format(&link, "sys/devices/%s/slaves/%s", tree->devices[index_of(tree, name)].path,
                        one);
        text_add_format(&target, "/sys/devices/%s", tree->devices[index_of(tree, one)].path);
        fixture_link(tree->folder, link.bytes, target.bytes);
        lower += length;
        lower += strspn(lower, " ");
    }
}

void tree_made_of(struct disk_tree *tree, const char *name, const char *lower)
{
    add_device(tree, name, "virtual/block");
    add_lower(tree, name, lower);
}

void tree_mapped(struct disk_tree *tree, const char *name, const char *uuid, const char *lower)
{
    tree_made_of(tree, name, lower);
    tree_attribute(tree, name, "dm/uuid", uuid);
    tree_attribute(tree, name, "dm/name", name);
}

void tree_udev(struct disk_tree *tree, const char *name, const char *lines)
{
    char number[24];

    tree_number_of(tree, name, number);
    write_format(tree, lines, "run/udev/data/b%s", number);
}

void tree_content(struct disk_tree *tree, const char *name, const void *bytes, size_t length)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "dev/%s", name);
    for (char *mark = strchr(path, '!'); mark != NULL; mark = strchr(mark, '!'))
        *mark = '/';
    fixture_write_bytes(tree->folder, path, bytes, length);
}

void tree_mount_with(struct disk_tree *tree, const char *device, const char *point,
                     const char *filesystem, const char *source_and_options)
{
    char number[24];
    unsigned id = ++tree->next_mount;

    if (device[0] == '\0')
        (void)snprintf(number, sizeof(number), "0:%u", id);
    else
        tree_number_of(tree, device, number);
    text_add_format(&tree->mounts, "%u %u %s / %s rw,relatime shared:1 - %s %s\n", id,
                    id == 22 ? 1 : 22, number, point, filesystem, source_and_options);
}

void tree_mount(struct disk_tree *tree, const char *device, const char *point,
                const char *filesystem)
{
    char source_and_options[64];

    (void)snprintf(source_and_options, sizeof(source_and_options), "/dev/%s rw", device);
    tree_mount_with(tree, device, point, filesystem, source_and_options);
}

void tree_forget(struct disk_tree *tree, const char *folder)
{
    AUTO(text_clear) struct text path = {0};

    text_add_format(&path, "%s/%s", tree->folder, folder);
    assert_int_equal(rmdir(path.bytes), 0);
}

void tree_swap(struct disk_tree *tree, const char *path, const char *type)
{
    text_add_format(&tree->swaps, "%s\t%s\t1024\t0\t-2\n", path, type);
}

void tree_btrfs(struct disk_tree *tree, const char *members, unsigned missing)
{
    unsigned number = 1;

    while (*members != '\0') {
        AUTO(text_clear) struct text link = {0};
        AUTO(text_clear) struct text target = {0};
        size_t length = strcspn(members, " ");

        text_add_format(&link, BTRFS_FOLDER "devices/%.*s", (int)length, members);
        text_add_format(&target, "/sys/class/block/%.*s", (int)length, members);
        fixture_link(tree->folder, link.bytes, target.bytes);
        write_format(tree, "0\n", BTRFS_FOLDER "devinfo/%u/missing", number++);
        members += length;
        members += strspn(members, " ");
    }
    while (missing-- > 0)
        write_format(tree, "1\n", BTRFS_FOLDER "devinfo/%u/missing", number++);
}

struct json *tree_collect(struct disk_tree *tree)
{
    struct json *result;

    fixture_write(tree->folder, "proc/1/mountinfo", text_string(&tree->mounts));
    fixture_write(tree->folder, "proc/swaps", text_string(&tree->swaps));
    if (tree->as_nobody && getuid() == 0) {
        assert_int_equal(chmod(tree->folder, 0755), 0);
        assert_int_equal(seteuid(65534), 0);
    }
    result = fixture_collect(&disk_encryption_collector, tree->folder, 0);
    if (tree->as_nobody && getuid() == 0)
        assert_int_equal(seteuid(0), 0);
    fixture_remove(tree->folder);
    text_clear(&tree->mounts);
    text_clear(&tree->swaps);
    return result;
}

void tree_fixture(const char *name, struct text *bytes)
{
    AUTO_CLOSE int folder = directory_open(FIXTURES "/disk_encryption", NULL);
    struct error err = {0};

    if (file_read(folder, name, 64U * 1024U, bytes, &err) < 0)
        fail_msg("%s", err.message);
}
