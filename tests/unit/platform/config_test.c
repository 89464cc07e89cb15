#include "platform/config.h"

#include <errno.h>
#include <string.h>

#include "platform/text.h"
#include "tests/support/test.h"

static int set_text(void *target, const char *value, struct error *err)
{
    struct text *seen = target;

    (void)err;
    text_add_format(seen, "[%s]", value);
    return 0;
}

static int set_port(void *target, const char *value, struct error *err)
{
    (void)target;
    return error_set(err, EINVAL, "\"%s\" is no port; give 1 to 65535", value);
}

static const struct config_key keys[] = {
    {"name", set_text},
    {"place", set_text},
    {"port", set_port},
    {NULL, NULL},
};

static void assert_reads(const char *text, const char *expected)
{
    struct text seen = {0};
    struct error err = {0};

    if (config_parse(text, keys, &seen, &err) < 0)
        fail_msg("%s", err.message);
    assert_string_equal(text_string(&seen), expected);
    text_clear(&seen);
}

static void assert_refuses(const char *text, const char *expected)
{
    struct text seen = {0};
    struct error err = {0};

    assert_int_equal(config_parse(text, keys, &seen, &err), -EINVAL);
    assert_string_equal(err.message, expected);
    text_clear(&seen);
}

TEST(reads_lines_comments_and_white_space)
{
    assert_reads("", "");
    assert_reads("\n\n  \n# name = x\n   # more\n", "");
    assert_reads("name = a\nplace = b", "[a][b]");
    assert_reads("\t name\t=\t two words \t\n", "[two words]");
    assert_reads("name = a\r\nplace=b\r\n", "[a][b]");
    assert_reads("name=a=b # no comment", "[a=b # no comment]");
    assert_reads("name =", "[]");
}

TEST(names_the_line_and_what_would_be_right)
{
    assert_refuses("name = a\nnme = b",
                   "line 2: there is no setting \"nme\"; known are: name, place, port");
    assert_refuses("NAME = a",
                   "line 1: there is no setting \"NAME\"; known are: name, place, port");
    assert_refuses("\n\nname", "line 3: expected \"setting = value\"");
    assert_refuses("[section]", "line 1: expected \"setting = value\"");
    assert_refuses("= a", "line 1: there is no setting \"\"; known are: name, place, port");
    assert_refuses("name = a\n\nname = a", "line 3: name is set twice");
    assert_refuses("port = 0", "line 1: port: \"0\" is no port; give 1 to 65535");
}

TEST(a_line_cannot_write_on_the_terminal)
{
    assert_refuses("\x1b[2Jx = 1",
                   "line 1: there is no setting \"?[2Jx\"; known are: name, place, port");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_lines_comments_and_white_space),
        RUN(names_the_line_and_what_would_be_right),
        RUN(a_line_cannot_write_on_the_terminal),
    };

    return RUN_ALL(tests);
}
