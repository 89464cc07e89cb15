/* Which volumes count, and what the machine as a whole is. */
#include <string.h>

#include "platform/cleanup.h"
#include "platform/json.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"
#include "tests/unit/collectors/disk_encryption/disk_tree.h"

#define PLACE_USB "pci0000:00/usb1/1-1/1-1:1.0/host6/target6:0:0/6:0:0:0/block"

/* A disk with /boot on "sda1" and root on the LUKS mapping "dm-0" of "sda2". */
static struct disk_tree encrypted_tree(void)
{
    struct disk_tree tree = tree_new();

    tree_disk(&tree, "sda");
    tree_partition(&tree, "sda1", "sda");
    tree_partition(&tree, "sda2", "sda");
    tree_mapped(&tree, "dm-0", "CRYPT-LUKS2-aa-root", "sda2");
    tree_mount(&tree, "dm-0", "/", "ext4");
    tree_mount(&tree, "sda1", "/boot", "ext4");
    return tree;
}

static void assert_all(struct disk_tree *tree, bool encrypted)
{
    AUTO(auto_json_free) struct json *result = tree_collect(tree);

    assert_fact_bool(result, "root_encrypted", true);
    assert_fact_bool(result, "all_encrypted", encrypted);
}

static size_t volume_count(const struct json *result)
{
    return json_count(json_at(result, "/facts/volumes"));
}

TEST(boot_alone_may_be_plain)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = tree_collect(&tree);

    assert_fact_bool(result, "all_encrypted", true);
    assert_fact_bool(result, "home_encrypted", true);
    assert_fact_bool(result, "boot_encrypted", false);
    assert_fact_unknown(result, "swap_encrypted", "not_applicable");
    assert_int_equal(volume_count(result), 2);
}

TEST(what_boots_is_no_excuse_when_mounted_for_data_too)
{
    struct disk_tree tree = encrypted_tree();

    tree_mount(&tree, "sda1", "/srv", "ext4");
    assert_all(&tree, false);
}

TEST(a_plain_var_of_its_own_counts)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_partition(&tree, "sda3", "sda");
    tree_mount(&tree, "sda3", "/var", "ext4");
    result = tree_collect(&tree);
    assert_fact_bool(result, "var_encrypted", false);
    assert_fact_bool(result, "home_encrypted", true);
    assert_fact_bool(result, "all_encrypted", false);
}

TEST(a_plain_volume_below_home_counts_for_home)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_partition(&tree, "sda3", "sda");
    tree_mount(&tree, "sda3", "/home/shared\\040files", "ext4");
    result = tree_collect(&tree);
    assert_fact_bool(result, "home_encrypted", false);
    assert_fact_bool(result, "all_encrypted", false);
}

TEST(home_behind_a_link_is_looked_up_where_it_leads)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_partition(&tree, "sda3", "sda");
    tree_mount(&tree, "sda3", "/data", "ext4");
    fixture_make_folder(tree.folder, "data/home");
    fixture_link(tree.folder, "home", "data/home");
    result = tree_collect(&tree);
    assert_fact_bool(result, "home_encrypted", false);
}

TEST(what_a_later_mount_hides_does_not_hold_home)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_partition(&tree, "sda3", "sda");
    tree_mapped(&tree, "dm-1", "CRYPT-LUKS2-bb-home", "sda3");
    tree_mount(&tree, "dm-1", "/home", "ext4");
    /* over the one before, whose number is the last that was given */
    text_add_format(&tree.mounts, "99 %u 8:1 / /home rw - ext4 /dev/sda1 rw\n", tree.next_mount);
    result = tree_collect(&tree);
    assert_fact_bool(result, "home_encrypted", false);
    assert_fact_bool(result, "all_encrypted", false);
}

TEST(a_second_plain_disk_counts_when_mounted)
{
    struct disk_tree tree = encrypted_tree();

    tree_disk(&tree, "sdb");
    tree_mount(&tree, "sdb", "/mnt/archive", "ext4");
    assert_all(&tree, false);
}

TEST(a_plain_disk_that_is_not_mounted_is_only_counted)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;
    static const char *const others[] = {"sda", "sda1", "sda2", "dm-0"};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        tree_udev(&tree, others[i], "");
    tree_udev(&tree, "sda1", "E:ID_FS_USAGE=filesystem\n"); /* mounted at /boot */
    tree_disk(&tree, "sdb");
    tree_udev(&tree, "sdb", "E:ID_FS_TYPE=ntfs\nE:ID_FS_USAGE=filesystem\n");
    result = tree_collect(&tree);
    assert_fact_bool(result, "all_encrypted", true);
    assert_fact_integer(result, "unmounted_plain_volumes", 1);
}

TEST(without_udev_nobody_knows_what_is_on_other_disks)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_disk(&tree, "sdb");
    result = tree_collect(&tree);
    assert_fact_unknown(result, "unmounted_plain_volumes", "not_present");
}

TEST(a_plain_stick_is_shown_but_does_not_count)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;
    const struct json *stick;

    tree_disk_at(&tree, "sdb", PLACE_USB);
    tree_partition(&tree, "sdb1", "sdb");
    tree_mount(&tree, "sdb1", "/media/somebody/STICK", "vfat");
    result = tree_collect(&tree);
    assert_fact_bool(result, "all_encrypted", true);
    assert_int_equal(volume_count(result), 3);
    stick = json_next(json_next(json_first(json_at(result, "/facts/volumes"))));
    assert_string_equal(json_text(json_member(stick, "role")), "removable");
}

TEST(a_usb_disk_at_a_fixed_port_counts)
{
    struct disk_tree tree = encrypted_tree();

    tree_disk_at(&tree, "sdb", PLACE_USB);
    fixture_write(tree.folder, "sys/devices/pci0000:00/usb1/1-1/removable", "fixed\n");
    tree_mount(&tree, "sdb", "/srv", "ext4");
    assert_all(&tree, false);
}

TEST(root_on_a_plain_stick_counts)
{
    struct disk_tree tree = tree_new();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_disk_at(&tree, "sdb", PLACE_USB);
    tree_mount(&tree, "sdb", "/", "ext4");
    result = tree_collect(&tree);
    assert_fact_bool(result, "root_encrypted", false);
    assert_fact_bool(result, "all_encrypted", false);
}

TEST(an_encrypted_stick_is_no_evidence_for_the_machine)
{
    struct disk_tree tree = tree_new();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_disk(&tree, "sda");
    tree_disk_at(&tree, "sdb", PLACE_USB);
    tree_mapped(&tree, "dm-0", "CRYPT-LUKS2-aa-x", "sdb");
    tree_mount(&tree, "sda", "/", "ext4");
    tree_mount(&tree, "dm-0", "/media/x", "ext4");
    result = tree_collect(&tree);
    assert_fact_bool(result, "all_encrypted", false);
}

TEST(an_image_file_is_where_its_file_is)
{
    struct disk_tree tree = encrypted_tree(), plain = tree_new();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_made_of(&tree, "loop0", "");
    tree_attribute(&tree, "loop0", "loop/backing_file", "/srv/disk.img\n");
    fixture_write(tree.folder, "srv/disk.img", "");
    tree_mount(&tree, "loop0", "/mnt", "ext4");
    assert_all(&tree, true);

    tree_disk(&plain, "sda");
    tree_mount(&plain, "sda", "/", "ext4");
    tree_made_of(&plain, "loop0", "");
    tree_attribute(&plain, "loop0", "loop/backing_file", "/srv/disk.img\n");
    fixture_write(plain.folder, "srv/disk.img", "");
    tree_mapped(&plain, "dm-0", "CRYPT-LUKS2-aa-x", "loop0");
    tree_mount(&plain, "dm-0", "/mnt", "ext4");
    result = tree_collect(&plain);
    assert_fact_bool(result, "root_encrypted", false);
    assert_fact_bool(result, "all_encrypted", false);
}

TEST(an_image_file_that_is_gone_is_unknown)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_made_of(&tree, "loop0", "");
    tree_attribute(&tree, "loop0", "loop/backing_file", "/srv/disk.img (deleted)\n");
    tree_mount(&tree, "loop0", "/mnt", "ext4");
    result = tree_collect(&tree);
    assert_fact_unknown(result, "all_encrypted", "not_present");
}

TEST(a_plain_disk_counts_when_mounted_read_only_too)
{
    struct disk_tree tree = encrypted_tree();

    tree_disk(&tree, "sdb");
    tree_mount_with(&tree, "sdb", "/mnt/archive", "ext4", "/dev/sdb ro,errors=remount-ro");
    assert_all(&tree, false);
}

TEST(a_read_only_system_folder_holds_nobodys_data)
{
    struct disk_tree tree = encrypted_tree();

    tree_disk(&tree, "sdb");
    tree_mount_with(&tree, "sdb", "/usr", "ext4", "/dev/sdb ro");
    assert_all(&tree, true);
}

TEST(read_only_images_do_not_count)
{
    struct disk_tree tree = encrypted_tree();

    tree_made_of(&tree, "loop0", "");
    tree_attribute(&tree, "loop0", "loop/backing_file", "/x.snap\n");
    tree_mount_with(&tree, "loop0", "/snap/x/1", "squashfs", "/dev/loop0 ro");
    assert_all(&tree, true);
}

TEST(a_plain_volume_that_is_only_read_does_not_count)
{
    struct disk_tree tree = encrypted_tree();

    tree_partition(&tree, "sda3", "sda");
    tree_mount_with(&tree, "sda3", "/usr", "ext4", "/dev/sda3 ro");
    assert_all(&tree, true);
}

TEST(subvolumes_and_bind_mounts_are_one_volume)
{
    struct disk_tree tree = tree_new();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_disk(&tree, "sda");
    tree_mapped(&tree, "dm-0", "CRYPT-LUKS2-aa-x", "sda");
    tree_btrfs(&tree, "dm-0", 0);
    tree_mount_with(&tree, "", "/", "btrfs", "/dev/mapper/dm-0 rw,subvol=/@");
    tree_mount_with(&tree, "", "/home", "btrfs", "/dev/mapper/dm-0 rw,subvol=/@home");
    result = tree_collect(&tree);
    assert_fact_bool(result, "all_encrypted", true);
    assert_fact_bool(result, "home_encrypted", true);
    assert_int_equal(volume_count(result), 1);
}

/* Root on a btrfs over two disks. */
static struct disk_tree btrfs_tree(const char *first_uuid, const char *second_uuid)
{
    struct disk_tree tree = tree_new();

    tree_disk(&tree, "sda");
    tree_disk(&tree, "sdb");
    tree_mapped(&tree, "dm-0", first_uuid, "sda");
    tree_mapped(&tree, "dm-1", second_uuid, "sdb");
    tree_mount_with(&tree, "", "/", "btrfs", "/dev/dm-0 rw");
    return tree;
}

TEST(btrfs_counts_every_member)
{
    struct disk_tree all = btrfs_tree("CRYPT-LUKS2-aa-x", "CRYPT-LUKS2-bb-y");
    struct disk_tree one = btrfs_tree("CRYPT-LUKS2-aa-x", "LVM-plain");
    AUTO(auto_json_free) struct json *result = NULL;

    tree_btrfs(&all, "dm-0 dm-1", 0);
    assert_all(&all, true);
    tree_btrfs(&one, "dm-0 dm-1", 0);
    result = tree_collect(&one);
    assert_fact_bool(result, "root_encrypted", false);
}

TEST(btrfs_with_a_missing_member_is_unknown)
{
    struct disk_tree tree = btrfs_tree("CRYPT-LUKS2-aa-x", "CRYPT-LUKS2-bb-y");
    AUTO(auto_json_free) struct json *result = NULL;

    tree_btrfs(&tree, "dm-0", 1);
    result = tree_collect(&tree);
    assert_fact_unknown(result, "root_encrypted", "conflicting");
}

TEST(root_of_a_btrfs_without_a_device_name_is_the_only_one)
{
    struct disk_tree tree = tree_new();

    tree_disk(&tree, "sda");
    tree_mapped(&tree, "dm-0", "CRYPT-LUKS2-aa-x", "sda");
    tree_btrfs(&tree, "dm-0", 0);
    tree_mount_with(&tree, "", "/", "btrfs", "/dev/root rw");
    assert_all(&tree, true);
}

TEST(zfs_is_not_understood_yet)
{
    struct disk_tree tree = tree_new();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_mount_with(&tree, "", "/", "zfs", "rpool/root rw");
    result = tree_collect(&tree);
    assert_fact_unknown(result, "root_encrypted", "unsupported");
    assert_fact_unknown(result, "all_encrypted", "unsupported");
}

TEST(a_folder_encrypted_on_a_plain_disk_does_not_make_the_machine_so)
{
    struct disk_tree tree = tree_new();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_disk(&tree, "sda");
    tree_mount(&tree, "sda", "/", "ext4");
    tree_mount_with(&tree, "", "/home/somebody", "ecryptfs", "/home/.ecryptfs rw");
    result = tree_collect(&tree);
    assert_fact_bool(result, "root_encrypted", false);
    assert_fact_unknown(result, "home_encrypted", "unsupported");
    assert_fact_bool(result, "all_encrypted", false);
}

TEST(an_encrypted_folder_on_luks_does_not_spoil_it)
{
    struct disk_tree tree = encrypted_tree();

    tree_mount_with(&tree, "", "/home/somebody", "ecryptfs", "/home/.ecryptfs rw");
    tree_mount_with(&tree, "", "/home/somebody/vault", "fuse.gocryptfs", "vault rw");
    assert_all(&tree, true);
}

TEST(what_is_in_memory_or_elsewhere_has_nothing_to_encrypt)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_mount_with(&tree, "", "/tmp", "tmpfs", "tmpfs rw");
    tree_mount_with(&tree, "", "/home", "nfs4", "server:/home rw");
    result = tree_collect(&tree);
    assert_fact_unknown(result, "tmp_encrypted", "not_applicable");
    assert_fact_unknown(result, "home_encrypted", "not_applicable");
    assert_fact_bool(result, "all_encrypted", true);
}

static void mount_live_system(struct disk_tree *tree)
{
    tree_mount_with(tree, "", "/", "overlay",
                    "overlay rw,lowerdir=/run/live/rootfs,upperdir=/run/live/overlay/rw,"
                    "workdir=/run/live/overlay/work");
    fixture_make_folder(tree->folder, "run/live/overlay/rw");
    fixture_make_folder(tree->folder, "run/live/overlay/work");
}

TEST(a_live_system_in_memory_has_nothing_to_praise)
{
    struct disk_tree tree = tree_new();
    AUTO(auto_json_free) struct json *result = NULL;

    mount_live_system(&tree);
    tree_mount_with(&tree, "", "/run/live/overlay", "tmpfs", "tmpfs rw");
    tree_disk(&tree, "sda");
    tree_mapped(&tree, "dm-0", "CRYPT-PLAIN-swap", "sda");
    tree_swap(&tree, "/dev/dm-0", "partition");
    result = tree_collect(&tree);
    assert_fact_unknown(result, "root_encrypted", "not_applicable");
    assert_fact_unknown(result, "all_encrypted", "not_applicable");
    assert_fact_bool(result, "swap_encrypted", true);
}

TEST(an_overlay_is_where_it_writes)
{
    struct disk_tree tree = tree_new();
    AUTO(auto_json_free) struct json *result = NULL;

    mount_live_system(&tree);
    tree_disk(&tree, "sda");
    tree_mount(&tree, "sda", "/run/live/overlay", "ext4");
    result = tree_collect(&tree);
    assert_fact_bool(result, "root_encrypted", false);
}

TEST(an_overlay_whose_folders_are_not_where_it_says_is_unknown)
{
    struct disk_tree tree = tree_new();
    AUTO(auto_json_free) struct json *result = NULL;

    mount_live_system(&tree);
    tree_disk(&tree, "sda");
    tree_mapped(&tree, "dm-0", "CRYPT-LUKS2-aa-x", "sda");
    tree_mount(&tree, "dm-0", "/run/live/overlay", "ext4");
    tree_forget(&tree, "run/live/overlay/work");
    result = tree_collect(&tree);
    assert_fact_unknown(result, "root_encrypted", "sandboxed");
}

TEST(inside_a_container_nothing_is_known)
{
    struct disk_tree unmarked = tree_new(), marked = encrypted_tree();
    AUTO(auto_json_free) struct json *first = NULL;
    AUTO(auto_json_free) struct json *second = NULL;

    tree_mount_with(&unmarked, "", "/", "overlay",
                    "overlay rw,lowerdir=/var/lib/x/l,upperdir=/var/lib/x/u,workdir=/var/lib/x/w");
    first = tree_collect(&unmarked);
    assert_fact_unknown(first, "all_encrypted", "sandboxed");

    fixture_write(marked.folder, "run/systemd/container", "lxc");
    second = tree_collect(&marked);
    assert_fact_unknown(second, "root_encrypted", "sandboxed");
    assert_fact_unknown(second, "volumes", "sandboxed");
}

TEST(a_mark_that_an_image_left_makes_no_container_of_a_machine)
{
    struct disk_tree tree = encrypted_tree();

    fixture_write(tree.folder, ".dockerenv", "");
    assert_all(&tree, true);
}

TEST(plain_swap_counts)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_partition(&tree, "sda3", "sda");
    tree_swap(&tree, "/dev/sda3", "partition");
    result = tree_collect(&tree);
    assert_fact_bool(result, "swap_encrypted", false);
    assert_fact_bool(result, "all_encrypted", false);
}

TEST(swap_with_a_random_key_is_encrypted)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_partition(&tree, "sda3", "sda");
    tree_mapped(&tree, "dm-1", "CRYPT-PLAIN-swap", "sda3");
    tree_swap(&tree, "/dev/mapper/dm-1", "partition");
    result = tree_collect(&tree);
    assert_fact_bool(result, "swap_encrypted", true);
    assert_fact_bool(result, "all_encrypted", true);
}

TEST(a_swap_file_is_where_its_file_system_is)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(tree.folder, "swap file", "");
    tree_swap(&tree, "/swap\\040file", "file");
    result = tree_collect(&tree);
    assert_fact_bool(result, "swap_encrypted", true);
}

TEST(compressed_memory_is_not_called_encrypted)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;
    const struct json *swap;

    tree_made_of(&tree, "zram0", "");
    tree_attribute(&tree, "zram0", "backing_dev", "none\n");
    tree_swap(&tree, "/dev/zram0", "partition");
    result = tree_collect(&tree);
    swap = json_first(json_at(result, "/facts/swap"));
    assert_fact_unknown(result, "swap_encrypted", "not_applicable");
    assert_string_equal(json_text(json_member(swap, "state")), "memory_only");
    assert_fact_bool(result, "all_encrypted", true);
}

TEST(compressed_memory_that_is_written_out_is_where_it_is_written)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_partition(&tree, "sda3", "sda");
    tree_made_of(&tree, "zram0", "");
    tree_attribute(&tree, "zram0", "backing_dev", "/dev/sda3\n");
    tree_swap(&tree, "/dev/zram0", "partition");
    result = tree_collect(&tree);
    assert_fact_bool(result, "swap_encrypted", false);
}

TEST(hibernating_to_a_plain_device_counts)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;
    char number[24];

    tree_partition(&tree, "sda3", "sda");
    tree_number_of(&tree, "sda3", number);
    fixture_write(tree.folder, "sys/power/state", "freeze mem disk\n");
    fixture_write(tree.folder, "sys/power/resume", number);
    result = tree_collect(&tree);
    assert_fact_bool(result, "hibernation_possible", true);
    assert_fact_bool(result, "resume_device_encrypted", false);
    assert_fact_bool(result, "all_encrypted", false);
}

TEST(hibernation_that_is_switched_off_is_not_possible)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(tree.folder, "sys/power/state", "freeze mem disk\n");
    fixture_write(tree.folder, "proc/cmdline", "quiet nohibernate\n");
    result = tree_collect(&tree);
    assert_fact_bool(result, "hibernation_possible", false);
    assert_fact_unknown(result, "resume_device_encrypted", "not_applicable");
}

TEST(a_garbled_mount_table_makes_all_unknown)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    text_add_string(&tree.mounts, "not a mount\n");
    result = tree_collect(&tree);
    assert_fact_unknown(result, "all_encrypted", "parse_error");
}

TEST(garbled_swap_makes_the_whole_unknown_but_not_root)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    text_add_string(&tree.swaps, "nonsense\n");
    result = tree_collect(&tree);
    assert_fact_bool(result, "root_encrypted", true);
    assert_fact_unknown(result, "swap_encrypted", "parse_error");
    assert_fact_unknown(result, "all_encrypted", "parse_error");
}

TEST(a_cloud_machine_says_whose_it_is)
{
    struct disk_tree tree = encrypted_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(tree.folder, "sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
    result = tree_collect(&tree);
    assert_fact_text(result, "virtualization", "amazon");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(boot_alone_may_be_plain),
        RUN(what_boots_is_no_excuse_when_mounted_for_data_too),
        RUN(a_plain_var_of_its_own_counts),
        RUN(a_plain_volume_below_home_counts_for_home),
        RUN(home_behind_a_link_is_looked_up_where_it_leads),
        RUN(what_a_later_mount_hides_does_not_hold_home),
        RUN(a_second_plain_disk_counts_when_mounted),
        RUN(a_plain_disk_that_is_not_mounted_is_only_counted),
        RUN(without_udev_nobody_knows_what_is_on_other_disks),
        RUN(a_plain_stick_is_shown_but_does_not_count),
        RUN(a_usb_disk_at_a_fixed_port_counts),
        RUN(root_on_a_plain_stick_counts),
        RUN(an_encrypted_stick_is_no_evidence_for_the_machine),
        RUN(an_image_file_is_where_its_file_is),
        RUN(an_image_file_that_is_gone_is_unknown),
        RUN(a_plain_disk_counts_when_mounted_read_only_too),
        RUN(a_read_only_system_folder_holds_nobodys_data),
        RUN(read_only_images_do_not_count),
        RUN(a_plain_volume_that_is_only_read_does_not_count),
        RUN(subvolumes_and_bind_mounts_are_one_volume),
        RUN(btrfs_counts_every_member),
        RUN(btrfs_with_a_missing_member_is_unknown),
        RUN(root_of_a_btrfs_without_a_device_name_is_the_only_one),
        RUN(zfs_is_not_understood_yet),
        RUN(a_folder_encrypted_on_a_plain_disk_does_not_make_the_machine_so),
        RUN(an_encrypted_folder_on_luks_does_not_spoil_it),
        RUN(what_is_in_memory_or_elsewhere_has_nothing_to_encrypt),
        RUN(a_live_system_in_memory_has_nothing_to_praise),
        RUN(an_overlay_is_where_it_writes),
        RUN(an_overlay_whose_folders_are_not_where_it_says_is_unknown),
        RUN(inside_a_container_nothing_is_known),
        RUN(a_mark_that_an_image_left_makes_no_container_of_a_machine),
        RUN(plain_swap_counts),
        RUN(swap_with_a_random_key_is_encrypted),
        RUN(a_swap_file_is_where_its_file_system_is),
        RUN(compressed_memory_is_not_called_encrypted),
        RUN(compressed_memory_that_is_written_out_is_where_it_is_written),
        RUN(hibernating_to_a_plain_device_counts),
        RUN(hibernation_that_is_switched_off_is_not_possible),
        RUN(a_garbled_mount_table_makes_all_unknown),
        RUN(garbled_swap_makes_the_whole_unknown_but_not_root),
        RUN(a_cloud_machine_says_whose_it_is),
    };

    return RUN_ALL(tests);
}
