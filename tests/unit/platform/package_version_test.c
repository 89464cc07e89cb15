#include "platform/package_version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "tests/support/test.h"

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static int compare(const char *left, const char *right)
{
    return sign(dpkg_version_compare(left, strlen(left), right, strlen(right)));
}

static void assert_order(const char *older, const char *newer)
{
    if (compare(older, newer) != -1 || compare(newer, older) != 1)
        fail_msg("%s is not older than %s", older, newer);
}

static void assert_equal(const char *left, const char *right)
{
    if (compare(left, right) != 0 || compare(right, left) != 0)
        fail_msg("%s is not equal to %s", left, right);
}

TEST(compares_numbers_as_numbers)
{
    assert_order("1.9", "1.10");
    assert_order("1.2.3", "1.2.4");
    assert_equal("1.02", "1.2");
    assert_order("1.99999999999999999999999", "1.100000000000000000000000");
}

TEST(puts_the_tilde_before_the_end)
{
    assert_order("1.0~rc1", "1.0");
    assert_order("1.0~~", "1.0~");
    assert_order("1.0~~", "1.0~~a");
    assert_order("1.0-1~deb12u1", "1.0-1");
    assert_order("1.0~~a", "1.0~");
}

TEST(puts_letters_before_other_signs)
{
    assert_order("1.0a", "1.0+");
    assert_order("1.0", "1.0a");
    assert_order("1.0Z", "1.0a");
    assert_order("1.0+", "1.0.");
}

TEST(lets_the_epoch_decide)
{
    assert_order("9:1", "10:0");
    assert_order("99", "1:0");
    assert_equal("0:1.0", "1.0");
    assert_equal("00:1.0", "1.0");
    assert_order("1:1.0", "01:1.1");
}

TEST(splits_the_revision_at_the_last_hyphen)
{
    assert_order("1.0-1", "1.0-2");
    assert_order("1.0-2", "1.0-1-1");
    assert_equal("1.0", "1.0-0");
    assert_order("1.0-1", "1.0-1+deb12u1");
}

TEST(gives_any_text_a_place)
{
    assert_equal("", "");
    assert_equal("", "0");
    assert_order("", "1");
    assert_order("a:1", "a:2");
    assert_equal(":", ":");
}

TEST(reads_no_further_than_the_length)
{
    assert_int_equal(dpkg_version_compare("1.0x", 3, "1.0-9", 3), 0);
    assert_int_equal(sign(dpkg_version_compare("1:", 1, "1", 1)), 0);
}

/* "left op right" with one of <, >, = */
static bool check_line(const char *line)
{
    char left[256], right[256], op[8];
    int expected, found;

    if (line[0] == '#' || sscanf(line, "%255s %7s %255s", left, op, right) != 3)
        return false;
    expected = op[0] == '<' ? -1 : op[0] == '>';
    found = compare(left, right);
    if (found != expected || compare(right, left) != -expected)
        fail_msg("%s: got %d", line, found);
    return true;
}

static void check_file(const char *path)
{
    AUTO(sysroot_close) struct sysroot root = {.fd = -1};
    AUTO_FREE char *text = NULL;
    size_t checked = 0;
    struct error err = {0};

    assert_int_equal(sysroot_open(getenv("DIJKWACHT_TEST_DATA"), &root, &err), 0);
    if (sysroot_read_text(&root, path, 4U << 20U, &text, &err) < 0)
        fail_msg("%s", err.message);
    for (char *rest = text, *line; (line = strsep(&rest, "\n")) != NULL;)
        checked += check_line(line);
    print_message("%s: %zu pairs\n", path, checked);
    assert_true(checked > 10);
}

TEST(agrees_with_the_vectors_of_others)
{
    if (getenv("DIJKWACHT_TEST_DATA") == NULL) {
        print_message("skipped: DIJKWACHT_TEST_DATA names no folder with version-vectors\n");
        skip();
    }
    check_file("/version-vectors/osv-scalibr_debian-versions.txt");
    check_file("/version-vectors/osv-scalibr_debian-versions-generated.txt");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(compares_numbers_as_numbers),
        RUN(puts_the_tilde_before_the_end),
        RUN(puts_letters_before_other_signs),
        RUN(lets_the_epoch_decide),
        RUN(splits_the_revision_at_the_last_hyphen),
        RUN(gives_any_text_a_place),
        RUN(reads_no_further_than_the_length),
        RUN(agrees_with_the_vectors_of_others),
    };

    return RUN_ALL(tests);
}
