/* The small texts that disk_encryption reads. */
#include <errno.h>
#include <string.h>

#include "collectors/disk_encryption/filesystems.h"
#include "collectors/disk_encryption/kernel_ciphers.h"
#include "collectors/disk_encryption/mapping.h"
#include "collectors/disk_encryption/swaps.h"
#include "collectors/disk_encryption/udev_data.h"
#include "platform/cleanup.h"
#include "tests/support/test.h"

#define HEADING "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

TEST(reads_swap_areas)
{
    AUTO(swaps_clear) struct swaps swaps = {0};

    assert_int_equal(swaps_parse(HEADING "/dev/dm-1   partition\t1\t0\t-2\n"
                                         "/swap\\040file file\t1\t0\t-3\n"
                                         "/old\\040(deleted) file\t1\t0\t-4\n",
                                 &swaps, NULL),
                     0);
    assert_int_equal(swaps.count, 3);
    assert_string_equal(swaps.items[0].path, "/dev/dm-1");
    assert_false(swaps.items[0].is_file);
    assert_string_equal(swaps.items[1].path, "/swap file");
    assert_true(swaps.items[1].is_file);
    assert_false(swaps.items[1].deleted);
    assert_true(swaps.items[2].deleted);
}

TEST(a_heading_alone_is_no_swap)
{
    AUTO(swaps_clear) struct swaps swaps = {0};

    assert_int_equal(swaps_parse(HEADING, &swaps, NULL), 0);
    assert_int_equal(swaps.count, 0);
}

TEST(refuses_what_is_no_list_of_swap_areas)
{
    static const char *const texts[] = {
        "",
        "/dev/sda1 partition 1 0 -2\n",
        HEADING "\n",
        HEADING "/dev/sda1\n",
        HEADING "/dev/sda1 socket 1 0 -2\n",
        HEADING "sda1 partition 1 0 -2\n",
        HEADING "/a\\000b file 1 0 -2\n",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        AUTO(swaps_clear) struct swaps swaps = {0};

        if (swaps_parse(texts[i], &swaps, NULL) != -EBADMSG)
            fail_msg("%zu", i);
    }
}

static bool uses_null(const char *text)
{
    bool uses;

    assert_int_equal(kernel_ciphers_parse(text, &uses, NULL), 0);
    return uses;
}

TEST(a_reference_more_than_its_own_is_a_use)
{
    assert_false(uses_null("name : ecb(cipher_null)\nrefcnt : 1\n\n"));
    assert_true(uses_null("name : ecb(cipher_null)\nrefcnt : 2\n\n"));
    assert_true(uses_null("name : authenc(hmac(sha1),ecb(cipher_null))\nrefcnt : 2\n\n"));
    assert_false(uses_null("name : xts(aes)\nrefcnt : 9\n\nname : cipher_null\nrefcnt : 1\n"));
}

TEST(an_incomplete_list_of_ciphers_proves_nothing)
{
    static const char *const texts[] = {
        "",
        "\n",
        "name : xts(aes)\n\n",
        "refcnt : 1\n\n",
        "name : xts(aes)\nrefcnt : many\n\n",
        "nonsense\n\n",
        "name : xts(aes)\nrefcnt : 1\n\nname : xts(camellia)\n",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        bool uses;

        if (kernel_ciphers_parse(texts[i], &uses, NULL) != -EBADMSG)
            fail_msg("%zu", i);
    }
}

TEST(a_mapping_is_told_by_its_type_alone)
{
    assert_int_equal(mapping_method("CRYPT-LUKS2-abc-x"), METHOD_LUKS2);
    assert_int_equal(mapping_method("CRYPT-PLAIN-x"), METHOD_PLAIN);
    assert_int_equal(mapping_method("LVM-CRYPT-LUKS2-abc"), METHOD_NONE);
    assert_int_equal(mapping_method("CRYPT-VERITY-abc-CRYPT-LUKS2-x"), METHOD_NONE);
    assert_int_equal(mapping_method("CRYPT-NEW-x"), METHOD_NONE);
    assert_int_equal(mapping_method("crypt-luks2-x"), METHOD_NONE);
    assert_int_equal(mapping_method(""), METHOD_NONE);
}

TEST(a_header_belongs_to_the_mapping_with_its_uuid)
{
    assert_true(mapping_has_uuid("CRYPT-LUKS2-abcd-x", "ab-cd"));
    assert_false(mapping_has_uuid("CRYPT-LUKS2-abcde-x", "ab-cd"));
    assert_false(mapping_has_uuid("CRYPT-LUKS2-abc-x", "ab-cd"));
    assert_false(mapping_has_uuid("CRYPT-PLAIN-abcd-x", "ab-cd"));
}

TEST(helpers_of_a_reencryption_are_not_integrity)
{
    assert_true(mapping_is_reencryption("CRYPT-SUBDEV-abc-x-hotzone-forward"));
    assert_true(mapping_is_reencryption("CRYPT-SUBDEV-abc-x-overlay"));
    assert_false(mapping_is_integrity("CRYPT-SUBDEV-abc-x-overlay"));
    assert_true(mapping_is_integrity("CRYPT-SUBDEV-abc-x_dif"));
    assert_false(mapping_is_reencryption("CRYPT-SUBDEV-abc-x_dif"));
}

TEST(udev_tells_what_is_on_a_device)
{
    struct udev_data data;

    udev_data_parse("S:disk/by-id/x\nE:ID_FS_USAGE=filesystem\n"
                    "E:ID_PART_ENTRY_TYPE=c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
                    &data);
    assert_int_equal(data.usage, UDEV_FILESYSTEM);
    assert_true(data.for_booting);
    udev_data_parse("E:ID_FS_USAGE=crypto\nE:ID_FS_LABEL=E:ID_FS_USAGE=filesystem\n", &data);
    assert_int_equal(data.usage, UDEV_OTHER);
    assert_false(data.for_booting);
    udev_data_parse("", &data);
    assert_int_equal(data.usage, UDEV_NOTHING);
}

TEST(names_that_a_user_may_have_chosen_are_not_reported)
{
    assert_string_equal(filesystem_public_name("ext4"), "ext4");
    assert_string_equal(filesystem_public_name("fuse.secret-project"), "fuse");
    assert_string_equal(filesystem_public_name("secretfs"), "other");
}

TEST(a_file_system_of_no_known_kind_without_a_device_is_not_overlooked)
{
    assert_int_equal(filesystem_kind("newfs", 0), FILESYSTEM_OPAQUE);
    assert_int_equal(filesystem_kind("newfs", 8), FILESYSTEM_ON_DEVICE);
    assert_int_equal(filesystem_kind("fuseblk", 8), FILESYSTEM_ON_DEVICE);
    assert_int_equal(filesystem_kind("fuse.x", 0), FILESYSTEM_STACKED);
    assert_int_equal(filesystem_kind("proc", 0), FILESYSTEM_KERNEL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_swap_areas),
        RUN(a_heading_alone_is_no_swap),
        RUN(refuses_what_is_no_list_of_swap_areas),
        RUN(a_reference_more_than_its_own_is_a_use),
        RUN(an_incomplete_list_of_ciphers_proves_nothing),
        RUN(a_mapping_is_told_by_its_type_alone),
        RUN(a_header_belongs_to_the_mapping_with_its_uuid),
        RUN(helpers_of_a_reencryption_are_not_integrity),
        RUN(udev_tells_what_is_on_a_device),
        RUN(names_that_a_user_may_have_chosen_are_not_reported),
        RUN(a_file_system_of_no_known_kind_without_a_device_is_not_overlooked),
    };

    return RUN_ALL(tests);
}
