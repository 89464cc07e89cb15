#include "platform/encoding.h"

#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "tests/support/test.h"

/* The vectors of RFC 4648, section 10. */
static const char *const vectors[][3] = {
    {"", "", ""},
    {"f", "Zg==", "66"},
    {"fo", "Zm8=", "666f"},
    {"foo", "Zm9v", "666f6f"},
    {"foob", "Zm9vYg==", "666f6f62"},
    {"fooba", "Zm9vYmE=", "666f6f6261"},
    {"foobar", "Zm9vYmFy", "666f6f626172"},
};

static bool decodes_bytes(const char *encoded, size_t length)
{
    AUTO(text_clear) struct text text = {0};

    return base64url_decode(encoded, length, &text);
}

static bool decodes_url(const char *encoded)
{
    return decodes_bytes(encoded, strlen(encoded));
}

static bool decodes(const char *encoded)
{
    AUTO(text_clear) struct text text = {0};

    return base64_decode(encoded, strlen(encoded), &text);
}

TEST(writes_and_reads_the_vectors_of_rfc_4648)
{
    for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
        const char *plain = vectors[i][0];
        AUTO(text_clear) struct text encoded = {0}, url = {0}, hex = {0}, back = {0};

        base64_encode(plain, strlen(plain), &encoded);
        base64url_encode(plain, strlen(plain), &url);
        hex_encode(plain, strlen(plain), &hex);
        assert_string_equal(text_string(&encoded), vectors[i][1]);
        assert_string_equal(text_string(&hex), vectors[i][2]);
        assert_int_equal(url.length, strcspn(vectors[i][1], "="));
        assert_true(base64_decode(text_string(&encoded), encoded.length, &back));
        assert_string_equal(text_string(&back), plain);
        text_truncate(&back, 0);
        assert_true(base64url_decode(text_string(&url), url.length, &back));
        assert_string_equal(text_string(&back), plain);
    }
}

TEST(every_byte_survives)
{
    uint8_t bytes[256], again[256];
    AUTO(text_clear) struct text url = {0}, plain = {0}, hex = {0}, back = {0};

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7);
    base64url_encode(bytes, sizeof(bytes), &url);
    base64_encode(bytes, sizeof(bytes), &plain);
    hex_encode(bytes, sizeof(bytes), &hex);
    assert_null(strpbrk(url.bytes, "+/="));
    assert_true(base64url_decode(url.bytes, url.length, &back));
    assert_memory_equal(back.bytes, bytes, sizeof(bytes));
    text_truncate(&back, 0);
    assert_true(base64_decode(plain.bytes, plain.length, &back));
    assert_memory_equal(back.bytes, bytes, sizeof(bytes));
    assert_true(hex_decode(hex.bytes, hex.length, again, sizeof(again)));
    assert_memory_equal(again, bytes, sizeof(bytes));
}

TEST(each_value_has_one_spelling)
{
    assert_false(decodes_url("Zg=="));
    assert_false(decodes_url("Zh"));
    assert_false(decodes_url("Zm9"));
    assert_false(decodes_url("A"));
    assert_false(decodes_url("Zm9vA"));
    assert_false(decodes_url("Zm+v"));
    assert_false(decodes_url("Zm 9v"));
    assert_false(decodes_url("Zm9v\n"));
    assert_true(decodes_url("_-8"));
    assert_false(decodes_bytes("Zg\0", 3));
}

TEST(base64_from_est_may_have_line_breaks)
{
    assert_true(decodes("Zm9v\r\nYmE=\r\n"));
    assert_true(decodes(" Z g = = "));
    assert_false(decodes("Zg"));
    assert_false(decodes("Zg="));
    assert_false(decodes("Zg==="));
    assert_false(decodes("===="));
    assert_false(decodes("Zg==Zg=="));
    assert_false(decodes("Zh=="));
    assert_false(decodes("Zm-v"));
    assert_false(decodes("-----BEGIN"));
}

TEST(hexadecimal_is_lower_case_and_of_the_right_length)
{
    uint8_t bytes[2];

    assert_true(hex_decode("00ff", 4, bytes, 2));
    assert_int_equal(bytes[1], 255);
    assert_false(hex_decode("00FF", 4, bytes, 2));
    assert_false(hex_decode("00f", 3, bytes, 2));
    assert_false(hex_decode("00ff0", 5, bytes, 2));
    assert_false(hex_decode("00fg", 4, bytes, 2));
    assert_false(hex_decode("00 f", 4, bytes, 2));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(writes_and_reads_the_vectors_of_rfc_4648),
        RUN(every_byte_survives),
        RUN(each_value_has_one_spelling),
        RUN(base64_from_est_may_have_line_breaks),
        RUN(hexadecimal_is_lower_case_and_of_the_right_length),
    };

    return RUN_ALL(tests);
}
