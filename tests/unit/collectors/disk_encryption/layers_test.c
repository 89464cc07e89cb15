/* What a device is made of, layer by layer, and whether that encrypts all of it. */
#include <string.h>
#include <sys/stat.h>

#include "collectors/disk_encryption/disk_encryption.h"
#include "platform/cleanup.h"
#include "platform/json.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"
#include "tests/unit/collectors/disk_encryption/disk_tree.h"

#define LUKS2 "CRYPT-LUKS2-189cfe088e984dc3a8b349ce771fd9fe-x"
#define LUKS1 "CRYPT-LUKS1-d8d13ca761374629b63c32e2914f6df5-x"

#define NULL_CIPHER_IN_USE "name         : ecb(cipher_null)\nrefcnt       : 2\n\n"

/* A disk "sda" with the partition "sda1". */
static struct disk_tree disk_tree(void)
{
    struct disk_tree tree = tree_new();

    tree_disk(&tree, "sda");
    tree_partition(&tree, "sda1", "sda");
    return tree;
}

/* The collector's answer with this device as root. */
static struct json *collect_root_on(struct disk_tree *tree, const char *device)
{
    tree_mount(tree, device, "/", "ext4");
    return tree_collect(tree);
}

static void assert_root(struct disk_tree *tree, const char *device, bool encrypted)
{
    AUTO(auto_json_free) struct json *result = collect_root_on(tree, device);

    assert_fact_bool(result, "root_encrypted", encrypted);
    assert_fact_bool(result, "all_encrypted", encrypted);
}

static void assert_root_unknown(struct disk_tree *tree, const char *device, const char *reason)
{
    AUTO(auto_json_free) struct json *result = collect_root_on(tree, device);

    assert_fact_unknown(result, "root_encrypted", reason);
    assert_fact_unknown(result, "all_encrypted", reason);
}

static const char *volume_text(const struct json *result, const char *name)
{
    return json_text(json_member(json_first(json_at(result, "/facts/volumes")), name));
}

static void assert_volume_text(const struct json *result, const char *name, const char *expected)
{
    const char *text = volume_text(result, name);

    if (text == NULL)
        fail_msg("%s is not known", name);
    assert_string_equal(text, expected);
}

static void put_header(struct disk_tree *tree, const char *device, const char *fixture)
{
    AUTO(text_clear) struct text bytes = {0};

    tree_fixture(fixture, &bytes);
    tree_content(tree, device, bytes.bytes, bytes.length);
}

TEST(a_plain_partition_is_not_encrypted)
{
    struct disk_tree tree = disk_tree();
    AUTO(auto_json_free) struct json *result = collect_root_on(&tree, "sda1");

    assert_fact_bool(result, "root_encrypted", false);
    assert_fact_bool(result, "all_encrypted", false);
    assert_volume_text(result, "role", "root");
    assert_volume_text(result, "coverage", "none");
    assert_volume_text(result, "method", "none");
    assert_fact_unknown(result, "volumes[0].cipher", "not_applicable");
}

TEST(luks_below_a_file_system_is_encrypted)
{
    struct disk_tree tree = disk_tree();

    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    assert_root(&tree, "dm-0", true);
}

TEST(lvm_on_luks_is_encrypted)
{
    struct disk_tree tree = disk_tree();

    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    tree_mapped(&tree, "dm-1", "LVM-abc", "dm-0");
    assert_root(&tree, "dm-1", true);
}

TEST(luks_on_lvm_is_encrypted)
{
    struct disk_tree tree = disk_tree();

    tree_mapped(&tree, "dm-0", "LVM-abc", "sda1");
    tree_mapped(&tree, "dm-1", LUKS2, "dm-0");
    assert_root(&tree, "dm-1", true);
}

TEST(a_logical_volume_over_luks_and_a_plain_disk_is_not_encrypted)
{
    struct disk_tree tree = disk_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_disk(&tree, "sdb");
    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    tree_mapped(&tree, "dm-1", "LVM-abc", "dm-0 sdb");
    result = collect_root_on(&tree, "dm-1");
    assert_fact_bool(result, "root_encrypted", false);
    assert_volume_text(result, "coverage", "part");
}

TEST(a_logical_volume_over_two_plain_disks_is_not_even_partly_encrypted)
{
    struct disk_tree tree = disk_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_disk(&tree, "sdb");
    tree_mapped(&tree, "dm-0", "LVM-abc", "sda1 sdb");
    result = collect_root_on(&tree, "dm-0");
    assert_volume_text(result, "coverage", "none");
}

TEST(a_snapshot_of_a_logical_volume_counts_down_to_its_disks)
{
    struct disk_tree tree = disk_tree();

    tree_mapped(&tree, "dm-0", "LVM-pool-real", "sda1");
    tree_mapped(&tree, "dm-1", "LVM-abc-cow", "sda1");
    tree_mapped(&tree, "dm-2", "LVM-abc", "dm-0 dm-1");
    assert_root(&tree, "dm-2", false);
}

static void add_raid(struct disk_tree *tree, const char *lower)
{
    tree_made_of(tree, "md0", lower);
    tree_attribute(tree, "md0", "md/level", "raid1\n");
}

TEST(raid_over_luks_members_is_encrypted)
{
    struct disk_tree tree = disk_tree();

    tree_disk(&tree, "sdb");
    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    tree_mapped(&tree, "dm-1", "CRYPT-LUKS2-aa-y", "sdb");
    add_raid(&tree, "dm-0 dm-1");
    assert_root(&tree, "md0", true);
}

TEST(raid_with_one_plain_member_is_not_encrypted)
{
    struct disk_tree tree = disk_tree();

    tree_disk(&tree, "sdb");
    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    add_raid(&tree, "dm-0 sdb");
    assert_root(&tree, "md0", false);
}

TEST(luks_over_raid_is_encrypted)
{
    struct disk_tree tree = disk_tree();

    add_raid(&tree, "sda1");
    tree_mapped(&tree, "dm-0", LUKS2, "md0");
    assert_root(&tree, "dm-0", true);
}

TEST(a_partition_of_raid_over_luks_is_encrypted)
{
    struct disk_tree tree = disk_tree();

    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    add_raid(&tree, "dm-0");
    tree_partition(&tree, "md0p1", "md0");
    assert_root(&tree, "md0p1", true);
}

TEST(a_cache_with_a_plain_cache_disk_is_not_encrypted)
{
    struct disk_tree tree = disk_tree();

    tree_disk(&tree, "nvme0n1");
    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    tree_made_of(&tree, "bcache0", "dm-0 nvme0n1");
    tree_attribute(&tree, "bcache0", "bcache/cache/there", "");
    assert_root(&tree, "bcache0", false);
}

TEST(a_cache_whose_cache_disk_is_not_shown_is_unknown)
{
    struct disk_tree tree = disk_tree();

    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    tree_made_of(&tree, "bcache0", "dm-0");
    tree_attribute(&tree, "bcache0", "bcache/cache/there", "");
    assert_root_unknown(&tree, "bcache0", "conflicting");
}

TEST(multipath_counts_all_paths)
{
    struct disk_tree tree = disk_tree();

    tree_disk(&tree, "sdb");
    tree_mapped(&tree, "dm-0", "mpath-abc", "sda sdb");
    tree_mapped(&tree, "dm-1", LUKS2, "dm-0");
    assert_root(&tree, "dm-1", true);
}

TEST(verity_is_not_encryption)
{
    struct disk_tree tree = disk_tree();

    tree_mapped(&tree, "dm-0", "CRYPT-VERITY-abc-root", "sda1");
    assert_root(&tree, "dm-0", false);
}

TEST(verity_of_luks_is_encrypted)
{
    struct disk_tree tree = disk_tree();

    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    tree_mapped(&tree, "dm-1", "CRYPT-VERITY-abc-root", "dm-0");
    assert_root(&tree, "dm-1", true);
}

TEST(integrity_alone_is_not_encryption)
{
    struct disk_tree tree = disk_tree();

    tree_mapped(&tree, "dm-0", "CRYPT-INTEGRITY-abc-x", "sda1");
    assert_root(&tree, "dm-0", false);
}

TEST(authenticated_luks2_is_encrypted_and_its_header_found)
{
    struct disk_tree tree = disk_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    put_header(&tree, "sda1", "luks2-tpm2-token.hdr");
    tree_mapped(&tree, "dm-0", "CRYPT-SUBDEV-189cfe088e984dc3a8b349ce771fd9fe-x_dif", "sda1");
    tree_mapped(&tree, "dm-1", LUKS2, "dm-0");
    result = collect_root_on(&tree, "dm-1");
    assert_fact_bool(result, "root_encrypted", true);
    assert_volume_text(result, "cipher", "aes-xts-plain64");
}

TEST(reads_cipher_key_and_tpm_from_the_luks2_header)
{
    struct disk_tree tree = disk_tree();
    AUTO(auto_json_free) struct json *result = NULL;
    const struct json *volume;
    int64_t bits;
    bool tpm2, pin;

    put_header(&tree, "sda1", "luks2-tpm2-token.hdr");
    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    result = collect_root_on(&tree, "dm-0");
    volume = json_first(json_at(result, "/facts/volumes"));
    assert_volume_text(result, "method", "luks2");
    assert_volume_text(result, "cipher", "aes-xts-plain64");
    assert_volume_text(result, "header", "attached");
    assert_true(json_integer(json_member(volume, "key_bits"), &bits));
    assert_int_equal(bits, 512);
    assert_true(json_bool(json_member(volume, "tpm2_unlock"), &tpm2) && tpm2);
    assert_true(json_bool(json_member(volume, "tpm2_pin"), &pin) && !pin);
}

TEST(the_header_of_a_stick_is_left_alone)
{
    struct disk_tree tree = tree_new();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_disk(&tree, "sdb");
    tree_attribute(&tree, "sdb", "removable", "1\n");
    put_header(&tree, "sdb", "luks2-tpm2-token.hdr");
    tree_mapped(&tree, "dm-0", LUKS2, "sdb");
    result = collect_root_on(&tree, "dm-0");
    assert_fact_bool(result, "root_encrypted", true);
    assert_fact_unknown(result, "volumes[0].cipher", "not_present");
}

TEST(reads_the_luks1_header)
{
    struct disk_tree tree = disk_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    put_header(&tree, "sda1", "luks1.hdr");
    tree_mapped(&tree, "dm-0", LUKS1, "sda1");
    result = collect_root_on(&tree, "dm-0");
    assert_fact_bool(result, "root_encrypted", true);
    assert_volume_text(result, "method", "luks1");
    assert_volume_text(result, "cipher", "aes-xts-plain64");
}

TEST(a_null_cipher_in_the_header_is_not_encryption)
{
    struct disk_tree tree = disk_tree();
    AUTO(text_clear) struct text bytes = {0};

    tree_fixture("luks1.hdr", &bytes);
    memcpy(bytes.bytes + 8, "cipher_null", sizeof("cipher_null"));
    memcpy(bytes.bytes + 40, "ecb", sizeof("ecb"));
    tree_content(&tree, "sda1", bytes.bytes, bytes.length);
    tree_mapped(&tree, "dm-0", LUKS1, "sda1");
    assert_root(&tree, "dm-0", false);
}

TEST(without_a_header_a_null_cipher_in_use_makes_it_unknown)
{
    struct disk_tree tree = disk_tree();

    fixture_write(tree.folder, "proc/crypto", NULL_CIPHER_IN_USE);
    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    assert_root_unknown(&tree, "dm-0", "not_present");
}

TEST(with_a_good_header_somebody_elses_null_cipher_does_not_matter)
{
    struct disk_tree tree = disk_tree();

    fixture_write(tree.folder, "proc/crypto", NULL_CIPHER_IN_USE);
    put_header(&tree, "sda1", "luks1.hdr");
    tree_mapped(&tree, "dm-0", LUKS1, "sda1");
    assert_root(&tree, "dm-0", true);
}

TEST(a_mapping_without_header_and_a_null_cipher_in_use_is_unknown)
{
    struct disk_tree tree = disk_tree();

    fixture_write(tree.folder, "proc/crypto", NULL_CIPHER_IN_USE);
    tree_mapped(&tree, "dm-0", "CRYPT-PLAIN-x", "sda1");
    assert_root_unknown(&tree, "dm-0", "unsupported");
}

TEST(a_damaged_header_leaves_the_cipher_unknown)
{
    struct disk_tree tree = disk_tree();
    AUTO(text_clear) struct text bytes = {0};
    AUTO(auto_json_free) struct json *result = NULL;

    tree_fixture("luks2-tpm2-token.hdr", &bytes);
    bytes.bytes[5000] ^= 1;
    tree_content(&tree, "sda1", bytes.bytes, bytes.length);
    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    result = collect_root_on(&tree, "dm-0");
    assert_fact_bool(result, "root_encrypted", true);
    assert_fact_unknown(result, "volumes[0].cipher", "parse_error");
}

/* The mapping over a header that we may not read. */
static struct disk_tree forbidden_tree(void)
{
    struct disk_tree tree = disk_tree();
    AUTO(text_clear) struct text path = {0};

    put_header(&tree, "sda1", "luks2-tpm2-token.hdr");
    text_add_format(&path, "%s/dev/sda1", tree.folder);
    assert_int_equal(chmod(path.bytes, 0), 0);
    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    tree.as_nobody = true;
    return tree;
}

TEST(without_permission_the_kernel_proves_encryption_and_the_cipher_is_unknown)
{
    struct disk_tree tree = forbidden_tree();
    AUTO(auto_json_free) struct json *result = collect_root_on(&tree, "dm-0");

    assert_fact_bool(result, "root_encrypted", true);
    assert_volume_text(result, "method", "luks2");
    assert_fact_unknown(result, "volumes[0].cipher", "not_permitted");
    assert_fact_unknown(result, "volumes[0].header", "not_permitted");
    assert_fact_unknown(result, "volumes[0].tpm2_unlock", "not_permitted");
}

TEST(without_permission_and_without_the_kernels_proof_it_is_unknown)
{
    struct disk_tree used = forbidden_tree(), garbled = forbidden_tree();

    fixture_write(used.folder, "proc/crypto", NULL_CIPHER_IN_USE);
    assert_root_unknown(&used, "dm-0", "not_permitted");
    fixture_write(garbled.folder, "proc/crypto", "name : xts(aes)\n");
    assert_root_unknown(&garbled, "dm-0", "not_permitted");
}

TEST(running_reencryption_is_unknown)
{
    struct disk_tree tree = disk_tree();

    tree_mapped(&tree, "dm-0", "CRYPT-SUBDEV-189cfe08-x-hotzone-forward", "sda1");
    tree_mapped(&tree, "dm-1", LUKS2, "dm-0 sda1");
    assert_root_unknown(&tree, "dm-1", "in_progress");
}

TEST(a_mapping_whose_header_is_elsewhere_is_encrypted_and_detached)
{
    struct disk_tree tree = disk_tree();
    AUTO(auto_json_free) struct json *result = NULL;
    char zeroes[4096] = {0};

    tree_content(&tree, "sda1", zeroes, sizeof(zeroes));
    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    result = collect_root_on(&tree, "dm-0");
    assert_fact_bool(result, "root_encrypted", true);
    assert_volume_text(result, "header", "detached");
    assert_fact_unknown(result, "volumes[0].cipher", "not_present");
}

TEST(another_mappings_header_is_not_believed)
{
    struct disk_tree tree = disk_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    put_header(&tree, "sda1", "luks2-tpm2-token.hdr");
    tree_mapped(&tree, "dm-0", "CRYPT-LUKS2-ffffffffffffffffffffffffffffffff-x", "sda1");
    result = collect_root_on(&tree, "dm-0");
    assert_volume_text(result, "header", "detached");
}

TEST(a_mapping_over_a_visible_file_system_is_unknown)
{
    struct disk_tree tree = disk_tree();

    tree_udev(&tree, "sda1", "E:ID_FS_USAGE=filesystem\n");
    tree_mapped(&tree, "dm-0", LUKS2, "sda1");
    assert_root_unknown(&tree, "dm-0", "conflicting");
}

TEST(bitlocker_and_truecrypt_mappings_are_encrypted)
{
    struct disk_tree bitlocker = disk_tree(), truecrypt = disk_tree();

    tree_mapped(&bitlocker, "dm-0", "CRYPT-BITLK-x", "sda1");
    assert_root(&bitlocker, "dm-0", true);
    tree_mapped(&truecrypt, "dm-0", "CRYPT-TCRYPT-x", "sda1");
    assert_root(&truecrypt, "dm-0", true);
}

TEST(a_mapping_of_nothing_is_unknown)
{
    struct disk_tree tree = disk_tree();

    tree_mapped(&tree, "dm-0", "", "");
    assert_root_unknown(&tree, "dm-0", "not_present");
}

TEST(devices_made_of_each_other_are_unknown)
{
    struct disk_tree tree = disk_tree();

    tree_mapped(&tree, "dm-0", "LVM-a", "");
    tree_mapped(&tree, "dm-1", "LVM-b", "dm-0");
    fixture_link(tree.folder, "sys/devices/virtual/block/dm-0/slaves/dm-1",
                 "/sys/devices/virtual/block/dm-1");
    assert_root_unknown(&tree, "dm-1", "conflicting");
}

TEST(a_plain_disk_is_not_hidden_by_an_unknown_one)
{
    struct disk_tree tree = disk_tree();

    tree_mapped(&tree, "dm-0", "LVM-a", "");
    tree_mapped(&tree, "dm-1", "LVM-b", "dm-0 sda1");
    assert_root(&tree, "dm-1", false);
}

TEST(knows_devices_with_a_slash_in_their_name)
{
    struct disk_tree tree = tree_new();
    AUTO(auto_json_free) struct json *result = NULL;

    tree_disk(&tree, "cciss!c0d0");
    tree_mapped(&tree, "dm-0", LUKS1, "cciss!c0d0");
    put_header(&tree, "cciss!c0d0", "luks1.hdr");
    result = collect_root_on(&tree, "dm-0");
    assert_volume_text(result, "cipher", "aes-xts-plain64");
}

TEST(a_device_that_sysfs_does_not_have_is_unknown)
{
    struct disk_tree tree = disk_tree();
    AUTO(auto_json_free) struct json *result = NULL;

    text_add_string(&tree.mounts, "22 1 7:7 / / rw - ext4 /dev/gone rw\n");
    result = tree_collect(&tree);
    assert_fact_unknown(result, "root_encrypted", "not_present");
}

TEST(the_captured_machine_with_a_mixed_volume_is_not_encrypted)
{
    AUTO(auto_json_free)
    struct json *result = fixture_collect(&disk_encryption_collector, "disk_encryption/mixed", 0);

    assert_fact_bool(result, "root_encrypted", false);
    assert_fact_bool(result, "all_encrypted", false);
    assert_volume_text(result, "coverage", "part");
    assert_fact_unknown(result, "swap_encrypted", "not_applicable");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_plain_partition_is_not_encrypted),
        RUN(luks_below_a_file_system_is_encrypted),
        RUN(lvm_on_luks_is_encrypted),
        RUN(luks_on_lvm_is_encrypted),
        RUN(a_logical_volume_over_luks_and_a_plain_disk_is_not_encrypted),
        RUN(a_logical_volume_over_two_plain_disks_is_not_even_partly_encrypted),
        RUN(a_snapshot_of_a_logical_volume_counts_down_to_its_disks),
        RUN(raid_over_luks_members_is_encrypted),
        RUN(raid_with_one_plain_member_is_not_encrypted),
        RUN(luks_over_raid_is_encrypted),
        RUN(a_partition_of_raid_over_luks_is_encrypted),
        RUN(a_cache_with_a_plain_cache_disk_is_not_encrypted),
        RUN(a_cache_whose_cache_disk_is_not_shown_is_unknown),
        RUN(multipath_counts_all_paths),
        RUN(verity_is_not_encryption),
        RUN(verity_of_luks_is_encrypted),
        RUN(integrity_alone_is_not_encryption),
        RUN(authenticated_luks2_is_encrypted_and_its_header_found),
        RUN(reads_cipher_key_and_tpm_from_the_luks2_header),
        RUN(the_header_of_a_stick_is_left_alone),
        RUN(reads_the_luks1_header),
        RUN(a_null_cipher_in_the_header_is_not_encryption),
        RUN(without_a_header_a_null_cipher_in_use_makes_it_unknown),
        RUN(with_a_good_header_somebody_elses_null_cipher_does_not_matter),
        RUN(a_mapping_without_header_and_a_null_cipher_in_use_is_unknown),
        RUN(a_damaged_header_leaves_the_cipher_unknown),
        RUN(without_permission_the_kernel_proves_encryption_and_the_cipher_is_unknown),
        RUN(without_permission_and_without_the_kernels_proof_it_is_unknown),
        RUN(running_reencryption_is_unknown),
        RUN(a_mapping_whose_header_is_elsewhere_is_encrypted_and_detached),
        RUN(another_mappings_header_is_not_believed),
        RUN(a_mapping_over_a_visible_file_system_is_unknown),
        RUN(bitlocker_and_truecrypt_mappings_are_encrypted),
        RUN(a_mapping_of_nothing_is_unknown),
        RUN(devices_made_of_each_other_are_unknown),
        RUN(a_plain_disk_is_not_hidden_by_an_unknown_one),
        RUN(knows_devices_with_a_slash_in_their_name),
        RUN(a_device_that_sysfs_does_not_have_is_unknown),
        RUN(the_captured_machine_with_a_mixed_volume_is_not_encrypted),
    };

    return RUN_ALL(tests);
}
