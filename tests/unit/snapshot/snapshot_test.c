#include "snapshot/snapshot.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/memory.h"
#include "platform/zstd_frame.h"
#include "tests/support/snapshots.h"
#include "tests/support/test.h"

static struct authority *authority;
static struct signing_key *key;
static struct certificate *certificate;
static struct test_machine machine;

static int make_machine(void **state)
{
    (void)state;
    authority = authority_new();
    assert_int_equal(signing_key_generate(&key, NULL), 0);
    certificate = authority_issue(authority, CERTIFICATE_SIGNING, key);
    machine = (struct test_machine){.key = key, .certificate = certificate};
    return 0;
}

static int drop_machine(void **state)
{
    (void)state;
    certificate_free(certificate);
    signing_key_free(key);
    authority_free(authority);
    return 0;
}

static int read_as(const struct text *file, const char *name, const struct certificate *with,
                   struct snapshot *ret_snapshot)
{
    struct error err = {0};
    int r = snapshot_read(file->bytes, file->length, name, with, ret_snapshot, &err);

    if (r < 0)
        assert_string_not_equal(err.message, "");
    return r;
}

static int read_file(const struct text *file, struct snapshot *ret_snapshot)
{
    return read_as(file, TEST_MACHINE, certificate, ret_snapshot);
}

static int read_and_drop(const struct text *file)
{
    AUTO(snapshot_clear) struct snapshot snapshot = {0};

    return read_file(file, &snapshot);
}

/* A full snapshot of "disk" 1 and "firewall" 2. */
static struct state write_full(struct text *out)
{
    AUTO(auto_section_free) struct section *disk = test_section("disk", 1);
    AUTO(auto_section_free) struct section *firewall = test_section("firewall", 2);
    struct snapshot_head head = test_head();

    return test_snapshot(&machine, &head, NULL, (struct section *[]){disk, firewall}, 2, out);
}

TEST(what_was_written_is_read)
{
    AUTO(text_clear) struct text file = {0};
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    struct state state = write_full(&file);
    struct digest digest;

    assert_int_equal(read_file(&file, &snapshot), 0);
    assert_string_equal(snapshot.head.organisation, TEST_ORGANISATION);
    assert_string_equal(snapshot.head.machine, TEST_MACHINE);
    assert_string_equal(snapshot.head.agent, "0.1.0");
    assert_string_equal(snapshot.head.epoch, TEST_EPOCH);
    assert_string_equal(snapshot.head.boot, TEST_BOOT);
    assert_string_equal(snapshot.head.nonce, "");
    assert_int_equal(snapshot.head.seq, 1);
    assert_false(snapshot.head.has_prev);
    assert_false(snapshot.head.has_base);
    assert_int_equal(snapshot.head.wall_time, TEST_NOW);
    assert_int_equal(snapshot.head.boot_time_seconds, 4242);
    assert_int_equal(snapshot.head.clock, CLOCK_SYNCED);
    state_digest(&state, &digest);
    assert_memory_equal(snapshot.head.state.bytes, digest.bytes, DIGEST_SIZE);

    assert_int_equal(snapshot.section_count, 2);
    assert_string_equal(snapshot.sections[1].name, "firewall");
    assert_int_equal(snapshot.sections[1].schema, 1);
    assert_int_equal(snapshot.sections[1].collected_at, TEST_NOW);
    assert_int_equal(snapshot.sections[1].duration_us, 1500);
    assert_int_equal(snapshot.sections[1].cpu_us, 900);
    assert_memory_equal(snapshot.sections[1].facts, "{\"number\":2,\"missing\":null}",
                        snapshot.sections[1].facts_length);
    assert_memory_equal(snapshot.sections[1].unknown, "{\"missing\":\"not_present\"}",
                        snapshot.sections[1].unknown_length);
    assert_memory_equal(snapshot.sections[1].digest.bytes,
                        state_find(&state, "firewall")->digest.bytes, DIGEST_SIZE);
}

TEST(the_chain_and_the_nonce_come_through)
{
    AUTO(auto_section_free) struct section *disk = test_section("disk", 1);
    AUTO(text_clear) struct text file = {0};
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    struct snapshot_head head = test_head();

    head.seq = 7;
    head.has_prev = true;
    head.prev.bytes[0] = 0xab;
    head.refused = 3;
    head.clock = CLOCK_UNKNOWN;
    memcpy(head.nonce, "Ab-_9", 6);
    (void)test_snapshot(&machine, &head, NULL, &disk, 1, &file);
    assert_int_equal(read_file(&file, &snapshot), 0);
    assert_int_equal(snapshot.head.seq, 7);
    assert_true(snapshot.head.has_prev);
    assert_int_equal(snapshot.head.prev.bytes[0], 0xab);
    assert_int_equal(snapshot.head.refused, 3);
    assert_int_equal(snapshot.head.clock, CLOCK_UNKNOWN);
    assert_string_equal(snapshot.head.nonce, "Ab-_9");
}

TEST(an_unchanged_machine_sends_no_sections_and_keeps_its_state)
{
    AUTO(auto_section_free) struct section *disk = test_section("disk", 1);
    AUTO(auto_section_free) struct section *firewall = test_section("firewall", 2);
    AUTO(text_clear) struct text first = {0}, second = {0};
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    struct state before = write_full(&first), after, applied;
    struct snapshot_head head = test_head();

    head.wall_time += 3600;
    after =
        test_snapshot(&machine, &head, &before, (struct section *[]){firewall, disk}, 2, &second);
    assert_int_equal(read_file(&second, &snapshot), 0);
    assert_int_equal(snapshot.section_count, 0);
    assert_int_equal(snapshot.removed_count, 0);
    assert_true(snapshot.head.has_base);
    assert_memory_equal(snapshot.head.base.bytes, snapshot.head.state.bytes, DIGEST_SIZE);
    assert_int_equal(after.count, before.count);
    assert_int_equal(snapshot_apply(&snapshot, &before, &applied, NULL), 0);
    assert_int_equal(applied.count, 2);
}

TEST(only_what_changed_is_sent_and_what_is_gone_is_named)
{
    AUTO(auto_section_free) struct section *disk = test_section("disk", 5);
    AUTO(auto_section_free) struct section *updates = test_section("updates", 6);
    AUTO(text_clear) struct text first = {0}, second = {0};
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    struct state before = write_full(&first), after, applied;
    struct snapshot_head head = test_head();

    after =
        test_snapshot(&machine, &head, &before, (struct section *[]){disk, updates}, 2, &second);
    assert_int_equal(read_file(&second, &snapshot), 0);
    assert_int_equal(snapshot.section_count, 2);
    assert_int_equal(snapshot.removed_count, 1);
    assert_string_equal(snapshot.removed[0], "firewall");
    assert_int_equal(snapshot_apply(&snapshot, &before, &applied, NULL), 0);
    assert_int_equal(applied.count, after.count);
    assert_null(state_find(&applied, "firewall"));
    assert_memory_equal(state_find(&applied, "disk")->digest.bytes,
                        state_find(&after, "disk")->digest.bytes, DIGEST_SIZE);
}

TEST(a_snapshot_applies_only_to_the_state_it_builds_on)
{
    AUTO(auto_section_free) struct section *disk = test_section("disk", 5);
    AUTO(text_clear) struct text first = {0}, second = {0};
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    struct state before = write_full(&first), other, applied = {.count = 9};
    struct snapshot_head head = test_head();

    other = before;
    other.entries[0].digest.bytes[0] ^= 1;
    (void)test_snapshot(&machine, &head, &before, &disk, 1, &second);
    assert_int_equal(read_file(&second, &snapshot), 0);
    assert_int_equal(snapshot_apply(&snapshot, &other, &applied, NULL), -ESTALE);
    assert_int_equal(applied.count, 9);
}

TEST(a_snapshot_that_does_not_give_the_state_it_promises_is_refused)
{
    AUTO(text_clear) struct text file = {0};
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    struct state applied;

    (void)write_full(&file);
    assert_int_equal(read_file(&file, &snapshot), 0);
    assert_int_equal(snapshot_apply(&snapshot, NULL, &applied, NULL), 0);
    snapshot.head.state.bytes[31] ^= 1;
    assert_int_equal(snapshot_apply(&snapshot, NULL, &applied, NULL), -EBADMSG);
}

TEST(removing_what_was_not_there_is_refused)
{
    AUTO(auto_section_free) struct section *disk = test_section("disk", 1);
    AUTO(text_clear) struct text file = {0};
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    struct state before = write_full(&file), applied;
    struct snapshot_head head = test_head();
    struct error err = {0};

    text_truncate(&file, 0);
    (void)test_snapshot(&machine, &head, &before, &disk, 1, &file);
    assert_int_equal(read_file(&file, &snapshot), 0);
    assert_true(state_remove(&before, "firewall"));
    state_digest(&before, &snapshot.head.base);
    assert_int_equal(snapshot_apply(&snapshot, &before, &applied, &err), -EBADMSG);
    assert_non_null(strstr(err.message, "firewall"));
}

TEST(no_snapshot_with_a_changed_byte_is_accepted)
{
    AUTO(auto_section_free) struct section *disk = test_section("disk", 1);
    AUTO(text_clear) struct text file = {0};
    struct snapshot_head head = test_head();

    (void)test_snapshot(&machine, &head, NULL, &disk, 1, &file);
    for (size_t at = 0; at < file.length; at++)
        for (int bit = 0; bit < 8; bit++) {
            file.bytes[at] = (char)(file.bytes[at] ^ 1 << bit);
            if (read_and_drop(&file) == 0)
                fail_msg("bit %d of byte %zu does not count", bit, at);
            file.bytes[at] = (char)(file.bytes[at] ^ 1 << bit);
        }
    assert_int_equal(read_and_drop(&file), 0);
}

/* A file signed by the machine with this header; %s are the machine and the digest. */
static int read_with_header(const char *header)
{
    AUTO(text_clear) struct text file = {0}, frame = {0};

    zstd_encode("{}", 2, &frame);
    assert_int_equal(jws_sign(key, header, frame.bytes, frame.length, &file, NULL), 0);
    return read_and_drop(&file);
}

#define HEADER_START "{\"alg\":\"ES256\",\"typ\":\"dijkwacht-snapshot+jws\","
#define HEADER_CTY   "\"cty\":\"application/zstd\","
#define HEADER_KID   "\"kid\":\"" TEST_MACHINE "\","

TEST(no_other_header_than_the_one_is_read)
{
    struct digest digest;
    AUTO(text_clear) struct text thumbprint = {0};
    static const char *const forms[] = {
        "{\"alg\":\"none\",\"typ\":\"dijkwacht-snapshot+jws\"," HEADER_CTY HEADER_KID "%s}",
        "{\"alg\":\"HS256\",\"typ\":\"dijkwacht-snapshot+jws\"," HEADER_CTY HEADER_KID "%s}",
        "{\"alg\":\"ES256\",\"typ\":\"dijkwacht-receipt+jws\"," HEADER_CTY HEADER_KID "%s}",
        HEADER_START HEADER_CTY "\"kid\":\"" TEST_OTHER_MACHINE "\",%s}",
        HEADER_START HEADER_CTY HEADER_KID "%s,\"crit\":[]}",
        HEADER_START HEADER_CTY HEADER_KID "%s,\"jwk\":{\"kty\":\"EC\"}}",
        HEADER_START HEADER_CTY HEADER_KID "%s,\"jku\":\"https://elsewhere.example/\"}",
        HEADER_START HEADER_CTY HEADER_KID "%s,\"b64\":false}",
        HEADER_START HEADER_CTY HEADER_KID "%s }",
        HEADER_START HEADER_KID HEADER_CTY "%s}",
        HEADER_START HEADER_KID "%s}",
        HEADER_START HEADER_CTY HEADER_KID "\"x5t#S256\":\"\"}",
        "{}",
    };

    certificate_digest(certificate, &digest);
    text_add_string(&thumbprint, "\"x5t#S256\":\"");
    base64url_encode(digest.bytes, DIGEST_SIZE, &thumbprint);
    text_add_string(&thumbprint, "\"");
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        AUTO(text_clear) struct text header = {0};
        const char *mark = strstr(forms[i], "%s");

        text_add(&header, forms[i], mark == NULL ? strlen(forms[i]) : (size_t)(mark - forms[i]));
        if (mark != NULL) {
            text_add(&header, thumbprint.bytes, thumbprint.length);
            text_add_string(&header, mark + 2);
        }
        if (read_with_header(header.bytes) != -EKEYREJECTED)
            fail_msg("header %zu is read", i);
    }
}

TEST(another_signer_or_machine_or_certificate_is_refused)
{
    AUTO(text_clear) struct text file = {0};
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    AUTO(auto_signing_key_free) struct signing_key *other_key = NULL;
    AUTO(auto_certificate_free) struct certificate *renewed = NULL, *tls = NULL, *others = NULL;

    assert_int_equal(signing_key_generate(&other_key, NULL), 0);
    renewed = authority_issue(authority, CERTIFICATE_SIGNING, key);
    tls = authority_issue(authority, CERTIFICATE_TLS_CLIENT, key);
    others = authority_issue(authority, CERTIFICATE_SIGNING, other_key);
    (void)write_full(&file);
    assert_int_equal(read_as(&file, TEST_OTHER_MACHINE, certificate, &snapshot), -EKEYREJECTED);
    assert_int_equal(read_as(&file, TEST_MACHINE, renewed, &snapshot), -EKEYREJECTED);
    assert_int_equal(read_as(&file, TEST_MACHINE, tls, &snapshot), -EKEYREJECTED);
    assert_int_equal(read_as(&file, TEST_MACHINE, others, &snapshot), -EKEYREJECTED);
    assert_null(snapshot.payload);
}

static int sign_as(const struct signing_key *with, const struct certificate *as,
                   const char *machine_id, struct text *out)
{
    AUTO(text_clear) struct text der = {0};

    certificate_to_der(as, &der);
    return snapshot_sign(with, &der, machine_id, "{}", 2, out, NULL);
}

TEST(signs_only_with_the_certificate_of_this_key_and_machine)
{
    AUTO(text_clear) struct text file = {0};
    AUTO(auto_certificate_free)
    struct certificate *tls = authority_issue(authority, CERTIFICATE_TLS_CLIENT, key);

    assert_int_equal(sign_as(key, tls, TEST_MACHINE, &file), -EKEYREJECTED);
    assert_int_equal(sign_as(key, certificate, TEST_OTHER_MACHINE, &file), -EKEYREJECTED);
    assert_int_equal(sign_as(authority->root_key, certificate, TEST_MACHINE, &file), -EKEYREJECTED);
    assert_int_equal(file.length, 0);
}

TEST(a_payload_of_another_machine_is_refused)
{
    AUTO(auto_section_free) struct section *disk = test_section("disk", 1);
    AUTO(auto_snapshot_writer_free) struct snapshot_writer *writer = NULL;
    AUTO(text_clear) struct text payload = {0}, file = {0}, der = {0};
    struct snapshot_head head = test_head();
    struct state state;

    certificate_to_der(certificate, &der);
    memcpy(head.machine, TEST_OTHER_MACHINE, sizeof(head.machine));
    writer = snapshot_writer_new(&head);
    snapshot_writer_add(writer, disk, TEST_NOW, 1, 1);
    snapshot_writer_payload(writer, NULL, &payload, &state);
    assert_int_equal(
        snapshot_sign(key, &der, TEST_MACHINE, payload.bytes, payload.length, &file, NULL), 0);
    assert_int_equal(read_and_drop(&file), -EBADMSG);
}

/* A file with the right header and signature around any payload. */
static void sign_raw(const void *payload, size_t length, struct text *out)
{
    AUTO(text_clear) struct text file = {0};
    AUTO(jws_clear) struct jws jws = {0};

    (void)write_full(&file);
    assert_int_equal(jws_split(file.bytes, file.length, &jws, NULL), 0);
    assert_int_equal(jws_sign(key, jws.header, payload, length, out, NULL), 0);
}

TEST(what_is_signed_but_no_frame_is_refused)
{
    AUTO(text_clear) struct text file = {0};

    sign_raw("{}", 2, &file);
    assert_int_equal(read_and_drop(&file), -EBADMSG);
}

TEST(a_payload_above_the_limit_is_neither_signed_nor_read)
{
    AUTO_FREE char *large = must_allocate(SNAPSHOT_MAX_DECODED + 1, 1);
    AUTO(text_clear) struct text frame = {0}, file = {0}, der = {0};

    certificate_to_der(certificate, &der);
    assert_int_equal(
        snapshot_sign(key, &der, TEST_MACHINE, large, SNAPSHOT_MAX_DECODED + 1, &file, NULL),
        -EFBIG);
    zstd_encode(large, SNAPSHOT_MAX_DECODED + 1, &frame);
    sign_raw(frame.bytes, frame.length, &file);
    assert_int_equal(read_and_drop(&file), -EFBIG);
}

TEST(the_machines_user_sees_the_payload_without_a_certificate)
{
    AUTO(text_clear) struct text file = {0}, payload = {0};

    (void)write_full(&file);
    assert_int_equal(snapshot_decode(file.bytes, file.length, &payload, NULL), 0);
    assert_memory_equal(payload.bytes, "{\"v\":1,\"machine\":\"" TEST_MACHINE, 54);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(what_was_written_is_read),
        RUN(the_chain_and_the_nonce_come_through),
        RUN(an_unchanged_machine_sends_no_sections_and_keeps_its_state),
        RUN(only_what_changed_is_sent_and_what_is_gone_is_named),
        RUN(a_snapshot_applies_only_to_the_state_it_builds_on),
        RUN(a_snapshot_that_does_not_give_the_state_it_promises_is_refused),
        RUN(removing_what_was_not_there_is_refused),
        RUN(no_snapshot_with_a_changed_byte_is_accepted),
        RUN(no_other_header_than_the_one_is_read),
        RUN(another_signer_or_machine_or_certificate_is_refused),
        RUN(signs_only_with_the_certificate_of_this_key_and_machine),
        RUN(a_payload_of_another_machine_is_refused),
        RUN(what_is_signed_but_no_frame_is_refused),
        RUN(a_payload_above_the_limit_is_neither_signed_nor_read),
        RUN(the_machines_user_sees_the_payload_without_a_certificate),
    };

    return cmocka_run_group_tests(tests, make_machine, drop_machine);
}
