#include "snapshot/join_code.h"

#include <errno.h>
#include <string.h>
#include <zlib.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"
#include "tests/support/test.h"

static struct join_code sample(void)
{
    struct join_code code = {
        .url = "https://dijkwacht.example.org:8443",
        .token_id = "abcdefghij234567.zyxwvutsrq765432",
        .token_secret = "AAECAwQFBgcICQoLDA0ODw",
        .label = "Laptop \"front desk\" 3 – Zeeland",
    };

    memset(code.root_pin.bytes, 0xa5, DIGEST_SIZE);
    return code;
}

static int read_code(const char *text, struct join_code *ret_code)
{
    struct error err = {0};
    int r = join_code_read(text, strlen(text), ret_code, &err);

    if (r < 0)
        assert_memory_equal(err.message, "join code: ", 11);
    return r;
}

static int read_and_drop(const char *text)
{
    struct join_code code;

    return read_code(text, &code);
}

TEST(what_was_written_is_read)
{
    AUTO(text_clear) struct text text = {0};
    struct join_code written = sample(), code;

    join_code_write(&written, &text);
    assert_memory_equal(text.bytes, "dijkwacht-join-1.", 17);
    assert_int_equal(read_code(text.bytes, &code), 0);
    assert_memory_equal(&code, &written, sizeof(code));
}

TEST(a_mail_program_may_break_and_indent_it)
{
    AUTO(text_clear) struct text text = {0}, mailed = {0};
    struct join_code written = sample(), code;

    join_code_write(&written, &text);
    text_add_string(&mailed, "\n  ");
    for (size_t at = 0; at < text.length; at++) {
        text_add(&mailed, text.bytes + at, 1);
        if (at % 60 == 59)
            text_add_string(&mailed, " \r\n\t");
    }
    text_add_string(&mailed, "\n\n");
    assert_int_equal(read_code(mailed.bytes, &code), 0);
    assert_string_equal(code.url, written.url);
}

static void assert_mistyping_is_told(struct text *text, size_t at)
{
    char was = text->bytes[at];

    for (const char *typed = "aZ0-_!.="; *typed != '\0'; typed++) {
        text->bytes[at] = *typed;
        if (*typed != was && read_and_drop(text->bytes) != -EILSEQ)
            fail_msg("%c for %c at %zu goes unseen", *typed, was, at);
    }
    text->bytes[at] = was;
}

TEST(tells_every_mistyped_character)
{
    AUTO(text_clear) struct text text = {0};
    struct join_code written = sample();

    join_code_write(&written, &text);
    for (size_t at = 17; at < text.length; at++)
        assert_mistyping_is_told(&text, at);
    assert_int_equal(read_and_drop(text.bytes), 0);
}

TEST(tells_two_characters_that_changed_places)
{
    AUTO(text_clear) struct text text = {0};
    struct join_code written = sample();

    join_code_write(&written, &text);
    for (size_t at = 18; at < text.length; at++) {
        char first = text.bytes[at - 1], second = text.bytes[at];

        text.bytes[at - 1] = second;
        text.bytes[at] = first;
        if (first != second)
            assert_int_equal(read_and_drop(text.bytes), -EILSEQ);
        text.bytes[at - 1] = first;
        text.bytes[at] = second;
    }
}

TEST(tells_a_code_cut_off_at_any_place)
{
    AUTO(text_clear) struct text text = {0};
    struct join_code written = sample();

    join_code_write(&written, &text);
    while (text.length > 17) {
        text_truncate(&text, text.length - 1);
        assert_int_equal(read_and_drop(text.bytes), -EILSEQ);
    }
    text_truncate(&text, 9);
    assert_int_equal(read_and_drop(text.bytes), -EBADMSG);
}

TEST(refuses_what_is_no_join_code)
{
    AUTO(text_clear) struct text large = {0};

    assert_int_equal(read_and_drop(""), -EBADMSG);
    assert_int_equal(read_and_drop("hunter2"), -EBADMSG);
    assert_int_equal(read_and_drop("dijkwacht-join-2.AAAA"), -EBADMSG);
    assert_int_equal(read_and_drop("-----BEGIN CERTIFICATE-----"), -EBADMSG);
    assert_int_equal(join_code_read("dijkwacht-join-1.\0AAAA", 22, &(struct join_code){0}, NULL),
                     -EILSEQ);
    text_add_string(&large, "dijkwacht-join-1.");
    while (large.length <= JOIN_CODE_MAX_SIZE)
        text_add_string(&large, "AAAA");
    assert_int_equal(read_and_drop(large.bytes), -EBADMSG);
}

static int read_with_url(const char *url)
{
    AUTO(text_clear) struct text text = {0};
    struct join_code code = sample();

    memcpy(code.url, url, strlen(url) + 1);
    join_code_write(&code, &text);
    return read_and_drop(text.bytes);
}

TEST(takes_a_server_and_nothing_behind_it)
{
    static const char *const good[] = {"https://dijkwacht.example.org", "https://192.0.2.7:1",
                                       "https://[2001:db8::1]:65535", "https://localhost:8443"};
    static const char *const bad[] = {"",
                                      "https://",
                                      "http://dijkwacht.example.org",
                                      "https://dijkwacht.example.org/",
                                      "https://dijkwacht.example.org?x",
                                      "https://user@dijkwacht.example.org",
                                      "https://dijkwacht.example.org:",
                                      "https://dijkwacht.example.org:0",
                                      "https://dijkwacht.example.org:080",
                                      "https://dijkwacht.example.org:65536",
                                      "https://dijkwacht.example.org:8443/",
                                      "https://Dijkwacht.example.org",
                                      "https://-a.example.org",
                                      "https://.example.org",
                                      "https://[2001:db8::1",
                                      "https://[]",
                                      "https://d\xc3\xadjkwacht.example.org"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(read_with_url(good[i]), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (read_with_url(bad[i]) != -EBADMSG)
            fail_msg("%s is taken", bad[i]);
}

TEST(refuses_a_complete_code_whose_values_are_wrong)
{
    AUTO(text_clear) struct text id = {0}, secret = {0}, label = {0};
    struct join_code code = sample();

    code.token_id[16] = '-';
    join_code_write(&code, &id);
    assert_int_equal(read_and_drop(id.bytes), -EBADMSG);
    code = sample();
    code.token_secret[21] = '\0';
    join_code_write(&code, &secret);
    assert_int_equal(read_and_drop(secret.bytes), -EBADMSG);
    code = sample();
    code.label[0] = '\t';
    join_code_write(&code, &label);
    assert_int_equal(read_and_drop(label.bytes), -EBADMSG);
}

/* A code around any JSON, with the checksum as zlib computes it. */
static int read_json(const char *json)
{
    AUTO(text_clear) struct text bytes = {0}, text = {0};
    uLong sum = crc32(0, (const Bytef *)json, (uInt)strlen(json));
    uint8_t big_endian[] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8),
                            (uint8_t)sum};

    text_add_string(&bytes, json);
    text_add(&bytes, big_endian, sizeof(big_endian));
    text_add_string(&text, "dijkwacht-join-1.");
    base64url_encode(bytes.bytes, bytes.length, &text);
    return read_and_drop(text.bytes);
}

#define URL    "\"url\":\"https://dijkwacht.example.org\""
#define PIN    "\"pin\":\"a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5\""
#define ID     "\"id\":\"abcdefghij234567.zyxwvutsrq765432\""
#define SECRET "\"secret\":\"AAECAwQFBgcICQoLDA0ODw\""
#define LABEL  "\"label\":\"Laptop 3\""

TEST(has_one_spelling_and_hides_nothing)
{
    assert_int_equal(read_json("{" URL "," PIN "," ID "," SECRET "," LABEL "}"), 0);
    assert_int_equal(read_json("{" URL "," PIN "," ID "," SECRET "," LABEL ",\"more\":1}"),
                     -EBADMSG);
    assert_int_equal(read_json("{" PIN "," URL "," ID "," SECRET "," LABEL "}"), -EBADMSG);
    assert_int_equal(read_json("{" URL "," PIN "," ID "," SECRET ", " LABEL "}"), -EBADMSG);
    assert_int_equal(read_json("{" URL "," PIN "," ID "," SECRET "}"), -EBADMSG);
    assert_int_equal(read_json("[]"), -EBADMSG);
    assert_int_equal(read_json("{"), -EBADMSG);
}

TEST(a_label_is_readable_text_of_at_most_64_bytes)
{
    static const char *const good[] = {
        "a", "Laptop 3", "Ноутбук Олени", "笔记本",
        "0123456789012345678901234567890123456789012345678901234567890123"};
    static const char *const bad[] = {
        "",
        "01234567890123456789012345678901234567890123456789012345678901234",
        "two\nlines",
        "bell\x07",
        "delete\x7f",
        "c1 \xc2\x85",
        "turned \xe2\x80\xae round",
        "isolated \xe2\x81\xa6",
        "separated \xe2\x80\xa8",
        "latin1 \xe9",
        "cut \xe2\x80"};

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(machine_label_check(good[i], NULL), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(machine_label_check(bad[i], NULL), -EINVAL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(what_was_written_is_read),
        RUN(a_mail_program_may_break_and_indent_it),
        RUN(tells_every_mistyped_character),
        RUN(tells_two_characters_that_changed_places),
        RUN(tells_a_code_cut_off_at_any_place),
        RUN(refuses_what_is_no_join_code),
        RUN(takes_a_server_and_nothing_behind_it),
        RUN(refuses_a_complete_code_whose_values_are_wrong),
        RUN(has_one_spelling_and_hides_nothing),
        RUN(a_label_is_readable_text_of_at_most_64_bytes),
    };

    return RUN_ALL(tests);
}
