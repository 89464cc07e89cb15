#include "collectors/disk_encryption/luks_header.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/digest.h"
#include "platform/file.h"
#include "platform/text.h"
#include "tests/support/test.h"

#define HEADER_SIZE 16384U
#define JSON_AT     4096U
#define SUM_AT      448U

static void read_header(const char *name, struct text *bytes)
{
    AUTO_CLOSE int folder = directory_open(FIXTURES "/disk_encryption", NULL);

    assert_int_equal(file_read(folder, name, 65536, bytes, NULL), 0);
}

static int parse(const struct text *bytes, struct luks_header *header)
{
    return luks_header_parse((const uint8_t *)bytes->bytes, bytes->length, header, NULL);
}

static void sign(struct text *bytes)
{
    struct digest digest;

    memset(bytes->bytes + SUM_AT, 0, 64);
    digest_of(bytes->bytes, HEADER_SIZE, &digest);
    memcpy(bytes->bytes + SUM_AT, digest.bytes, sizeof(digest.bytes));
}

/* The captured header with other metadata, and its checksum right for them. */
static void read_with_metadata(const char *json, struct text *bytes)
{
    read_header("luks2-tpm2-token.hdr", bytes);
    memset(bytes->bytes + JSON_AT, 0, HEADER_SIZE - JSON_AT);
    memcpy(bytes->bytes + JSON_AT, json, strlen(json));
    sign(bytes);
}

static int parse_metadata(const char *json, struct luks_header *header)
{
    AUTO(text_clear) struct text bytes = {0};

    read_with_metadata(json, &bytes);
    return parse(&bytes, header);
}

static void assert_data(const char *json, enum luks_data expected)
{
    struct luks_header header;

    assert_int_equal(parse_metadata(json, &header), 0);
    assert_int_equal(header.data, expected);
}

#define CRYPT_SEGMENT "{\"type\":\"crypt\",\"encryption\":\"aes-xts-plain64\"}"

TEST(reads_luks2_with_its_checksum)
{
    AUTO(text_clear) struct text bytes = {0};
    struct luks_header header;

    read_header("luks2-tpm2-token.hdr", &bytes);
    assert_int_equal(parse(&bytes, &header), 0);
    assert_int_equal(header.version, 2);
    assert_string_equal(header.uuid, "189cfe08-8e98-4dc3-a8b3-49ce771fd9fe");
    assert_int_equal(header.data, LUKS_DATA_ENCRYPTED);
    assert_string_equal(header.cipher, "aes-xts-plain64");
    assert_int_equal(header.key_bits, 512);
    assert_true(header.tpm2_unlock);
    assert_false(header.tpm2_pin);
    assert_true(header.checksum_verified);
}

TEST(reads_luks1)
{
    AUTO(text_clear) struct text bytes = {0};
    struct luks_header header;

    read_header("luks1.hdr", &bytes);
    assert_int_equal(parse(&bytes, &header), 0);
    assert_int_equal(header.version, 1);
    assert_string_equal(header.uuid, "d8d13ca7-6137-4629-b63c-32e2914f6df5");
    assert_string_equal(header.cipher, "aes-xts-plain64");
    assert_int_equal(header.key_bits, 512);
}

TEST(tells_no_header_from_a_damaged_one)
{
    AUTO(text_clear) struct text bytes = {0};
    uint8_t zeroes[LUKS_FIRST_SIZE] = {0};
    struct luks_header header;

    assert_int_equal(luks_header_parse(zeroes, sizeof(zeroes), &header, NULL), -ENOENT);
    assert_int_equal(luks_header_size(zeroes), 0);
    read_header("luks2-tpm2-token.hdr", &bytes);
    bytes.bytes[HEADER_SIZE - 1] = 1;
    assert_int_equal(parse(&bytes, &header), -EBADMSG);
}

TEST(a_header_cut_off_anywhere_is_refused)
{
    AUTO(text_clear) struct text bytes = {0};
    struct luks_header header;

    read_header("luks2-tpm2-token.hdr", &bytes);
    for (size_t length = 0; length < bytes.length; length += 1024)
        assert_int_not_equal(luks_header_parse((const uint8_t *)bytes.bytes, length, &header, NULL),
                             0);
}

TEST(only_the_sizes_of_the_format_are_read)
{
    AUTO(text_clear) struct text bytes = {0};
    uint8_t *first;

    read_header("luks2-tpm2-token.hdr", &bytes);
    first = (uint8_t *)bytes.bytes;
    assert_int_equal(luks_header_size(first), HEADER_SIZE);
    first[8] = 0xff;
    assert_int_equal(luks_header_size(first), LUKS_FIRST_SIZE);
    first[8] = 0;
    first[14] = 0x60;
    assert_int_equal(luks_header_size(first), LUKS_FIRST_SIZE);
}

TEST(the_null_cipher_is_plain_wherever_it_is_written)
{
    assert_data("{\"segments\":{\"0\":{\"type\":\"crypt\",\"encryption\":\"cipher_null-ecb\"}}}",
                LUKS_DATA_PLAIN);
    assert_data("{\"segments\":{\"0\":" CRYPT_SEGMENT
                ",\"1\":{\"type\":\"crypt\",\"encryption\":\"capi:ecb(cipher_null)-plain\"}}}",
                LUKS_DATA_PLAIN);
}

TEST(a_segment_that_is_not_encrypted_makes_it_plain)
{
    assert_data("{\"segments\":{\"0\":" CRYPT_SEGMENT ",\"1\":{\"type\":\"linear\"}}}",
                LUKS_DATA_PLAIN);
    assert_data("{\"segments\":{\"0\":{\"type\":\"linear\"},\"1\":" CRYPT_SEGMENT "}}",
                LUKS_DATA_PLAIN);
}

TEST(a_disk_that_encrypts_itself_is_said_to)
{
    assert_data("{\"segments\":{\"0\":{\"type\":\"hw-opal\"}},"
                "\"config\":{\"requirements\":{\"mandatory\":[\"opal\"]}}}",
                LUKS_DATA_HARDWARE);
}

TEST(reencryption_outweighs_what_segments_say)
{
    assert_data("{\"segments\":{\"0\":" CRYPT_SEGMENT "},"
                "\"config\":{\"requirements\":{\"mandatory\":[\"online-reencrypt-v2\"]}}}",
                LUKS_DATA_CHANGING);
    assert_data("{\"segments\":{\"0\":{\"type\":\"linear\",\"flags\":[\"in-reencryption\"]}}}",
                LUKS_DATA_CHANGING);
}

TEST(a_requirement_that_we_do_not_know_is_uncertain)
{
    assert_data("{\"segments\":{\"0\":" CRYPT_SEGMENT "},"
                "\"config\":{\"requirements\":{\"mandatory\":[\"half-encrypted\"]}}}",
                LUKS_DATA_UNCERTAIN);
    assert_data("{\"segments\":{\"0\":" CRYPT_SEGMENT "},"
                "\"config\":{\"requirements\":{\"mandatory\":\"half-encrypted\"}}}",
                LUKS_DATA_UNCERTAIN);
}

TEST(a_pin_counts_only_when_every_tpm_token_asks_for_it)
{
    struct luks_header header;

    assert_int_equal(
        parse_metadata("{\"segments\":{\"0\":" CRYPT_SEGMENT
                       "},\"tokens\":{\"0\":{\"type\":\"systemd-tpm2\",\"tpm2-pin\":true},"
                       "\"1\":{\"type\":\"systemd-tpm2\",\"tpm2-pin\":true}}}",
                       &header),
        0);
    assert_true(header.tpm2_pin);
    assert_int_equal(
        parse_metadata("{\"segments\":{\"0\":" CRYPT_SEGMENT
                       "},\"tokens\":{\"0\":{\"type\":\"systemd-tpm2\",\"tpm2-pin\":true},"
                       "\"1\":{\"type\":\"systemd-tpm2\"}}}",
                       &header),
        0);
    assert_false(header.tpm2_pin);
    assert_int_equal(parse_metadata("{\"segments\":{\"0\":" CRYPT_SEGMENT
                                    "},\"tokens\":{\"0\":{\"type\":\"systemd-tpm2\"},"
                                    "\"1\":{\"type\":\"systemd-tpm2\",\"tpm2-pin\":true}}}",
                                    &header),
                     0);
    assert_false(header.tpm2_pin);
}

TEST(keys_of_several_lengths_leave_the_length_open)
{
    struct luks_header header;

    assert_int_equal(parse_metadata("{\"segments\":{\"0\":" CRYPT_SEGMENT
                                    "},\"keyslots\":{\"0\":{\"type\":\"luks2\",\"key_size\":64},"
                                    "\"1\":{\"type\":\"luks2\",\"key_size\":32}}}",
                                    &header),
                     0);
    assert_int_equal(header.key_bits, 0);
}

TEST(metadata_that_are_not_as_they_should_be_are_refused)
{
    static const char *const metadata[] = {
        "",
        "{}",
        "[]",
        "{\"segments\":{}}",
        "{\"segments\":[{\"type\":\"linear\"}]}",
        "{\"segments\":{\"0\":{\"type\":\"crypt\"}}}",
        "{\"segments\":{\"0\":{\"type\":\"new\"}}}",
        "{\"segments\":{\"0\":{\"encryption\":\"aes-xts-plain64\"}}}",
        "{\"segments\":{\"0\":{\"type\":\"crypt\",\"encryption\":\"\"}}}",
        "{\"segments\":{\"0\":{\"type\":\"crypt\",\"encryption\":\"a b\"}}}",
        "{\"segments\":{\"0\":{\"type\":\"linear\"}},\"segments\":{\"0\":{\"type\":\"linear\"}}}",
    };

    for (size_t i = 0; i < sizeof(metadata) / sizeof(metadata[0]); i++) {
        struct luks_header header;

        if (parse_metadata(metadata[i], &header) != -EBADMSG)
            fail_msg("%s", metadata[i]);
    }
}

TEST(a_luks1_header_must_name_its_cipher_and_key)
{
    AUTO(text_clear) struct text bytes = {0};
    struct luks_header header;

    read_header("luks1.hdr", &bytes);
    memset(bytes.bytes + 8, 'a', 32);
    assert_int_equal(parse(&bytes, &header), -EBADMSG);
    text_truncate(&bytes, 0);
    read_header("luks1.hdr", &bytes);
    memset(bytes.bytes + 108, 0, 4);
    assert_int_equal(parse(&bytes, &header), -EBADMSG);
    text_truncate(&bytes, 0);
    read_header("luks1.hdr", &bytes);
    bytes.bytes[7] = 3;
    assert_int_equal(parse(&bytes, &header), -EBADMSG);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_luks2_with_its_checksum),
        RUN(reads_luks1),
        RUN(tells_no_header_from_a_damaged_one),
        RUN(a_header_cut_off_anywhere_is_refused),
        RUN(only_the_sizes_of_the_format_are_read),
        RUN(the_null_cipher_is_plain_wherever_it_is_written),
        RUN(a_segment_that_is_not_encrypted_makes_it_plain),
        RUN(a_disk_that_encrypts_itself_is_said_to),
        RUN(reencryption_outweighs_what_segments_say),
        RUN(a_requirement_that_we_do_not_know_is_uncertain),
        RUN(a_pin_counts_only_when_every_tpm_token_asks_for_it),
        RUN(keys_of_several_lengths_leave_the_length_open),
        RUN(metadata_that_are_not_as_they_should_be_are_refused),
        RUN(a_luks1_header_must_name_its_cipher_and_key),
    };

    return RUN_ALL(tests);
}
