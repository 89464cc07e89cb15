#include "snapshot/receipt.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "tests/support/authority.h"
#include "tests/support/test.h"

static struct authority *authority;
static struct signing_key *key;
static struct certificate *certificate;
static const struct digest snapshot = {.bytes = {0x5a, 1, 2, 3}};

static int make_server(void **state)
{
    (void)state;
    authority = authority_new();
    assert_int_equal(signing_key_generate(&key, NULL), 0);
    certificate = authority_issue(authority, CERTIFICATE_RECEIPT, key);
    return 0;
}

static int drop_server(void **state)
{
    (void)state;
    certificate_free(certificate);
    signing_key_free(key);
    authority_free(authority);
    return 0;
}

static struct receipt accepted(void)
{
    return (struct receipt){
        .machine = TEST_MACHINE,
        .snapshot = snapshot,
        .received_at = TEST_NOW,
        .nonce = "nonce-1",
        .has_state = true,
        .state = {.bytes = {7}},
        .minimum_interval_seconds = 3600,
        .verdicts = {{"disk_encrypted", VERDICT_PASS}, {"firewall_on", VERDICT_UNKNOWN}},
        .verdict_count = 2,
    };
}

static void sign_with(const struct signing_key *signer, const struct certificate *leaf,
                      const struct certificate *intermediate, const struct receipt *receipt,
                      struct text *out)
{
    AUTO(text_clear) struct text header = {0}, payload = {0};

    receipt_write_header(leaf, intermediate, &header);
    receipt_write_payload(receipt, &payload);
    assert_int_equal(jws_sign(signer, header.bytes, payload.bytes, payload.length, out, NULL), 0);
}

static int read_at(const struct text *file, const char *machine, const struct digest *of,
                   int64_t now, int64_t fallback)
{
    struct receipt receipt;
    struct error err = {0};
    int r = receipt_read(file->bytes, file->length, authority->root, machine, of, now, fallback,
                         &receipt, &err);

    if (r < 0 && strncmp(err.message, "receipt: ", 9) != 0 && strncmp(err.message, "JWS: ", 5) != 0)
        fail_msg("\"%s\" says too little", err.message);
    return r;
}

static int read_file(const struct text *file)
{
    return read_at(file, TEST_MACHINE, &snapshot, TEST_NOW, 0);
}

TEST(what_was_written_is_read)
{
    AUTO(text_clear) struct text file = {0};
    struct receipt written = accepted(), receipt;

    sign_with(key, certificate, authority->intermediate, &written, &file);
    assert_int_equal(receipt_read(file.bytes, file.length, authority->root, TEST_MACHINE, &snapshot,
                                  TEST_NOW, 0, &receipt, NULL),
                     0);
    assert_memory_equal(&receipt, &written, sizeof(receipt));
}

TEST(a_refusal_brings_its_reason_and_a_fork_none)
{
    AUTO(text_clear) struct text payload = {0};
    struct receipt written = accepted(), receipt;

    written.result = RECEIPT_REFUSED;
    written.reason = REFUSAL_TOO_LARGE;
    written.has_state = false;
    written.lacks_base = true;
    receipt_write_payload(&written, &payload);
    assert_int_equal(receipt_read_payload(payload.bytes, payload.length, &receipt, NULL), 0);
    assert_int_equal(receipt.result, RECEIPT_REFUSED);
    assert_int_equal(receipt.reason, REFUSAL_TOO_LARGE);
    assert_false(receipt.has_state);
    assert_true(receipt.lacks_base);

    written.result = RECEIPT_FORK;
    text_truncate(&payload, 0);
    receipt_write_payload(&written, &payload);
    assert_int_equal(receipt_read_payload(payload.bytes, payload.length, &receipt, NULL), 0);
    assert_int_equal(receipt.result, RECEIPT_FORK);
    assert_int_equal(receipt.reason, REFUSAL_NONE);
}

TEST(another_authoritys_receipt_is_refused)
{
    AUTO(auto_authority_free) struct authority *stranger = authority_new();
    AUTO(auto_certificate_free)
    struct certificate *forged = authority_issue(stranger, CERTIFICATE_RECEIPT, key);
    AUTO(text_clear) struct text first = {0}, second = {0};
    struct receipt receipt = accepted();

    sign_with(key, forged, stranger->intermediate, &receipt, &first);
    assert_int_equal(read_file(&first), -EKEYREJECTED);
    sign_with(key, forged, authority->intermediate, &receipt, &second);
    assert_int_equal(read_file(&second), -EKEYREJECTED);
}

TEST(no_other_certificate_of_the_same_authority_makes_receipts)
{
    static const enum certificate_purpose others[] = {CERTIFICATE_TLS_CLIENT, CERTIFICATE_SIGNING,
                                                      CERTIFICATE_TLS_SERVER};
    struct receipt receipt = accepted();

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        AUTO(auto_certificate_free)
        struct certificate *other = authority_issue(authority, others[i], key);
        AUTO(text_clear) struct text file = {0};

        sign_with(key, other, authority->intermediate, &receipt, &file);
        assert_int_equal(read_file(&file), -EKEYREJECTED);
    }
}

TEST(the_authoritys_own_keys_make_no_receipts)
{
    struct receipt receipt = accepted();
    AUTO(text_clear) struct text first = {0}, second = {0};

    sign_with(authority->intermediate_key, authority->intermediate, authority->intermediate,
              &receipt, &first);
    assert_int_equal(read_file(&first), -EKEYREJECTED);
    sign_with(authority->root_key, authority->root, authority->intermediate, &receipt, &second);
    assert_int_equal(read_file(&second), -EKEYREJECTED);
}

TEST(a_receipt_signed_with_another_key_than_its_certificates_is_refused)
{
    AUTO(auto_signing_key_free) struct signing_key *other = NULL;
    AUTO(text_clear) struct text file = {0};
    struct receipt receipt = accepted();

    assert_int_equal(signing_key_generate(&other, NULL), 0);
    sign_with(other, certificate, authority->intermediate, &receipt, &file);
    assert_int_equal(read_file(&file), -EKEYREJECTED);
}

TEST(a_wrong_clock_locks_nobody_out)
{
    AUTO(text_clear) struct text file = {0};
    struct receipt receipt = accepted();

    sign_with(key, certificate, authority->intermediate, &receipt, &file);
    assert_int_equal(read_at(&file, TEST_MACHINE, &snapshot, 0, TEST_NOW), 0);
    assert_int_equal(read_at(&file, TEST_MACHINE, &snapshot, TEST_NOT_AFTER + 1, TEST_NOW), 0);
    assert_int_equal(read_at(&file, TEST_MACHINE, &snapshot, TEST_NOW, 0), 0);
    assert_int_equal(read_at(&file, TEST_MACHINE, &snapshot, 0, TEST_NOT_AFTER + 1), -EKEYREJECTED);
}

TEST(another_machines_or_snapshots_receipt_is_stale)
{
    AUTO(text_clear) struct text file = {0};
    struct receipt receipt = accepted();
    struct digest other = snapshot;

    other.bytes[31] ^= 1;
    sign_with(key, certificate, authority->intermediate, &receipt, &file);
    assert_int_equal(read_at(&file, TEST_OTHER_MACHINE, &snapshot, TEST_NOW, 0), -ESTALE);
    assert_int_equal(read_at(&file, TEST_MACHINE, &other, TEST_NOW, 0), -ESTALE);
}

TEST(no_receipt_with_a_changed_byte_is_accepted)
{
    AUTO(text_clear) struct text file = {0};
    struct receipt receipt = accepted();

    sign_with(key, certificate, authority->intermediate, &receipt, &file);
    for (size_t at = 0; at < file.length; at++) {
        int bit = 1 << at % 7;

        file.bytes[at] = (char)(file.bytes[at] ^ bit);
        if (read_file(&file) == 0)
            fail_msg("byte %zu does not count", at);
        file.bytes[at] = (char)(file.bytes[at] ^ bit);
    }
    assert_int_equal(read_file(&file), 0);
}

/* The right header with one part of it replaced, signed by the right key. */
static int read_with_header(const char *part, const char *replacement)
{
    AUTO(text_clear) struct text header = {0}, changed = {0}, payload = {0}, file = {0};
    struct receipt receipt = accepted();
    const char *at;

    receipt_write_header(certificate, authority->intermediate, &header);
    at = strstr(header.bytes, part);
    assert_non_null(at);
    text_add(&changed, header.bytes, (size_t)(at - header.bytes));
    text_add_string(&changed, replacement);
    text_add_string(&changed, at + strlen(part));
    receipt_write_payload(&receipt, &payload);
    assert_int_equal(jws_sign(key, changed.bytes, payload.bytes, payload.length, &file, NULL), 0);
    return read_file(&file);
}

TEST(no_other_form_of_header_is_read)
{
    static const char *const mutations[][2] = {
        {"ES256", "none"},
        {"ES256", "ES384"},
        {"dijkwacht-receipt+jws", "dijkwacht-snapshot+jws"},
        {"\"typ\"", "\"crit\":[],\"typ\""},
        {"\"]}", "\"],\"jwk\":{}}"},
        {"\"]}", "\" ]}"},
        {"\"]}", "\"]} "},
        {"\"]}", "\",\"MAA=\"]}"},
        {"\"]}", ""},
        {"\",\"MII", "\",\" MII"},
        {"\",\"MII", "\",\"\",\"MII"},
        {"[\"MII", "[\"\",\"MII"},
        {"[\"MII", "[\"MI"},
    };

    assert_int_equal(read_with_header("ES256", "ES256"), 0);
    for (size_t i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++)
        if (read_with_header(mutations[i][0], mutations[i][1]) != -EBADMSG)
            fail_msg("header %zu is read", i);
}

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
static const char good[] =
    "{\"v\":1,\"machine\":\"" TEST_MACHINE "\",\"snapshot\":\"" A64
    "\",\"result\":\"accepted\",\"reason\":null,\"received_at\":\"2026-11-30T00:53:20Z\","
    "\"nonce\":\"abc\",\"state\":\"" A64 "\",\"lacks_base\":false,\"minimum_interval_s\":900,"
    "\"verdicts\":{\"disk_encrypted\":\"pass\",\"firewall_on\":\"fail\"}}";

static int read_changed(const char *part, const char *replacement, struct receipt *receipt)
{
    AUTO(text_clear) struct text payload = {0};
    const char *at = strstr(good, part);
    struct error err = {0};
    int r;

    assert_non_null(at);
    text_add(&payload, good, (size_t)(at - good));
    text_add_string(&payload, replacement);
    text_add_string(&payload, at + strlen(part));
    r = receipt_read_payload(payload.bytes, payload.length, receipt, &err);
    if (r < 0)
        assert_memory_equal(err.message, "receipt: ", 9);
    return r;
}

TEST(the_minimum_interval_stays_within_its_bounds)
{
    struct receipt receipt;

    assert_int_equal(read_changed(":900", ":900", &receipt), 0);
    assert_int_equal(receipt.minimum_interval_seconds, 900);
    assert_int_equal(read_changed(":900", ":0", &receipt), 0);
    assert_int_equal(receipt.minimum_interval_seconds, RECEIPT_MINIMUM_INTERVAL);
    assert_int_equal(read_changed(":900", ":9007199254740992", &receipt), 0);
    assert_int_equal(receipt.minimum_interval_seconds, RECEIPT_MAXIMUM_INTERVAL);
}

TEST(refuses_every_payload_outside_its_form)
{
    static const char *const mutations[][2] = {
        {"\"v\":1", "\"v\":2"},
        {TEST_MACHINE, "somebody"},
        {"\"" A64 "\",\"result\"", "null,\"result\""},
        {"accepted", "run"},
        {"\"reason\":null", "\"reason\":\"malformed\""},
        {"\"accepted\",\"reason\":null", "\"refused\",\"reason\":null"},
        {"\"accepted\",\"reason\":null", "\"refused\",\"reason\":\"none\""},
        {"\"accepted\",\"reason\":null", "\"refused\",\"reason\":\"because\""},
        {"\"accepted\",\"reason\":null", "\"fork\",\"reason\":\"revoked\""},
        {"2026-11-30T00:53:20Z", "now"},
        {"\"abc\"", "null"},
        {"\"abc\"", "\"\""},
        {"\"abc\"", "\"a c\""},
        {"\"state\":\"a", "\"state\":\"A"},
        {"false", "0"},
        {":900", ":-900"},
        {":900", ":900.5"},
        {"\"verdicts\":{", "\"command\":\"reboot\",\"verdicts\":{"},
        {"\"fail\"}", "\"fail\"},\"command\":\"reboot\""},
        {"\"verdicts\":{\"disk_encrypted\":\"pass\",\"firewall_on\":\"fail\"}", "\"verdicts\":[]"},
        {"\"disk_encrypted\":", "\"disk-encrypted\":"},
        {"\"pass\"", "\"good\""},
        {"\"pass\"", "true"},
        {"\"pass\"", "{\"run\":\"x\"}"},
        {"\"disk_encrypted\":", "\"firewall_on\":"},
        {"}}", "}}}"},
        {"}}", "}"},
    };
    struct receipt receipt;

    for (size_t i = 0; i < sizeof(mutations) / sizeof(mutations[0]); i++)
        if (read_changed(mutations[i][0], mutations[i][1], &receipt) != -EBADMSG)
            fail_msg("%s as %s is read", mutations[i][0], mutations[i][1]);
}

TEST(refuses_more_verdicts_than_it_keeps)
{
    AUTO(text_clear) struct text verdicts = {0};
    struct receipt receipt;

    for (unsigned i = 0; i < RECEIPT_VERDICTS_MAX - 2; i++)
        text_add_format(&verdicts, "\"n%u\":\"pass\",", i);
    text_add_string(&verdicts, "\"disk_encrypted\":");
    assert_int_equal(read_changed("\"disk_encrypted\":", verdicts.bytes, &receipt), 0);
    assert_int_equal(receipt.verdict_count, RECEIPT_VERDICTS_MAX);
    text_truncate(&verdicts, verdicts.length - strlen("\"disk_encrypted\":"));
    text_add_string(&verdicts, "\"one_more\":\"pass\",\"disk_encrypted\":");
    assert_int_equal(read_changed("\"disk_encrypted\":", verdicts.bytes, &receipt), -EBADMSG);
}

TEST(refuses_what_is_larger_than_a_receipt)
{
    AUTO(text_clear) struct text file = {0};
    struct receipt receipt = accepted();

    sign_with(key, certificate, authority->intermediate, &receipt, &file);
    while (file.length <= RECEIPT_MAX_SIZE)
        text_add(&file, "AAAA", 4);
    assert_int_equal(read_file(&file), -EBADMSG);
}

TEST(every_name_leads_back_and_every_reason_says_what_it_means)
{
    for (int i = 0; i < VERDICT_STATE_COUNT; i++) {
        enum verdict_state state;

        assert_true(verdict_state_from_name(verdict_state_name((enum verdict_state)i), &state));
        assert_int_equal(state, i);
    }
    for (int i = REFUSAL_NONE; i <= REFUSAL_VERSION; i++) {
        assert_true(strlen(refusal_reason_name((enum refusal_reason)i)) > 0);
        assert_true(strlen(refusal_reason_text((enum refusal_reason)i)) > 10);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(what_was_written_is_read),
        RUN(a_refusal_brings_its_reason_and_a_fork_none),
        RUN(another_authoritys_receipt_is_refused),
        RUN(no_other_certificate_of_the_same_authority_makes_receipts),
        RUN(the_authoritys_own_keys_make_no_receipts),
        RUN(a_receipt_signed_with_another_key_than_its_certificates_is_refused),
        RUN(a_wrong_clock_locks_nobody_out),
        RUN(another_machines_or_snapshots_receipt_is_stale),
        RUN(no_receipt_with_a_changed_byte_is_accepted),
        RUN(no_other_form_of_header_is_read),
        RUN(the_minimum_interval_stays_within_its_bounds),
        RUN(refuses_every_payload_outside_its_form),
        RUN(refuses_more_verdicts_than_it_keeps),
        RUN(refuses_what_is_larger_than_a_receipt),
        RUN(every_name_leads_back_and_every_reason_says_what_it_means),
    };

    return cmocka_run_group_tests(tests, make_server, drop_server);
}
