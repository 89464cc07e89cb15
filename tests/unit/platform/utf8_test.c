#include "platform/utf8.h"

#include <string.h>

#include "tests/support/test.h"

/* An independent reading of RFC 3629: decode, then ask whether the shortest form was used. */
static size_t expected(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
    uint32_t point;

    if (a < 0x80)
        return 1;
    if (a >= 0xc0 && a < 0xe0) {
        point = (a & 31) << 6 | (b & 63);
        return b >> 6 == 2 && point >= 0x80 ? 2 : 0;
    }
    if (a >= 0xe0 && a < 0xf0) {
        point = (a & 15) << 12 | (b & 63) << 6 | (c & 63);
        return b >> 6 == 2 && c >> 6 == 2 && point >= 0x800 && point >> 11 != 0x1b ? 3 : 0;
    }
    point = (a & 7) << 18 | (b & 63) << 12 | (c & 63) << 6 | (d & 63);
    return a >= 0xf0 && a < 0xf8 && b >> 6 == 2 && c >> 6 == 2 && d >> 6 == 2 && point >= 0x10000 &&
                   point <= 0x10ffff
               ? 4
               : 0;
}

TEST(agrees_with_the_definition_on_every_start)
{
    static const unsigned char tails[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0xbf, 0xc0, 0xff};

    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
            for (size_t c = 0; c < sizeof(tails); c++)
                for (size_t d = 0; d < sizeof(tails); d++) {
                    unsigned char bytes[] = {(unsigned char)a, (unsigned char)b, tails[c],
                                             tails[d]};

                    if (utf8_sequence((const char *)bytes, 4) != expected(a, b, tails[c], tails[d]))
                        fail_msg("%02x %02x %02x %02x", a, b, tails[c], tails[d]);
                }
}

TEST(refuses_a_character_that_is_cut_off)
{
    static const char euro[] = "\xe2\x82\xac";

    assert_int_equal(utf8_sequence(euro, 3), 3);
    assert_int_equal(utf8_sequence(euro, 2), 0);
    assert_int_equal(utf8_sequence(euro, 1), 0);
    assert_int_equal(utf8_sequence(euro, 0), 0);
}

TEST(looks_at_all_of_a_text)
{
    assert_true(utf8_valid("", 0));
    assert_true(utf8_valid("a\xc3\xa9z", 4));
    assert_false(utf8_valid("a\xc3", 2));
    assert_false(utf8_valid("abc\xff", 4));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(agrees_with_the_definition_on_every_start),
        RUN(refuses_a_character_that_is_cut_off),
        RUN(looks_at_all_of_a_text),
    };

    return RUN_ALL(tests);
}
