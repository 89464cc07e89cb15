#include "collectors/patch_level/apt_release.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "tests/support/test.h"

#define BODY                                                                                       \
    "Origin: Debian\nLabel: Debian-Security\nSuite: oldstable-security\n"                          \
    "Codename: bookworm-security\nDate: Sat, 21 Nov 2026 00:53:02 UTC\n"                           \
    "Valid-Until: Sat, 28 Nov 2026 00:53:02 UTC\nArchitectures: amd64 all\n"                       \
    "SHA256:\n abc 3681 contrib/binary-amd64/Packages\n abc 20 contrib/binary-amd64/Packages.gz\n" \
    " abc 0 main/binary-all/Packages\n abc 2523192 main/binary-amd64/Packages\n"
#define HEAD "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
#define TAIL "-----BEGIN PGP SIGNATURE-----\n\nabc=\n-----END PGP SIGNATURE-----\n"

static void assert_seconds(const char *date, int64_t expected)
{
    int64_t seconds = 0;

    assert_true(apt_date_parse((struct span){date, strlen(date)}, &seconds));
    assert_int_equal(seconds, expected);
}

TEST(reads_a_signed_release)
{
    AUTO(apt_release_clear) struct apt_release release = {0};
    uint64_t size = 0;

    assert_int_equal(apt_release_parse(HEAD BODY TAIL, &release, NULL), 0);
    assert_string_equal(release.origin, "Debian");
    assert_string_equal(release.label, "Debian-Security");
    assert_string_equal(release.suite, "oldstable-security");
    assert_true(release.has_date);
    assert_int_equal(release.date, 1795222382);
    assert_true(release.has_valid_until);
    assert_int_equal(release.valid_until, 1795222382 + 7 * 86400);
    assert_true(release.packages_for_all);
    assert_true(apt_release_index_size(&release, "main/binary-amd64/Packages", &size));
    assert_int_equal(size, 2523192);
    assert_true(apt_release_index_size(&release, "main/binary-all/Packages", &size));
    assert_int_equal(size, 0);
    assert_false(apt_release_index_size(&release, "main/binary-arm64/Packages", &size));
    assert_int_equal(release.index_paths.count, 3);
}

TEST(reads_a_release_whose_signature_is_apart)
{
    AUTO(apt_release_clear) struct apt_release release = {0};

    assert_int_equal(
        apt_release_parse(BODY "No-Support-for-Architecture-all: Packages\n", &release, NULL), 0);
    assert_false(release.packages_for_all);
}

TEST(refuses_a_release_that_is_cut_off)
{
    AUTO(text_clear) struct text text = {0};

    text_add_string(&text, HEAD BODY TAIL);
    for (size_t length = text.length - 2; length > strlen(HEAD); length--) {
        struct apt_release release = {0};

        text_truncate(&text, length);
        if (apt_release_parse(text_string(&text), &release, NULL) != -EBADMSG)
            fail_msg("passed with %zu bytes", length);
    }
}

TEST(ignores_what_stands_after_the_signed_text)
{
    AUTO(apt_release_clear) struct apt_release release = {0};

    assert_int_equal(
        apt_release_parse(HEAD "Origin: A\n" TAIL "Label: Debian-Security\n", &release, NULL), 0);
    assert_null(release.label);
}

TEST(refuses_dates_that_are_none)
{
    static const char *const dates[] = {"",
                                        "21 Nov 2026 00:53:02 UTC",
                                        "Sat, 32 Nov 2026 00:53:02 UTC",
                                        "Sat, 21 Now 2026 00:53:02 UTC",
                                        "Sat, 21 Nov 2026 24:53:02 UTC",
                                        "Sat, 21 Nov 2026 0:53:02 UTC",
                                        "Sat, 21 Nov 2026 00:53:02 CET",
                                        "Sat, 21 Nov 2026 00:53:02",
                                        "Sat, 21 Nov 99999 00:53:02 UTC"};
    struct apt_release release = {0};
    int64_t seconds;

    for (size_t i = 0; i < sizeof(dates) / sizeof(dates[0]); i++)
        if (apt_date_parse((struct span){dates[i], strlen(dates[i])}, &seconds))
            fail_msg("passed: %s", dates[i]);
    assert_int_equal(apt_release_parse("Date: soon\n", &release, NULL), -EBADMSG);
    assert_int_equal(
        apt_release_parse("SHA256:\n abc main/binary-amd64/Packages\n", &release, NULL), -EBADMSG);
    assert_int_equal(
        apt_release_parse("SHA256:\n abc -1 main/binary-amd64/Packages\n", &release, NULL),
        -EBADMSG);
}

TEST(reads_dates_as_utc)
{
    assert_seconds("Thu, 01 Jan 1970 00:00:00 UTC", 0);
    assert_seconds("Thu, 1 Jan 1970 00:00:01 GMT", 1);
    assert_seconds("Thu, 29 Feb 2024 12:00:00 +0000", 1709208000);
}

static bool is_security(const char *text)
{
    AUTO(apt_release_clear) struct apt_release release = {0};

    assert_int_equal(apt_release_parse(text, &release, NULL), 0);
    return apt_release_is_security(&release);
}

TEST(knows_security_by_label_suite_or_codename)
{
    assert_true(is_security("Label: Debian-Security\n"));
    assert_true(is_security("Suite: jammy-security\nCodename: jammy\n"));
    assert_true(is_security("Codename: trixie-security\n"));
    assert_false(is_security("Label: Debian\nSuite: stable-updates\nCodename: bookworm-updates\n"));
    assert_false(is_security("Label: Debian-Security-Archive\n"));
    assert_false(is_security("Suite: security-tools\n"));
    assert_false(is_security(""));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_a_signed_release),
        RUN(reads_a_release_whose_signature_is_apart),
        RUN(refuses_a_release_that_is_cut_off),
        RUN(ignores_what_stands_after_the_signed_text),
        RUN(refuses_dates_that_are_none),
        RUN(reads_dates_as_utc),
        RUN(knows_security_by_label_suite_or_codename),
    };

    return RUN_ALL(tests);
}
