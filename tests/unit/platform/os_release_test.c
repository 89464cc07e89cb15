#include "platform/os_release.h"

#include <errno.h>

#include "platform/cleanup.h"
#include "tests/support/test.h"

TEST(reads_what_a_shell_would_read)
{
    AUTO(os_release_clear) struct os_release os = {0};

    assert_int_equal(os_release_parse("# comment\n\nID=debian\nVERSION_ID=\"12\"\r\n"
                                      "PRETTY_NAME='Tom \"Dijk\"'\"s\"\nID_LIKE=a\\ b\nX_1=\n",
                                      &os, NULL),
                     0);
    assert_string_equal(os.id, "debian");
    assert_string_equal(os.version_id, "12");
    assert_string_equal(os.pretty_name, "Tom \"Dijk\"s");
    assert_string_equal(os.id_like, "a b");
    assert_null(os.version_codename);
}

TEST(takes_the_last_of_two)
{
    AUTO(os_release_clear) struct os_release os = {0};

    assert_int_equal(os_release_parse("ID=a\nID=b\n", &os, NULL), 0);
    assert_string_equal(os.id, "b");
}

TEST(refuses_a_line_of_another_form)
{
    static const char *const texts[] = {"ID\n",     "=x\n",    "ID debian\n", "ID=\"open\n",
                                        "ID=a b\n", " ID=a\n", "ID='x\n",     "ID=x\\"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct os_release os = {0};

        assert_int_equal(os_release_parse(texts[i], &os, NULL), -EBADMSG);
    }
}

TEST(knows_its_relatives)
{
    AUTO(os_release_clear) struct os_release os = {0};

    assert_int_equal(os_release_parse("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", &os, NULL), 0);
    assert_true(os_release_is_like(&os, "Ubuntu"));
    assert_true(os_release_is_like(&os, "Debian"));
    assert_true(os_release_is_like(&os, "linuxmint"));
    assert_false(os_release_is_like(&os, "UbuntuESM"));
    assert_false(os_release_is_like(&os, "Ubunt"));
    assert_false(os_release_is_like(&os, ""));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_what_a_shell_would_read),
        RUN(takes_the_last_of_two),
        RUN(refuses_a_line_of_another_form),
        RUN(knows_its_relatives),
    };

    return RUN_ALL(tests);
}
