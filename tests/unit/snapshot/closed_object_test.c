#include "snapshot/closed_object.h"

#include <errno.h>
#include <string.h>

#include "tests/support/test.h"

static struct json_bytes bytes_of(const char *text)
{
    return (struct json_bytes){.start = text, .length = strlen(text)};
}

static bool any_form(const char *text, size_t length)
{
    (void)text;
    (void)length;
    return true;
}

TEST(reads_members_in_their_order)
{
    struct closed_object object =
        closed_begin(bytes_of("{\"a\":7,\"b\":true,\"c\":\"x\",\"d\":null}"), "thing", NULL);
    char text[4], missing[4] = "was";

    assert_int_equal(closed_number(&object, "a", 0, 7), 7);
    assert_true(closed_bool(&object, "b"));
    closed_text(&object, "c", any_form, text, sizeof(text));
    closed_text_or_null(&object, "d", any_form, missing, sizeof(missing));
    assert_int_equal(closed_end(&object), 0);
    assert_string_equal(text, "x");
    assert_string_equal(missing, "");
}

TEST(the_first_fault_sticks_and_names_the_member)
{
    struct error err = {0};
    struct closed_object object = closed_begin(bytes_of("{\"a\":7,\"b\":8}"), "thing", &err);

    assert_int_equal(closed_number(&object, "a", 9, 10), 7);
    assert_int_equal(closed_number(&object, "b", 0, 10), 0);
    assert_int_equal(closed_number(&object, "c", 0, 10), 0);
    assert_int_equal(closed_end(&object), -EBADMSG);
    assert_string_equal(err.message, "thing: \"a\" is not what it must be");
}

TEST(a_text_has_no_escapes_and_fits_with_its_end)
{
    struct json_bytes text;
    struct closed_object object = closed_begin(bytes_of("{\"a\":\"1234\"}"), "thing", NULL);
    char room[4];

    assert_true(plain_text(bytes_of("\"ab\""), &text));
    assert_int_equal(text.length, 2);
    assert_false(plain_text(bytes_of("\"a\\u0062\""), &text));
    assert_false(plain_text(bytes_of("ab"), &text));
    assert_false(plain_text(bytes_of("\""), &text));
    closed_text(&object, "a", any_form, room, sizeof(room));
    assert_int_equal(closed_end(&object), -EBADMSG);
    assert_string_equal(room, "");
}

TEST(what_is_no_object_has_no_members)
{
    static const char *const others[] = {"", "[{\"a\":1}]", "\"{\\\"a\\\":1}\"", " {\"a\":1}"};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct closed_object object = closed_begin(bytes_of(others[i]), "thing", NULL);

        assert_int_equal(closed_number(&object, "a", 0, 9), 0);
        assert_int_equal(closed_end(&object), -EBADMSG);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_members_in_their_order),
        RUN(the_first_fault_sticks_and_names_the_member),
        RUN(a_text_has_no_escapes_and_fits_with_its_end),
        RUN(what_is_no_object_has_no_members),
    };

    return RUN_ALL(tests);
}
