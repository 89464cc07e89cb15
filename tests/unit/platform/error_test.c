#include "platform/error.h"

#include <errno.h>
#include <string.h>

#include "tests/support/test.h"

TEST(records_the_code_and_the_words)
{
    struct error err = {0};

    assert_int_equal(error_set(&err, ENOENT, "no %s", "file"), -ENOENT);
    assert_int_equal(err.code, ENOENT);
    assert_string_equal(err.message, "no file");
    assert_int_equal(error_wrap(&err, -ENOENT, "here"), -ENOENT);
    assert_string_equal(err.message, "here: no file");
}

TEST(ends_with_what_its_reader_can_do)
{
    struct error err = {0};

    (void)error_set(&err, ENOENT, "no file");
    assert_int_equal(error_advise(&err, -ENOENT, "make one"), -ENOENT);
    assert_string_equal(err.message, "no file; make one");
    assert_int_equal(err.code, ENOENT);
}

TEST(does_without_words)
{
    assert_int_equal(error_set(NULL, EPERM, "x"), -EPERM);
    assert_int_equal(error_wrap(NULL, -EPERM, "x"), -EPERM);
    assert_int_equal(error_advise(NULL, -EPERM, "x"), -EPERM);
}

TEST(leaves_a_success_alone)
{
    struct error err = {0};

    assert_int_equal(error_wrap(&err, 0, "x"), 0);
    assert_int_equal(error_wrap(&err, 3, "x"), 3);
    assert_int_equal(error_advise(&err, 0, "x"), 0);
    assert_string_equal(err.message, "");
}

TEST(stays_one_line_of_bounded_length)
{
    struct error err = {0};
    char context[400];

    (void)error_set(&err, EINVAL, "a\nb\r\x1b[31mc\x7f");
    assert_string_equal(err.message, "a?b??[31mc?");
    memset(context, 'x', sizeof(context) - 1);
    context[sizeof(context) - 1] = '\0';
    (void)error_wrap(&err, -EINVAL, context);
    assert_int_equal(strlen(err.message), sizeof(err.message) - 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(records_the_code_and_the_words),
        RUN(ends_with_what_its_reader_can_do),
        RUN(does_without_words),
        RUN(leaves_a_success_alone),
        RUN(stays_one_line_of_bounded_length),
    };

    return RUN_ALL(tests);
}
