#include "platform/number.h"

#include <string.h>

#include "tests/support/test.h"

static bool reads(const char *text, uint64_t maximum)
{
    uint64_t number;

    return number_parse(text, strlen(text), maximum, &number);
}

TEST(reads_digits_up_to_the_maximum)
{
    uint64_t number = 7;

    assert_true(number_parse("0", 1, 0, &number));
    assert_int_equal(number, 0);
    assert_true(number_parse("18446744073709551615", 20, UINT64_MAX, &number));
    assert_true(number == UINT64_MAX);
    assert_true(number_parse("0042", 4, 42, &number));
    assert_int_equal(number, 42);
    assert_true(number_parse("12x", 2, 99, &number));
    assert_int_equal(number, 12);
}

TEST(refuses_what_is_no_number_or_too_large)
{
    static const char *const rows[] = {"", "-1", "+1", " 1", "1 ", "1.0", "0x1", "1e3", "a", "1\n"};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_false(reads(rows[i], UINT64_MAX));
    assert_false(reads("18446744073709551616", UINT64_MAX));
    assert_false(reads("99999999999999999999999", UINT64_MAX));
    assert_false(reads("43", 42));
    assert_false(reads("50", 42));
    assert_false(reads("5", 4));
    assert_false(reads("1", 0));
}

TEST(writes_nothing_when_it_refuses)
{
    uint64_t number = 7;

    assert_false(number_parse("12a", 3, 1000, &number));
    assert_int_equal(number, 7);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_digits_up_to_the_maximum),
        RUN(refuses_what_is_no_number_or_too_large),
        RUN(writes_nothing_when_it_refuses),
    };

    return RUN_ALL(tests);
}
