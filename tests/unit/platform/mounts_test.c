#include "platform/mounts.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "tests/support/test.h"

#define ROOT "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n"

static const struct mount *holding(const char *table, const char *path, struct mounts *mounts)
{
    assert_int_equal(mounts_parse(table, mounts, NULL), 0);
    return mounts_holding(mounts, path);
}

static void assert_holds(const char *table, const char *path, unsigned id)
{
    AUTO(mounts_clear) struct mounts mounts = {0};
    const struct mount *mount = holding(table, path, &mounts);

    assert_non_null(mount);
    assert_int_equal(mount->id, id);
}

TEST(reads_every_field_and_undoes_the_kernels_escapes)
{
    AUTO(mounts_clear) struct mounts mounts = {0};
    const struct mount *mount;

    assert_int_equal(
        mounts_parse(ROOT "23 22 0:40 /@\\040home /mnt/a\\040b\\134c rw shared:2 master:3 - btrfs "
                          "/dev/mapper/x ro,subvol=/@\n",
                     &mounts, NULL),
        0);
    assert_int_equal(mounts.count, 2);
    mount = &mounts.items[1];
    assert_int_equal(mount->id, 23);
    assert_int_equal(mount->parent, 22);
    assert_int_equal(mount->major, 0);
    assert_int_equal(mount->minor, 40);
    assert_string_equal(mount->root, "/@ home");
    assert_string_equal(mount->point, "/mnt/a b\\c");
    assert_string_equal(mount->filesystem, "btrfs");
    assert_string_equal(mount->source, "/dev/mapper/x");
    assert_string_equal(mount->super_options, "ro,subvol=/@");
    assert_true(mount->read_only);
    assert_false(mounts.items[0].read_only);
}

TEST(reads_lines_without_optional_fields_and_with_an_empty_source)
{
    AUTO(mounts_clear) struct mounts mounts = {0};

    assert_int_equal(mounts_parse("22 1 0:5 / /x rw - tmpfs  rw\n", &mounts, NULL), 0);
    assert_string_equal(mounts.items[0].source, "");
}

TEST(refuses_what_is_no_mount_and_names_the_line)
{
    static const char *const lines[] = {
        "\n",
        "nonsense\n",
        "22 1 8:1 / / rw shared:1 ext4 /dev/sda1 rw\n",
        "22 1 8 / / rw - ext4 /dev/sda1 rw\n",
        "22 1 8:x / / rw - ext4 /dev/sda1 rw\n",
        "-1 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
        "22 1 8:1 / relative rw - ext4 /dev/sda1 rw\n",
        "22 1 8:1 / / rw - ext4 /dev/sda1\n",
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw more\n",
        "22 1 8:1 / /a\\000b rw - ext4 /dev/sda1 rw\n",
        "22 1 99999999999:1 / / rw - ext4 /dev/sda1 rw\n",
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        AUTO(mounts_clear) struct mounts mounts = {0};
        AUTO(text_clear) struct text table = {0};
        struct error err = {0};

        text_add_format(&table, "%s%s", ROOT, lines[i]);
        if (mounts_parse(table.bytes, &mounts, &err) != -EBADMSG)
            fail_msg("%s", lines[i]);
        assert_string_equal(err.message, "line 2 is not a mount");
    }
}

TEST(refuses_a_table_that_does_not_end)
{
    AUTO(mounts_clear) struct mounts mounts = {0};
    AUTO(text_clear) struct text table = {0};

    for (unsigned i = 0; i <= MOUNTS_MAX; i++)
        text_add_format(&table, "%u 1 8:1 / / rw - ext4 x rw\n", i);
    assert_int_equal(mounts_parse(table.bytes, &mounts, NULL), -EFBIG);
}

TEST(a_path_is_on_the_nearest_mount_above_it)
{
    static const char table[] = ROOT "23 22 8:2 / /home rw - ext4 x rw\n"
                                     "24 23 8:3 / /home/a rw - ext4 x rw\n";

    assert_holds(table, "/", 22);
    assert_holds(table, "/var", 22);
    assert_holds(table, "/homes", 22);
    assert_holds(table, "/home", 23);
    assert_holds(table, "/home/ab", 23);
    assert_holds(table, "/home/a/b", 24);
}

TEST(a_later_mount_hides_what_is_below_its_point)
{
    assert_holds(ROOT "23 22 8:2 / /var/lib rw - ext4 x rw\n24 22 8:3 / /var rw - ext4 x rw\n",
                 "/var/lib/x", 24);
    assert_holds(ROOT "23 22 8:2 / /home rw - ext4 x rw\n24 23 8:3 / /home rw - ext4 x rw\n",
                 "/home", 24);
    assert_holds(ROOT "23 22 8:2 / /home rw - ext4 x rw\n24 22 8:3 / / rw - ext4 x rw\n", "/home",
                 24);
}

TEST(a_table_in_circles_or_without_root_holds_nothing)
{
    AUTO(mounts_clear) struct mounts circle = {0};
    AUTO(mounts_clear) struct mounts rootless = {0};

    assert_null(holding("22 1 8:1 / / rw - ext4 x rw\n23 22 8:1 / / rw - ext4 x rw\n"
                        "23 23 8:1 / / rw - ext4 x rw\n24 23 8:1 / / rw - ext4 x rw\n"
                        "22 24 8:1 / / rw - ext4 x rw\n",
                        "/home", &circle));
    assert_null(holding("23 22 8:1 / /home rw - ext4 x rw\n", "/home", &rootless));
}

TEST(finds_an_option_with_its_escapes_undone)
{
    AUTO(mounts_clear) struct mounts mounts = {0};
    AUTO_FREE char *upper = NULL;
    AUTO_FREE char *work = NULL;
    const struct mount *mount =
        holding("22 1 0:1 / / rw - overlay o rw,xupperdir=/no,upperdir=/a\\134,b,workdir=/w\n", "/",
                &mounts);

    upper = mount_option(mount, "upperdir");
    work = mount_option(mount, "workdir");
    assert_string_equal(upper, "/a,b");
    assert_string_equal(work, "/w");
    assert_null(mount_option(mount, "lowerdir"));
    assert_null(mount_option(mount, "rw"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_every_field_and_undoes_the_kernels_escapes),
        RUN(reads_lines_without_optional_fields_and_with_an_empty_source),
        RUN(refuses_what_is_no_mount_and_names_the_line),
        RUN(refuses_a_table_that_does_not_end),
        RUN(a_path_is_on_the_nearest_mount_above_it),
        RUN(a_later_mount_hides_what_is_below_its_point),
        RUN(a_table_in_circles_or_without_root_holds_nothing),
        RUN(finds_an_option_with_its_escapes_undone),
    };

    return RUN_ALL(tests);
}
