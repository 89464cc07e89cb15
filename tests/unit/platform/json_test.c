#include "platform/json.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "tests/support/test.h"

/* A text that may hold NUL, with its length. */
#define BYTES(literal) literal, sizeof(literal) - 1

struct row {
    const char *text;
    size_t length;
};

static int check(const char *text, size_t length)
{
    /* An exact copy on the heap, so that the sanitizer sees a read behind the end. */
    AUTO_FREE char *exact = must_allocate(length == 0 ? 1 : length, 1);

    memcpy(exact, text, length);
    return json_check(exact, length, &json_default_limits, NULL);
}

TEST(accepts_what_rfc_8259_calls_json)
{
    static const struct row rows[] = {
        {BYTES("null")},
        {BYTES("true")},
        {BYTES("false")},
        {BYTES("\"\"")},
        {BYTES("\"a\"")},
        {BYTES("0")},
        {BYTES("-0")},
        {BYTES("-1")},
        {BYTES("9007199254740992")},
        {BYTES("-9007199254740992")},
        {BYTES("1.5")},
        {BYTES("0.1e1")},
        {BYTES("1E+2")},
        {BYTES("1e-5")},
        {BYTES("[]")},
        {BYTES("{}")},
        {BYTES(" \t\r\n[ ] ")},
        {BYTES("[1,2,3]")},
        {BYTES("[[[[]]]]")},
        {BYTES("{\"a\":1}")},
        {BYTES("{\"\":1}")},
        {BYTES("{ \"a\" : 1 , \"b\" : [ null ] }")},
        {BYTES("{\"a\":{\"a\":1},\"b\":{\"a\":1}}")},
        {BYTES("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")},
        {BYTES("\"\\u0001\\u00e9\"")},
        {BYTES("\"\\ud83d\\ude00\"")},
        {BYTES("\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\"")},
        {BYTES("\"\x7f\"")},
        {BYTES("[999999999999999e199]")},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO(auto_json_free) struct json *document = NULL;

        if (check(rows[i].text, rows[i].length) != 0)
            fail_msg("refused: %s", rows[i].text);
        assert_int_equal(
            json_parse(rows[i].text, rows[i].length, &json_default_limits, &document, NULL), 0);
    }
}

static const struct row refused[] = {
    /* What a common parser was seen to accept. */
    {BYTES("{\"a\":1,\"a\":2}")},
    {BYTES("9007199254740993")},
    {BYTES("1e400")},
    {BYTES("18446744073709551616")},
    {BYTES("\"\xff\"")},
    {BYTES("\"\\u0000\"")},
    {BYTES("01")},
    {BYTES("\xef\xbb\xbf{}")},
    {BYTES("\"\t\"")},
    {BYTES("NaN")},
    {BYTES("\"\\ud800\"")},
    {BYTES("{} x")},
    /* Nothing, and half of something. */
    {BYTES("")},
    {BYTES(" ")},
    {BYTES("{")},
    {BYTES("[")},
    {BYTES("\"")},
    {BYTES("\"a")},
    {BYTES("\"\\")},
    {BYTES("\"\\u12")},
    {BYTES("[1")},
    {BYTES("[1,")},
    {BYTES("{\"a\"")},
    {BYTES("{\"a\":")},
    {BYTES("{\"a\":1")},
    {BYTES("{\"a\":1,")},
    {BYTES("tru")},
    {BYTES("nul")},
    {BYTES("-")},
    /* Commas and colons. */
    {BYTES("[,]")},
    {BYTES("[1,]")},
    {BYTES("[1 2]")},
    {BYTES("{,}")},
    {BYTES("{\"a\":1,}")},
    {BYTES("{\"a\" 1}")},
    {BYTES("{a:1}")},
    {BYTES("{'a':1}")},
    {BYTES("{1:1}")},
    {BYTES("[1]]")},
    {BYTES("[1}")},
    {BYTES("{\"a\":1]")},
    {BYTES("1 2")},
    /* Numbers. */
    {BYTES("+1")},
    {BYTES(".5")},
    {BYTES("1.")},
    {BYTES("1.e5")},
    {BYTES("1e")},
    {BYTES("1e+")},
    {BYTES("00")},
    {BYTES("-01")},
    {BYTES("0x10")},
    {BYTES("Infinity")},
    {BYTES("-9007199254740993")},
    {BYTES("9007199254740993.0")},
    {BYTES("1e200")},
    {BYTES("1e999999999999999999999")},
    {BYTES("999999999999999e299")},
    {BYTES("0.0000000000000000000000000000000000000000000000000000000000000000000000001")},
    /* Strings. */
    {BYTES("\"\\x41\"")},
    {BYTES("\"\\u00g0\"")},
    {BYTES("\"\\udc00\"")},
    {BYTES("\"\\ud800\\u0041\"")},
    {BYTES("\"\\ud800x\"")},
    {BYTES("\"\n\"")},
    {BYTES("\"\x1f\"")},
    {BYTES("\"\0\"")},
    {BYTES("\"\xc0\x80\"")},
    {BYTES("\"\xc1\xbf\"")},
    {BYTES("\"\xe0\x80\x80\"")},
    {BYTES("\"\xed\xa0\x80\"")},
    {BYTES("\"\xf0\x80\x80\x80\"")},
    {BYTES("\"\xf4\x90\x80\x80\"")},
    {BYTES("\"\xe2\x82\"")},
    {BYTES("\"\x80\"")},
    /* Names are compared as bytes, so they come without escapes. */
    {BYTES("{\"\\u0061\":1}")},
    {BYTES("{\"a\\\"\":1}")},
    {BYTES("{\"b\":1,\"a\":2,\"b\":3}")},
    {BYTES("[{\"x\":{\"b\":1,\"b\":1}}]")},
    {BYTES("{\"\":1,\"\":2}")},
    /* Bytes around it. */
    {BYTES("\0")},
    {BYTES("{}\0")},
    {BYTES("\0{}")},
    {BYTES("[1\0]")},
    {BYTES("\xfe\xff\0{\0}")},
    {BYTES("/**/{}")},
    {BYTES("{}//")},
    {BYTES("\v[]")},
    {BYTES("\xc2\xa0[]")},
};

TEST(refuses_everything_else)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        int r = check(refused[i].text, refused[i].length);

        if (r != -EBADMSG)
            fail_msg("answered %d: %s", r, refused[i].text);
    }
}

TEST(says_where_it_went_wrong)
{
    struct error err = {0};

    assert_int_equal(json_check("{\"a\":01}", 8, &json_default_limits, &err), -EBADMSG);
    assert_string_equal(err.message, "JSON: a malformed number at byte 7");
}

static char *nested(unsigned depth)
{
    struct text text = {0};

    for (unsigned i = 0; i < depth; i++)
        text_add(&text, "[", 1);
    for (unsigned i = 0; i < depth; i++)
        text_add(&text, "]", 1);
    return text_take(&text);
}

TEST(nests_as_deep_as_the_limit_and_no_deeper)
{
    AUTO_FREE char *most = nested(16), *more = nested(17), *cap = nested(65);
    struct json_limits wide = {.max_size = 1000, .max_values = 1000, .max_depth = 1000};

    assert_int_equal(json_check(most, strlen(most), &json_default_limits, NULL), 0);
    assert_int_equal(json_check(more, strlen(more), &json_default_limits, NULL), -EFBIG);
    assert_int_equal(json_check(cap, strlen(cap), &wide, NULL), -EFBIG);
    assert_int_equal(json_check(cap + 1, strlen(cap) - 2, &wide, NULL), 0);
}

TEST(holds_the_limits_of_values_and_bytes)
{
    struct json_limits limits = {.max_size = 7, .max_values = 4, .max_depth = 2};

    assert_int_equal(json_check("[1,2,3]", 7, &limits, NULL), 0);
    assert_int_equal(json_check("[1,2,3] ", 8, &limits, NULL), -EFBIG);
    limits.max_values = 3;
    assert_int_equal(json_check("[1,2,3]", 7, &limits, NULL), -EFBIG);
}

TEST(finds_a_duplicate_among_very_many_names_in_time)
{
    AUTO(text_clear) struct text text = {0};

    text_add(&text, "{", 1);
    for (int i = 0; i < 100000; i++)
        text_add_format(&text, "\"%d\":0,", i);
    text_add_string(&text, "\"99999\":0}");
    assert_int_equal(json_check(text.bytes, text.length, &json_default_limits, NULL), -EBADMSG);
    text_truncate(&text, text.length - strlen("\"99999\":0}"));
    text_add_string(&text, "\"other\":0}");
    assert_int_equal(json_check(text.bytes, text.length, &json_default_limits, NULL), 0);
}

TEST(reads_values_by_their_type)
{
    static const char text[] = "{\"s\":\"x\",\"n\":-5,\"f\":1.5,\"w\":2.0,\"b\":true,\"z\":null,"
                               "\"l\":[1,2],\"o\":{\"p\":7}}";
    AUTO(auto_json_free) struct json *document = NULL;
    int64_t number = 0;
    double real = 0;
    bool truth = false;

    assert_int_equal(json_parse(text, strlen(text), &json_default_limits, &document, NULL), 0);
    assert_string_equal(json_text(json_member(document, "s")), "x");
    assert_null(json_text(json_member(document, "n")));
    assert_true(json_integer(json_member(document, "n"), &number));
    assert_int_equal(number, -5);
    assert_false(json_integer(json_member(document, "f"), &number));
    assert_true(json_integer(json_member(document, "w"), &number));
    assert_int_equal(number, 2);
    assert_true(json_number(json_member(document, "f"), &real));
    assert_true(real > 1.4 && real < 1.6);
    assert_true(json_bool(json_member(document, "b"), &truth) && truth);
    assert_false(json_bool(json_member(document, "n"), &truth));
    assert_true(json_is(json_member(document, "z"), JSON_NULL));
    assert_true(json_is(json_member(document, "l"), JSON_ARRAY));
    assert_int_equal(json_count(json_member(document, "l")), 2);
    assert_int_equal(json_count(document), 8);
    assert_null(json_member(document, "S"));
}

TEST(a_value_that_is_not_there_answers_nothing)
{
    int64_t number = 7;

    assert_false(json_is(NULL, JSON_NULL));
    assert_null(json_member(NULL, "a"));
    assert_int_equal(json_count(NULL), 0);
    assert_null(json_first(NULL));
    assert_null(json_next(NULL));
    assert_null(json_name(NULL));
    assert_null(json_text(NULL));
    assert_null(json_at(NULL, "/a"));
    assert_false(json_integer(NULL, &number));
    assert_int_equal(number, 7);
    json_free(NULL);
}

TEST(follows_a_pointer_member_by_member)
{
    static const char text[] = "{\"a\":{\"bc\":3,\"b\":1},\"l\":[0]}";
    AUTO(auto_json_free) struct json *document = NULL;
    int64_t number;

    assert_int_equal(json_parse(text, strlen(text), &json_default_limits, &document, NULL), 0);
    assert_ptr_equal(json_at(document, ""), document);
    assert_true(json_integer(json_at(document, "/a/b"), &number));
    assert_int_equal(number, 1);
    assert_true(json_integer(json_at(document, "/a/bc"), &number));
    assert_int_equal(number, 3);
    assert_null(json_at(document, "/a/bcd"));
    assert_null(json_at(document, "/a/b/c"));
    assert_null(json_at(document, "/l/0"));
}

static void assert_member(const char *object, const char *name, const char *expected)
{
    struct json_bytes value, bytes = {.start = object, .length = strlen(object)};

    assert_int_equal(json_check(object, strlen(object), &json_default_limits, NULL), 0);
    if (expected == NULL) {
        assert_false(json_member_bytes(bytes, name, &value));
        return;
    }
    assert_true(json_member_bytes(bytes, name, &value));
    assert_int_equal(value.length, strlen(expected));
    assert_memory_equal(value.start, expected, value.length);
}

TEST(finds_the_exact_bytes_of_a_member)
{
    static const char nested_object[] = " {\"a\" : { \"b\" : [ 1 , {\"c\":\"}\"} ] } "
                                        ",\"s\":\"\\\"}, \\\\\",\"n\": -1.50 ,\"e\":[]}";

    assert_member("{}", "a", NULL);
    assert_member("{\"a\":1}", "a", "1");
    assert_member("{\"a\":1,\"b\":2}", "a", "1");
    assert_member("{\"a\":1,\"b\":2}", "b", "2");
    assert_member("{\"a\":1}", "aa", NULL);
    assert_member("{\"aa\":1}", "a", NULL);
    assert_member("{\"x\":{\"a\":1},\"a\":2}", "a", "2");
    assert_member(nested_object, "a", "{ \"b\" : [ 1 , {\"c\":\"}\"} ] }");
    assert_member(nested_object, "b", NULL);
    assert_member(nested_object, "s", "\"\\\"}, \\\\\"");
    assert_member(nested_object, "n", "-1.50");
    assert_member(nested_object, "e", "[]");
    assert_member("{\"a\":true}", "a", "true");
    assert_member("{\"a\":null\n}", "a", "null");
    assert_member("{\"a\":\"\"}", "a", "\"\"");
    assert_member("{\"\":{}}", "", "{}");
}

TEST(walks_all_members_in_order)
{
    static const char object[] = "{\"b\":{\"x\":[1]}, \"a\" :\"t\",\"c\":0}";
    struct json_bytes bytes = {.start = object, .length = strlen(object)}, name, value;
    AUTO(text_clear) struct text seen = {0};
    size_t position = 0;

    while (json_each_member(bytes, &position, &name, &value))
        text_add_format(&seen, "%.*s=%.*s;", (int)name.length, name.start, (int)value.length,
                        value.start);
    assert_string_equal(text_string(&seen), "b={\"x\":[1]};a=\"t\";c=0;");
    assert_false(json_each_member(bytes, &position, &name, &value));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(accepts_what_rfc_8259_calls_json),
        RUN(refuses_everything_else),
        RUN(says_where_it_went_wrong),
        RUN(nests_as_deep_as_the_limit_and_no_deeper),
        RUN(holds_the_limits_of_values_and_bytes),
        RUN(finds_a_duplicate_among_very_many_names_in_time),
        RUN(reads_values_by_their_type),
        RUN(a_value_that_is_not_there_answers_nothing),
        RUN(follows_a_pointer_member_by_member),
        RUN(finds_the_exact_bytes_of_a_member),
        RUN(walks_all_members_in_order),
    };

    return RUN_ALL(tests);
}
