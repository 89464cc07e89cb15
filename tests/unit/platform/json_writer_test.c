#include "platform/json_writer.h"

#include <string.h>

#include "platform/cleanup.h"
#include "platform/json.h"
#include "tests/support/test.h"

static void assert_quoted(const char *value, size_t length, const char *expected)
{
    AUTO(text_clear) struct text text = {0};

    json_quote(&text, value, length);
    assert_string_equal(text_string(&text), expected);
    assert_int_equal(json_check(text.bytes, text.length, &json_default_limits, NULL), 0);
}

TEST(writes_values_in_the_order_of_the_calls)
{
    struct json_writer writer = {0};

    json_begin_object(&writer);
    json_add_text(&writer, "z", "x");
    json_add_integer(&writer, "n", -9);
    json_add_bool(&writer, "t", true);
    json_add_bool(&writer, "f", false);
    json_add_null(&writer, "u");
    json_add_text_or_null(&writer, "v", NULL);
    json_add_text_or_null(&writer, "w", "w");
    json_write_name(&writer, "list");
    json_begin_array(&writer);
    json_write_integer(&writer, 1);
    json_begin_object(&writer);
    json_end_object(&writer);
    json_begin_array(&writer);
    json_end_array(&writer);
    json_begin_array(&writer);
    json_write_integer(&writer, 2);
    json_end_array(&writer);
    json_begin_array(&writer);
    json_write_integer(&writer, 3);
    json_end_array(&writer);
    json_write_raw(&writer, "{\"r\":1}", 7);
    json_write_null(&writer);
    json_end_array(&writer);
    json_add_integer(&writer, "last", INT64_MAX);
    json_end_object(&writer);

    assert_string_equal(text_string(&writer.out),
                        "{\"z\":\"x\",\"n\":-9,\"t\":true,\"f\":false,\"u\":null,\"v\":null,"
                        "\"w\":\"w\",\"list\":[1,{},[],[2],[3],{\"r\":1},null],"
                        "\"last\":9223372036854775807}");
    text_clear(&writer.out);
}

TEST(quotes_what_would_break_a_string)
{
    assert_quoted("a\"b\\c/d", 7, "\"a\\\"b\\\\c/d\"");
    assert_quoted("\n\r\t\b\x1b\x7f", 6, "\"\\n\\r\\t\\u0008\\u001b\\u007f\"");
    assert_quoted("\xc3\xa9\xf0\x9f\x98\x80", 6, "\"\xc3\xa9\xf0\x9f\x98\x80\"");
}

/* U+009B begins a command to some terminals, like ESC [ does. */
TEST(escapes_the_controls_above_ascii_too)
{
    assert_quoted("\xc2\x80\xc2\x9b\xc2\xa0", 6, "\"\\u0080\\u009b\xc2\xa0\"");
}

TEST(replaces_bytes_that_are_no_utf_8)
{
    assert_quoted("a\xff\xc3", 3, "\"a\xef\xbf\xbd\xef\xbf\xbd\"");
    assert_quoted("\xed\xa0\x80", 3, "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

TEST(nests_without_mixing_up_its_commas)
{
    struct json_writer writer = {0};

    for (int i = 0; i < 15; i++) {
        json_begin_array(&writer);
        json_write_integer(&writer, i);
    }
    for (int i = 0; i < 15; i++)
        json_end_array(&writer);
    assert_int_equal(json_check(writer.out.bytes, writer.out.length, &json_default_limits, NULL),
                     0);
    assert_non_null(strstr(writer.out.bytes, "[0,[1,[2,"));
    text_clear(&writer.out);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(writes_values_in_the_order_of_the_calls), RUN(quotes_what_would_break_a_string),
        RUN(escapes_the_controls_above_ascii_too),    RUN(replaces_bytes_that_are_no_utf_8),
        RUN(nests_without_mixing_up_its_commas),
    };

    return RUN_ALL(tests);
}
