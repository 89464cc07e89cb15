#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"
#include "snapshot/signature.h"
#include "tests/support/authority.h"
#include "tests/support/test.h"

static struct authority *authority;
static struct signing_key *key;
static struct certificate *certificate;

static int make_keys(void **state)
{
    (void)state;
    authority = authority_new();
    assert_int_equal(signing_key_generate(&key, NULL), 0);
    certificate = authority_issue(authority, CERTIFICATE_SIGNING, key);
    return 0;
}

static int drop_keys(void **state)
{
    (void)state;
    certificate_free(certificate);
    signing_key_free(key);
    authority_free(authority);
    return 0;
}

static void sign(const char *header, const char *payload, struct text *out)
{
    assert_int_equal(jws_sign(key, header, payload, strlen(payload), out, NULL), 0);
}

/* 0 when it splits and verifies. */
static int verify(const char *compact, size_t length)
{
    AUTO(jws_clear) struct jws jws = {0};
    struct error err = {0};
    int r = jws_split(compact, length, &jws, &err);

    if (r == 0)
        r = jws_verify(&jws, certificate, &err);
    if (r < 0)
        assert_string_not_equal(err.message, "");
    return r;
}

TEST(what_was_signed_verifies_and_comes_out_again)
{
    AUTO(text_clear) struct text compact = {0};
    AUTO(jws_clear) struct jws jws = {0};

    sign("{\"alg\":\"ES256\"}", "the payload", &compact);
    assert_int_equal(jws_split(compact.bytes, compact.length, &jws, NULL), 0);
    assert_int_equal(jws_verify(&jws, certificate, NULL), 0);
    assert_string_equal(jws.header, "{\"alg\":\"ES256\"}");
    assert_int_equal(jws.payload_length, 11);
    assert_memory_equal(jws.payload, "the payload", 11);
}

static void assert_no_other_byte_verifies(struct text *compact, size_t at)
{
    char was = compact->bytes[at];

    for (int other = 0; other < 256; other++) {
        compact->bytes[at] = (char)other;
        if (compact->bytes[at] != was && verify(compact->bytes, compact->length) == 0)
            fail_msg("byte %zu as %d is accepted", at, other);
    }
    compact->bytes[at] = was;
}

TEST(no_other_byte_at_any_place_verifies)
{
    AUTO(text_clear) struct text compact = {0};

    sign("{}", "seven", &compact);
    for (size_t at = 0; at < compact.length; at++)
        assert_no_other_byte_verifies(&compact, at);
    assert_int_equal(verify(compact.bytes, compact.length), 0);
}

TEST(nothing_shorter_or_longer_verifies)
{
    AUTO(text_clear) struct text compact = {0};

    sign("{}", "payload", &compact);
    for (size_t length = 0; length < compact.length; length++)
        assert_int_not_equal(verify(compact.bytes, length), 0);
    text_add_string(&compact, "=");
    assert_int_equal(verify(compact.bytes, compact.length), -EBADMSG);
    compact.bytes[compact.length - 1] = '\n';
    assert_int_equal(verify(compact.bytes, compact.length), -EBADMSG);
}

TEST(another_machines_signature_does_not_verify)
{
    AUTO(auto_signing_key_free) struct signing_key *other = NULL;
    AUTO(text_clear) struct text compact = {0};

    assert_int_equal(signing_key_generate(&other, NULL), 0);
    assert_int_equal(jws_sign(other, "{}", "payload", 7, &compact, NULL), 0);
    assert_int_equal(verify(compact.bytes, compact.length), -EKEYREJECTED);
}

static void replace_signature(struct text *compact, const uint8_t raw[64])
{
    text_truncate(compact, (size_t)(strrchr(compact->bytes, '.') + 1 - compact->bytes));
    base64url_encode(raw, 64, compact);
}

/* n - s for the order n of P-256. */
static void mirror(uint8_t s[32])
{
    static const char digits[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    uint8_t order[32];
    int borrow = 0;

    assert_true(hex_decode(digits, 64, order, 32));
    for (int i = 31; i >= 0; i--) {
        int difference = order[i] - s[i] - borrow;

        borrow = difference < 0;
        s[i] = (uint8_t)(difference & 255);
    }
}

TEST(the_mirrored_signature_that_needs_no_key_is_refused)
{
    AUTO(text_clear) struct text compact = {0};
    AUTO(jws_clear) struct jws jws = {0};
    uint8_t raw[64];

    sign("{}", "payload", &compact);
    assert_int_equal(jws_split(compact.bytes, compact.length, &jws, NULL), 0);
    memcpy(raw, jws.signature, sizeof(raw));
    mirror(raw + 32);
    replace_signature(&compact, raw);
    assert_int_equal(verify(compact.bytes, compact.length), -EKEYREJECTED);
    mirror(raw + 32);
    replace_signature(&compact, raw);
    assert_int_equal(verify(compact.bytes, compact.length), 0);
}

TEST(signs_with_the_smaller_s_every_time)
{
    for (int i = 0; i < 64; i++) {
        AUTO(text_clear) struct text compact = {0};

        sign("{}", "payload", &compact);
        assert_int_equal(verify(compact.bytes, compact.length), 0);
    }
}

TEST(a_signature_of_zeros_or_of_the_order_does_not_verify)
{
    AUTO(text_clear) struct text compact = {0};
    uint8_t raw[64] = {0};

    sign("{}", "payload", &compact);
    replace_signature(&compact, raw);
    assert_int_equal(verify(compact.bytes, compact.length), -EKEYREJECTED);
    raw[31] = 1;
    replace_signature(&compact, raw);
    assert_int_equal(verify(compact.bytes, compact.length), -EKEYREJECTED);
    memset(raw, 0xff, sizeof(raw));
    replace_signature(&compact, raw);
    assert_int_equal(verify(compact.bytes, compact.length), -EKEYREJECTED);
}

TEST(refuses_what_is_not_three_parts)
{
    static const char *const bad[] = {
        "",         ".",     "..",       "e30",         "e30.e30",
        "e30.e30.", ".e30.", "e30..e30", "e30.e30.e30", "e30.e30.e30.e30"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(verify(bad[i], strlen(bad[i])), -EBADMSG);
}

TEST(refuses_a_nul_in_the_header_and_more_than_its_limit)
{
    AUTO(text_clear) struct text compact = {0}, large = {0};
    AUTO(jws_clear) struct jws jws = {0};
    char *dot;

    sign("{}", "payload", &compact);
    dot = strchr(compact.bytes, '.');
    text_add_string(&large, "AAAA");
    text_add_string(&large, dot);
    assert_int_equal(jws_split(large.bytes, large.length, &jws, NULL), -EBADMSG);
    assert_null(jws.header);
    while (large.length <= JWS_MAX_SIZE)
        text_add_string(&large, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
    assert_int_equal(jws_split(large.bytes, large.length, &jws, NULL), -EFBIG);
    text_truncate(&compact, 0);
    assert_int_equal(jws_sign(key, "{}", large.bytes, large.length, &compact, NULL), -EFBIG);
    assert_int_equal(compact.length, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(what_was_signed_verifies_and_comes_out_again),
        RUN(no_other_byte_at_any_place_verifies),
        RUN(nothing_shorter_or_longer_verifies),
        RUN(another_machines_signature_does_not_verify),
        RUN(the_mirrored_signature_that_needs_no_key_is_refused),
        RUN(signs_with_the_smaller_s_every_time),
        RUN(a_signature_of_zeros_or_of_the_order_does_not_verify),
        RUN(refuses_what_is_not_three_parts),
        RUN(refuses_a_nul_in_the_header_and_more_than_its_limit),
    };

    return cmocka_run_group_tests(tests, make_keys, drop_keys);
}
