#include "server-api/store/packed_jws.h"

#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "tests/support/test.h"

static const struct packed_values values = {{
    [PACKED_MACHINE] = "b3a1e3a4-0000-4000-8000-000000000001",
    [PACKED_HASH] = "1111111111111111111111111111111111111111111111111111111111111111",
    [PACKED_RECEIVED_AT] = "2026-11-30T00:53:20Z",
    [PACKED_NONCE] = "q83vEjRWeJCrze8SNFZ4kA",
    [PACKED_STATE] = "2222222222222222222222222222222222222222222222222222222222222222",
}};

static const char receipt[] =
    "{\"v\":1,\"machine\":\"b3a1e3a4-0000-4000-8000-000000000001\",\"snapshot\":"
    "\"1111111111111111111111111111111111111111111111111111111111111111\",\"received_at\":"
    "\"2026-11-30T00:53:20Z\",\"nonce\":\"q83vEjRWeJCrze8SNFZ4kA\",\"state\":"
    "\"2222222222222222222222222222222222222222222222222222222222222222\",\"verdicts\":{}}";

/* A compact JWS of these parts; the signature need not hold for packing. */
static void make(const char *header, const void *payload, size_t length, struct text *out)
{
    uint8_t signature[64];

    for (size_t i = 0; i < sizeof(signature); i++)
        signature[i] = (uint8_t)(i * 37);
    base64url_encode(header, strlen(header), out);
    text_add(out, ".", 1);
    base64url_encode(payload, length, out);
    text_add(out, ".", 1);
    base64url_encode(signature, sizeof(signature), out);
}

static void assert_comes_back(const struct text *compact, const struct packed_values *known,
                              const struct packed_jws *packed)
{
    AUTO(text_clear) struct text again = {0};

    assert_true(packed_jws_write(&packed->shared, &packed->own, known, &again));
    assert_int_equal(again.length, compact->length);
    assert_memory_equal(again.bytes, compact->bytes, again.length);
}

TEST(a_snapshot_shares_its_header)
{
    AUTO(text_clear) struct text compact = {0};
    AUTO(packed_jws_clear) struct packed_jws packed = {0};
    static const char payload[] = "\x28\xb5\x2f\xfd\0\1\2\3\4\5 zstd";

    make("{\"alg\":\"ES256\"}", payload, sizeof(payload), &compact);
    assert_true(packed_jws_make(compact.bytes, compact.length, NULL, &packed));
    assert_string_equal(packed.shared.bytes, "{\"alg\":\"ES256\"}");
    assert_int_equal(packed.own.length, sizeof(payload) + PACKED_SIGNATURE_SIZE);
    assert_comes_back(&compact, NULL, &packed);
}

TEST(a_receipt_shares_all_but_its_signature)
{
    AUTO(text_clear) struct text compact = {0};
    AUTO(packed_jws_clear) struct packed_jws packed = {0};

    make("{\"x5c\":[]}", receipt, strlen(receipt), &compact);
    assert_true(packed_jws_make(compact.bytes, compact.length, &values, &packed));
    assert_int_equal(packed.own.length, PACKED_SIGNATURE_SIZE);
    assert_int_equal(packed.shared.length,
                     strlen("{\"x5c\":[]}") + 1 + strlen(receipt) - 36 - 64 - 20 - 22 - 64 + 5);
    assert_comes_back(&compact, &values, &packed);
}

/* Two receipts with the same words in them are one shared text. */
TEST(receipts_of_two_machines_share_one_text)
{
    AUTO(text_clear) struct text first = {0}, second = {0}, other = {0};
    AUTO(packed_jws_clear) struct packed_jws one = {0}, two = {0};
    struct packed_values others = values;

    others.texts[PACKED_MACHINE] = "b3a1e3a4-0000-4000-8000-000000000002";
    text_add_string(&other, receipt);
    strstr(other.bytes, "000000000001")[11] = '2';
    make("{}", receipt, strlen(receipt), &first);
    make("{}", other.bytes, other.length, &second);
    assert_true(packed_jws_make(first.bytes, first.length, &values, &one));
    assert_true(packed_jws_make(second.bytes, second.length, &others, &two));
    assert_int_equal(one.shared.length, two.shared.length);
    assert_memory_equal(one.shared.bytes, two.shared.bytes, one.shared.length);
    assert_comes_back(&second, &others, &two);
}

/* What is no JWS of ours, or has more than one spelling, is not packed. */
TEST(what_would_come_back_in_another_spelling_is_left_alone)
{
    static const char *const endings[] = {"=", "\n", " ", ".", "A", "+"};
    AUTO(text_clear) struct text good = {0};

    make("{\"alg\":\"ES256\"}", "ab", 2, &good);
    for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
        AUTO(text_clear) struct text odd = {0};
        AUTO(packed_jws_clear) struct packed_jws packed = {0};

        text_add(&odd, good.bytes, good.length);
        text_add_string(&odd, endings[i]);
        assert_false(packed_jws_make(odd.bytes, odd.length, NULL, &packed));
    }
    for (const char *last = "JKL"; *last != '\0'; last++) { /* bits that mean nothing */
        AUTO(text_clear) struct text odd = {0};
        AUTO(packed_jws_clear) struct packed_jws packed = {0};

        text_add(&odd, good.bytes, good.length);
        strstr(odd.bytes, ".YWI.")[3] = *last;
        assert_false(packed_jws_make(odd.bytes, odd.length, NULL, &packed));
    }
}

/* Members in another order, more of them, white space: any header comes back as it was. */
TEST(odd_headers_come_back_as_they_were)
{
    static const char *const headers[] = {
        "{}",
        "{\"typ\":\"dijkwacht-snapshot+jws\",\"alg\":\"ES256\"}",
        "{ \"alg\" : \"none\" }\r\n",
        "{\"alg\":\"ES256\",\"crit\":[\"b64\"],\"b64\":false}",
        "\xff\xfe no JSON\x01\x02",
    };

    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++) {
        AUTO(text_clear) struct text compact = {0};
        AUTO(packed_jws_clear) struct packed_jws packed = {0}, with_values = {0};

        make(headers[i], receipt, strlen(receipt), &compact);
        assert_true(packed_jws_make(compact.bytes, compact.length, NULL, &packed));
        assert_comes_back(&compact, NULL, &packed);
        assert_true(packed_jws_make(compact.bytes, compact.length, &values, &with_values));
        assert_comes_back(&compact, &values, &with_values);
    }
}

TEST(a_payload_that_holds_what_stands_for_a_hole_is_left_alone)
{
    AUTO(text_clear) struct text compact = {0};
    AUTO(packed_jws_clear) struct packed_jws packed = {0};

    make("{}", "{\"a\":\"\x03\"}", 9, &compact);
    assert_false(packed_jws_make(compact.bytes, compact.length, &values, &packed));
}

/* The value is as long as what stands for it, so the length alone does not tell. */
TEST(a_hole_of_the_payload_is_no_hole_of_ours_even_where_the_length_fits)
{
    AUTO(text_clear) struct text compact = {0};
    AUTO(packed_jws_clear) struct packed_jws packed = {0};
    struct packed_values brief = values;

    brief.texts[PACKED_RECEIVED_AT] = "7";
    make("{}", "{\"a\":\"\x03\"}", 9, &compact);
    assert_false(packed_jws_make(compact.bytes, compact.length, &brief, &packed));
}

TEST(pieces_with_two_payloads_give_nothing)
{
    AUTO(text_clear) struct text compact = {0}, out = {0};
    AUTO(packed_jws_clear) struct packed_jws packed = {0};

    make("{}", receipt, strlen(receipt), &compact);
    assert_true(packed_jws_make(compact.bytes, compact.length, &values, &packed));
    text_add(&packed.own, "x", 1);
    assert_false(packed_jws_write(&packed.shared, &packed.own, &values, &out));
}

TEST(damaged_pieces_give_nothing)
{
    AUTO(text_clear) struct text compact = {0}, out = {0};
    AUTO(packed_jws_clear) struct packed_jws packed = {0};
    struct packed_values without = values;

    make("{}", receipt, strlen(receipt), &compact);
    assert_true(packed_jws_make(compact.bytes, compact.length, &values, &packed));
    without.texts[PACKED_NONCE] = "";
    assert_false(packed_jws_write(&packed.shared, &packed.own, &without, &out));
    assert_false(packed_jws_write(&packed.shared, &packed.own, NULL, &out));
    text_truncate(&packed.own, PACKED_SIGNATURE_SIZE - 1);
    assert_false(packed_jws_write(&packed.shared, &packed.own, &values, &out));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_snapshot_shares_its_header),
        RUN(a_receipt_shares_all_but_its_signature),
        RUN(receipts_of_two_machines_share_one_text),
        RUN(what_would_come_back_in_another_spelling_is_left_alone),
        RUN(odd_headers_come_back_as_they_were),
        RUN(a_payload_that_holds_what_stands_for_a_hole_is_left_alone),
        RUN(a_hole_of_the_payload_is_no_hole_of_ours_even_where_the_length_fits),
        RUN(pieces_with_two_payloads_give_nothing),
        RUN(damaged_pieces_give_nothing),
    };

    return RUN_ALL(tests);
}
