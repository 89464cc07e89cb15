#include "platform/text.h"

#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text_list.h"
#include "tests/support/test.h"

TEST(grows_and_stays_a_string)
{
    AUTO(text_clear) struct text text = {0};

    assert_string_equal(text_string(&text), "");
    for (int i = 0; i < 1000; i++) {
        text_add(&text, "ab", 2);
        assert_int_equal(text.bytes[text.length], '\0');
    }
    assert_int_equal(text.length, 2000);
    text_truncate(&text, 3);
    assert_string_equal(text_string(&text), "aba");
    text_truncate(&text, 100);
    assert_int_equal(text.length, 3);
}

TEST(formats_behind_what_is_there)
{
    AUTO(text_clear) struct text text = {0};

    text_add_string(&text, "a");
    text_add_format(&text, "%d-%s", 7,
                    "0123456789012345678901234567890123456789012345678901234567"
                    "89");
    assert_int_equal(text.length, 63);
    text_add_format(&text, "%s", "");
    assert_int_equal(strlen(text.bytes), 63);
}

TEST(keeps_bytes_that_are_no_text)
{
    AUTO(text_clear) struct text text = {0};

    text_add(&text, "a\0b", 3);
    text_add(&text, NULL, 0);
    assert_int_equal(text.length, 3);
    assert_memory_equal(text.bytes, "a\0b", 4);
}

TEST(hands_its_string_on)
{
    struct text text = {0};
    AUTO_FREE char *nothing = text_take(&text);
    AUTO_FREE char *something = NULL;

    assert_string_equal(nothing, "");
    text_add_string(&text, "abc");
    something = text_take(&text);
    assert_string_equal(something, "abc");
    assert_null(text.bytes);
    assert_int_equal(text.length, 0);
}

TEST(a_list_knows_what_it_holds)
{
    AUTO(text_list_clear) struct text_list list = {0};

    text_list_add(&list, "one", 3);
    text_list_add(&list, "twofold", 3);
    text_list_add(&list, "", 0);
    assert_int_equal(list.count, 3);
    assert_string_equal(list.items[1], "two");
    assert_true(text_list_contains(&list, "twofold", 3));
    assert_true(text_list_contains(&list, "", 0));
    assert_false(text_list_contains(&list, "twofold", 7));
    assert_false(text_list_contains(&list, "on", 2));
    assert_false(text_list_contains(&list, "ones", 4));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(grows_and_stays_a_string),     RUN(formats_behind_what_is_there),
        RUN(keeps_bytes_that_are_no_text), RUN(hands_its_string_on),
        RUN(a_list_knows_what_it_holds),
    };

    return RUN_ALL(tests);
}
