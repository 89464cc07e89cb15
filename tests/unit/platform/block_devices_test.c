#include "platform/block_devices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

/* A disk sda with the partition sda1, a mapping dm-0 of it, and the root that holds them. */
struct machine_tree {
    char *folder;
    struct sysroot root;
};

static struct machine_tree set_up(void)
{
    struct machine_tree tree = {.folder = fixture_new_folder(), .root = {.fd = -1}};

    fixture_write(tree.folder, "sys/devices/pci/block/sda/dev", "8:0\n");
    fixture_write(tree.folder, "sys/devices/pci/block/sda/size", "100\n");
    fixture_write(tree.folder, "sys/devices/pci/block/sda/sda1/dev", "8:1\n");
    fixture_write(tree.folder, "sys/devices/pci/block/sda/sda1/partition", "1\n");
    fixture_write(tree.folder, "sys/devices/virtual/block/dm-0/dev", "253:0\n");
    fixture_write(tree.folder, "sys/devices/virtual/block/dm-0/dm/uuid", "LVM-x\n");
    fixture_write(tree.folder, "sys/devices/virtual/block/dm-0/dm/name", "vg-home\n");
    fixture_link(tree.folder, "sys/devices/virtual/block/dm-0/slaves/sda1",
                 "../../../../pci/block/sda/sda1");
    fixture_link(tree.folder, "sys/dev/block/8:0", "../../devices/pci/block/sda");
    fixture_link(tree.folder, "sys/dev/block/8:1", "../../devices/pci/block/sda/sda1");
    fixture_link(tree.folder, "sys/dev/block/253:0", "../../devices/virtual/block/dm-0");
    fixture_link(tree.folder, "sys/class/block/sda", "../../devices/pci/block/sda");
    fixture_link(tree.folder, "sys/class/block/dm-0", "../../devices/virtual/block/dm-0");
    assert_int_equal(sysroot_open(tree.folder, &tree.root, NULL), 0);
    return tree;
}

static void tear_down(struct machine_tree *tree)
{
    sysroot_close(&tree->root);
    fixture_remove(tree->folder);
}

static int read_device(const struct machine_tree *tree, unsigned major, unsigned minor,
                       struct block_device *device)
{
    return block_device_read(&tree->root, (struct block_number){major, minor}, device, NULL);
}

TEST(a_partition_is_of_its_disk)
{
    AUTO(tear_down) struct machine_tree tree = set_up();
    AUTO(block_device_clear) struct block_device partition = {0};
    AUTO(block_device_clear) struct block_device disk = {0};

    assert_int_equal(read_device(&tree, 8, 1, &partition), 0);
    assert_int_equal(partition.kind, BLOCK_PARTITION);
    assert_string_equal(partition.name, "sda1");
    assert_int_equal(partition.lower_count, 1);
    assert_int_equal(partition.lower[0].minor, 0);
    assert_int_equal(read_device(&tree, 8, 0, &disk), 0);
    assert_int_equal(disk.kind, BLOCK_DISK);
    assert_true(disk.has_size);
    assert_int_equal(disk.size_bytes, 51200);
}

TEST(a_mapping_is_made_of_what_it_maps)
{
    AUTO(tear_down) struct machine_tree tree = set_up();
    AUTO(block_device_clear) struct block_device mapped = {0};

    assert_int_equal(read_device(&tree, 253, 0, &mapped), 0);
    assert_int_equal(mapped.kind, BLOCK_MAPPED);
    assert_string_equal(mapped.mapping, "LVM-x");
    assert_int_equal(mapped.lower_count, 1);
    assert_int_equal(mapped.lower[0].minor, 1);
}

TEST(a_device_is_found_by_its_name_or_that_of_its_mapping)
{
    AUTO(tear_down) struct machine_tree tree = set_up();
    struct block_number number;

    assert_int_equal(block_number_by_path(&tree.root, "/dev/sda", &number, NULL), 0);
    assert_int_equal(number.major, 8);
    assert_int_equal(block_number_by_path(&tree.root, "/dev/mapper/vg-home", &number, NULL), 0);
    assert_int_equal(number.major, 253);
    assert_int_equal(block_number_by_path(&tree.root, "/dev/sdz", &number, NULL), -ENOENT);
    assert_int_equal(block_number_by_path(&tree.root, "/srv/sda", &number, NULL), -ENOENT);
    assert_int_equal(block_number_by_path(&tree.root, "/dev/../sda", &number, NULL), -ENOENT);
}

TEST(a_device_that_is_not_there_or_garbled_is_refused)
{
    AUTO(tear_down) struct machine_tree tree = set_up();
    AUTO(block_device_clear) struct block_device gone = {0};
    AUTO(block_device_clear) struct block_device garbled = {0};

    assert_int_equal(read_device(&tree, 9, 9, &gone), -ENOENT);
    fixture_write(tree.folder, "sys/devices/pci/block/sda/dev", "many\n");
    assert_int_equal(read_device(&tree, 8, 1, &garbled), -EBADMSG);
}

static void assert_removable(const char *place, const char *file, const char *content,
                             bool expected)
{
    AUTO(tear_down) struct machine_tree tree = set_up();
    AUTO(block_device_clear) struct block_device device = {0};
    char target[160];
    char path[192];

    (void)snprintf(path, sizeof(path), "sys/devices/%s/block/sdb/dev", place);
    fixture_write(tree.folder, path, "8:16\n");
    (void)snprintf(path, sizeof(path), "sys/devices/%s", file);
    fixture_write(tree.folder, path, content);
    (void)snprintf(target, sizeof(target), "../../devices/%s/block/sdb", place);
    fixture_link(tree.folder, "sys/dev/block/8:16", target);
    assert_int_equal(read_device(&tree, 8, 16, &device), 0);
    assert_int_equal(device.removable, expected);
}

TEST(what_comes_out_is_told_from_what_stays)
{
    assert_removable("pci/ata1", "pci/ata1/block/sdb/removable", "0\n", false);
    assert_removable("pci/ata1", "pci/ata1/block/sdb/removable", "1\n", true);
    assert_removable("pci/usb1/1-1", "pci/usb1/1-1/removable", "unknown\n", true);
    assert_removable("pci/usb1/1-1", "pci/usb1/1-1/removable", "fixed\n", false);
    assert_removable("pci/dock", "pci/dock/removable", "removable\n", true);
    assert_removable("mmc_host/mmc0/mmc0:1234", "mmc_host/mmc0/mmc0:1234/type", "SD\n", true);
    assert_removable("mmc_host/mmc0/mmc0:1234", "mmc_host/mmc0/mmc0:1234/type", "MMC\n", false);
}

TEST(memory_and_loops_say_where_they_write)
{
    AUTO(tear_down) struct machine_tree tree = set_up();
    AUTO(block_device_clear) struct block_device zram = {0};
    AUTO(block_device_clear) struct block_device loop = {0};
    AUTO(block_device_clear) struct block_device zvol = {0};

    fixture_write(tree.folder, "sys/devices/virtual/block/zram0/backing_dev", "none\n");
    fixture_link(tree.folder, "sys/dev/block/252:0", "../../devices/virtual/block/zram0");
    assert_int_equal(read_device(&tree, 252, 0, &zram), 0);
    assert_int_equal(zram.kind, BLOCK_MEMORY);
    assert_null(zram.backing);

    fixture_write(tree.folder, "sys/devices/virtual/block/loop0/loop/backing_file", "/a b\n");
    fixture_link(tree.folder, "sys/dev/block/7:0", "../../devices/virtual/block/loop0");
    assert_int_equal(read_device(&tree, 7, 0, &loop), 0);
    assert_int_equal(loop.kind, BLOCK_LOOP);
    assert_string_equal(loop.backing, "/a b");

    fixture_write(tree.folder, "sys/devices/virtual/block/zd0/dev", "230:0\n");
    fixture_link(tree.folder, "sys/dev/block/230:0", "../../devices/virtual/block/zd0");
    assert_int_equal(read_device(&tree, 230, 0, &zvol), 0);
    assert_int_equal(zvol.kind, BLOCK_REMOTE);
}

TEST(the_node_has_slashes_where_sysfs_has_marks)
{
    char name[] = "cciss!c0d0";
    struct block_device device = {.name = name};
    AUTO_FREE char *path = block_device_path(&device);

    assert_string_equal(path, "/dev/cciss/c0d0");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_partition_is_of_its_disk),
        RUN(a_mapping_is_made_of_what_it_maps),
        RUN(a_device_is_found_by_its_name_or_that_of_its_mapping),
        RUN(a_device_that_is_not_there_or_garbled_is_refused),
        RUN(what_comes_out_is_told_from_what_stays),
        RUN(memory_and_loops_say_where_they_write),
        RUN(the_node_has_slashes_where_sysfs_has_marks),
    };

    return RUN_ALL(tests);
}
