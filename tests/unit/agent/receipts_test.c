/* Collect and the receipts step, from the machine to a verified answer, without a network. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/chain.h"
#include "agent/collect.h"
#include "agent/identity.h"
#include "agent/published.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/json.h"
#include "platform/text.h"
#include "tests/support/authority.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

#define IDENTITY "0123456789abcdef"

/* A machine that is enrolled, and the server that it is enrolled at. */
static struct authority *authority;
static struct signing_key *receipt_key;
static struct certificate *receipt_certificate;
static char *folder;
static struct layout layout;

static void enrol(void)
{
    struct enrolment enrolment = {.url = "https://server.example",
                                  .organisation = TEST_ORGANISATION,
                                  .machine = TEST_MACHINE,
                                  .label = "field-07",
                                  .identity = IDENTITY};
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(auto_certificate_free) struct certificate *certificate = NULL;
    AUTO_CLOSE int collect = layout_open(&layout, FOLDER_COLLECT, NULL);

    assert_int_equal(identity_begin(collect, IDENTITY_SIGNING, IDENTITY, &key, NULL), 0);
    certificate = authority_issue(authority, CERTIFICATE_SIGNING, key);
    assert_int_equal(
        identity_save_certificate(collect, IDENTITY_SIGNING, IDENTITY, certificate, NULL), 0);
    assert_int_equal(trust_save(&layout, authority->root, NULL), 0);
    assert_int_equal(enrolment_save(&layout, &enrolment, NULL), 0);
}

static int make_machine(void **state)
{
    (void)state;
    authority = authority_new();
    assert_int_equal(signing_key_generate(&receipt_key, NULL), 0);
    receipt_certificate = authority_issue(authority, CERTIFICATE_RECEIPT, receipt_key);
    folder = fixture_new_folder();
    layout = (struct layout){.state = folder};
    fixture_write(folder, "root/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
    enrol();
    return 0;
}

static int drop_machine(void **state)
{
    (void)state;
    certificate_free(receipt_certificate);
    signing_key_free(receipt_key);
    receipt_key = NULL;
    authority_free(authority);
    fixture_remove(folder);
    return 0;
}

static void collect(void)
{
    struct error err = {0};
    char root[4096];
    bool made = false;

    (void)snprintf(root, sizeof(root), "%s/root", folder);
    if (collect_run(&layout, root, false, &made, &err) < 0)
        fail_msg("%s", err.message);
    assert_true(made);
}

static void take_receipts(void)
{
    struct error err = {0};

    if (collect_receipts(&layout, &err) < 0)
        fail_msg("%s", err.message);
}

static struct outbox list_outbox(void)
{
    AUTO_CLOSE int fd = layout_open(&layout, FOLDER_OUTBOX, NULL);
    struct outbox outbox = {0};

    assert_int_equal(outbox_list(fd, &outbox, NULL), 0);
    return outbox;
}

static void load_chain(struct chain *chain)
{
    AUTO_CLOSE int fd = layout_open(&layout, FOLDER_COLLECT, NULL);
    const char *restarted = NULL;

    assert_int_equal(chain_load(fd, TEST_MACHINE, chain, &restarted, NULL), 0);
    assert_null(restarted);
}

/* The one snapshot that waits, read as a server does. */
static void read_waiting(char ret_name[OUTBOX_NAME_SIZE], struct digest *ret_hash,
                         struct snapshot *ret_snapshot)
{
    AUTO_CLOSE int outbox_fd = layout_open(&layout, FOLDER_OUTBOX, NULL);
    AUTO_CLOSE int collect_fd = layout_open(&layout, FOLDER_COLLECT, NULL);
    AUTO(identity_clear) struct identity identity = {0};
    AUTO(outbox_clear) struct outbox outbox = list_outbox();
    AUTO(text_clear) struct text bytes = {0};
    struct error err = {0};

    assert_int_equal(outbox.count, 1);
    memcpy(ret_name, outbox.files[0].name, OUTBOX_NAME_SIZE);
    assert_int_equal(file_read(outbox_fd, ret_name, SNAPSHOT_MAX_SIZE, &bytes, NULL), 0);
    digest_of(bytes.bytes, bytes.length, ret_hash);
    assert_int_equal(identity_load(collect_fd, IDENTITY_SIGNING, IDENTITY, &identity, NULL), 0);
    if (snapshot_read(bytes.bytes, bytes.length, TEST_MACHINE, identity.certificate, ret_snapshot,
                      &err) < 0)
        fail_msg("%s", err.message);
}

static void write_receipt(const char *name, const struct receipt *receipt,
                          const struct signing_key *key, const struct certificate *certificate)
{
    AUTO(text_clear) struct text header = {0}, payload = {0}, compact = {0};
    AUTO_CLOSE int fd = layout_open(&layout, FOLDER_RECEIPTS, NULL);

    receipt_write_header(certificate, authority->intermediate, &header);
    receipt_write_payload(receipt, &payload);
    assert_int_equal(
        jws_sign(key, text_string(&header), payload.bytes, payload.length, &compact, NULL), 0);
    assert_int_equal(file_write(fd, name, 0640, compact.bytes, compact.length, NULL), 0);
}

static struct receipt receipt_for(const struct digest *hash, const struct snapshot *snapshot)
{
    return (struct receipt){
        .machine = TEST_MACHINE,
        .snapshot = *hash,
        .result = RECEIPT_ACCEPTED,
        .received_at = clock_now(),
        .nonce = "nonce-1",
        .has_state = true,
        .state = snapshot->head.state,
        .minimum_interval_seconds = 3600,
    };
}

/* Makes a snapshot, lets change() vary its receipt, and takes that in. */
static void exchange(void (*change)(struct receipt *receipt))
{
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    char name[OUTBOX_NAME_SIZE];
    struct receipt receipt;
    struct digest hash;

    collect();
    read_waiting(name, &hash, &snapshot);
    receipt = receipt_for(&hash, &snapshot);
    if (change != NULL)
        change(&receipt);
    write_receipt(name, &receipt, receipt_key, receipt_certificate);
    take_receipts();
}

static size_t waiting_count(void)
{
    AUTO(outbox_clear) struct outbox outbox = list_outbox();

    return outbox.count;
}

TEST(the_first_snapshot_is_full_and_begins_an_epoch)
{
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    char name[OUTBOX_NAME_SIZE];
    struct digest hash;

    collect();
    read_waiting(name, &hash, &snapshot);
    assert_int_equal(snapshot.head.seq, 1);
    assert_false(snapshot.head.has_prev);
    assert_false(snapshot.head.has_base);
    assert_true(snapshot.section_count > 0);
    assert_string_equal(snapshot.head.nonce, "");
}

TEST(a_receipt_clears_the_outbox_and_the_next_carries_no_sections)
{
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    AUTO(chain_clear) struct chain chain = {0};
    char name[OUTBOX_NAME_SIZE];
    struct digest hash;

    exchange(NULL);
    assert_int_equal(waiting_count(), 0);
    load_chain(&chain);
    assert_string_equal(chain.nonce, "nonce-1");
    assert_int_equal(chain.minimum_interval_seconds, 3600);

    collect();
    read_waiting(name, &hash, &snapshot);
    assert_int_equal(snapshot.head.seq, 2);
    assert_true(snapshot.head.has_prev);
    assert_memory_equal(&snapshot.head.prev, &chain.prev, sizeof(chain.prev));
    assert_true(snapshot.head.has_base);
    assert_int_equal(snapshot.section_count, 0);
    assert_int_equal(snapshot.removed_count, 0);
    assert_string_equal(snapshot.head.nonce, "nonce-1");
}

TEST(what_was_sent_stays_readable_byte_for_byte)
{
    AUTO(text_clear) struct text last = {0};
    struct delivery delivery;
    struct digest hash, kept;
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    char name[OUTBOX_NAME_SIZE];
    struct receipt receipt;

    collect();
    read_waiting(name, &hash, &snapshot);
    receipt = receipt_for(&hash, &snapshot);
    write_receipt(name, &receipt, receipt_key, receipt_certificate);
    take_receipts();
    published_read_delivery(&layout, &delivery);
    assert_string_equal(delivery.received, name);
    assert_int_equal(delivery.waiting, 0);
    assert_int_equal(published_read_last(&layout, &delivery, &last, NULL), 0);
    digest_of(last.bytes, last.length, &kept);
    assert_memory_equal(&kept, &hash, sizeof(hash));
}

TEST(nothing_is_made_before_the_server_wants_the_next)
{
    struct error err = {0};
    bool made = true;

    exchange(NULL);
    assert_int_equal(collect_run(&layout, folder, true, &made, &err), 0);
    assert_false(made);
    assert_int_equal(waiting_count(), 0);
}

/* Everything that must not count, each with the chain and the outbox as they were. */
static void assert_ignored(const struct receipt *receipt, const char *name,
                           const struct signing_key *key, const struct certificate *certificate)
{
    AUTO(chain_clear) struct chain chain = {0};

    write_receipt(name, receipt, key, certificate);
    take_receipts();
    assert_int_equal(waiting_count(), 1);
    load_chain(&chain);
    assert_string_equal(chain.nonce, "");
    assert_int_equal(chain.refused, 0);
    assert_false(chain.has_acknowledged);
    assert_int_equal(chain.seq, 1);
}

TEST(a_receipt_by_anybody_else_changes_nothing)
{
    AUTO(auto_authority_free) struct authority *other = authority_new();
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(auto_certificate_free) struct certificate *foreign = NULL, *wrong_purpose = NULL;
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    char name[OUTBOX_NAME_SIZE];
    struct receipt receipt, refusal;
    struct digest hash;

    collect();
    read_waiting(name, &hash, &snapshot);
    receipt = receipt_for(&hash, &snapshot);
    refusal = receipt;
    refusal.result = RECEIPT_REFUSED;
    refusal.reason = REFUSAL_REVOKED;
    assert_int_equal(signing_key_generate(&key, NULL), 0);
    foreign = authority_issue(other, CERTIFICATE_RECEIPT, key);
    wrong_purpose = authority_issue(authority, CERTIFICATE_SIGNING, key);

    assert_ignored(&receipt, name, key, foreign);
    assert_ignored(&refusal, name, key, foreign);
    assert_ignored(&receipt, name, key, wrong_purpose);
    assert_ignored(&refusal, name, key, wrong_purpose);
    assert_ignored(&receipt, name, key, receipt_certificate); /* another key than it names */
}

TEST(a_receipt_for_something_else_changes_nothing)
{
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    char name[OUTBOX_NAME_SIZE];
    struct receipt receipt;
    struct digest hash;

    collect();
    read_waiting(name, &hash, &snapshot);
    receipt = receipt_for(&hash, &snapshot);
    (void)snprintf(receipt.machine, sizeof(receipt.machine), "%s", TEST_OTHER_MACHINE);
    assert_ignored(&receipt, name, receipt_key, receipt_certificate);
    receipt = receipt_for(&hash, &snapshot);
    receipt.snapshot.bytes[0] ^= 1;
    assert_ignored(&receipt, name, receipt_key, receipt_certificate);
}

TEST(what_is_no_receipt_changes_nothing)
{
    static const char *const contents[] = {"", "a.b.c", "<html>", "..",
                                           "{\"result\":\"accepted\"}"};
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    char name[OUTBOX_NAME_SIZE], path[OUTBOX_NAME_SIZE + 16];
    struct digest hash;

    collect();
    read_waiting(name, &hash, &snapshot);
    (void)snprintf(path, sizeof(path), "receipts/%s", name);
    for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
        fixture_write(folder, path, contents[i]);
        take_receipts();
        assert_int_equal(waiting_count(), 1);
    }
}

static void refuse(struct receipt *receipt)
{
    receipt->result = RECEIPT_REFUSED;
    receipt->reason = REFUSAL_MALFORMED;
    receipt->has_state = false;
}

TEST(a_refusal_is_kept_as_refused_and_reported_in_the_next)
{
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    AUTO(text_clear) struct text bytes = {0};
    struct delivery delivery;
    char name[OUTBOX_NAME_SIZE];
    struct digest hash;

    exchange(refuse);
    assert_int_equal(waiting_count(), 0);
    published_read_delivery(&layout, &delivery);
    assert_int_equal(delivery.refused, 1);
    assert_int_equal(delivery.refusal, REFUSAL_MALFORMED);
    assert_int_equal(published_read_last(&layout, &delivery, &bytes, NULL), 0);

    collect();
    read_waiting(name, &hash, &snapshot);
    assert_int_equal(snapshot.head.refused, 1);
    assert_int_equal(snapshot.head.seq, 2);
}

static void fork_chain(struct receipt *receipt)
{
    receipt->result = RECEIPT_FORK;
    receipt->has_state = false;
}

TEST(a_fork_begins_a_new_epoch_with_a_full_snapshot)
{
    AUTO(chain_clear) struct chain before = {0};
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    char name[OUTBOX_NAME_SIZE];
    struct digest hash;

    exchange(NULL);
    load_chain(&before);
    exchange(fork_chain);
    collect();
    read_waiting(name, &hash, &snapshot);
    assert_string_not_equal(snapshot.head.epoch, before.epoch);
    assert_int_equal(snapshot.head.seq, 1);
    assert_false(snapshot.head.has_base);
}

static void lack_base(struct receipt *receipt)
{
    receipt->lacks_base = true;
    receipt->has_state = false;
}

TEST(a_server_that_lacks_the_base_gets_a_full_snapshot_next)
{
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    char name[OUTBOX_NAME_SIZE];
    struct digest hash;

    exchange(NULL);
    exchange(lack_base);
    collect();
    read_waiting(name, &hash, &snapshot);
    assert_false(snapshot.head.has_base);
    assert_true(snapshot.section_count > 0);
    assert_int_equal(snapshot.head.seq, 3);
}

TEST(a_receipt_read_again_after_a_crash_counts_once)
{
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    AUTO(text_clear) struct text bytes = {0};
    AUTO(chain_clear) struct chain chain = {0};
    AUTO_CLOSE int outbox = layout_open(&layout, FOLDER_OUTBOX, NULL);
    char name[OUTBOX_NAME_SIZE];
    struct receipt receipt;
    struct digest hash;

    collect();
    read_waiting(name, &hash, &snapshot);
    receipt = receipt_for(&hash, &snapshot);
    refuse(&receipt);
    write_receipt(name, &receipt, receipt_key, receipt_certificate);
    assert_int_equal(file_read(outbox, name, SNAPSHOT_MAX_SIZE, &bytes, NULL), 0);
    take_receipts();
    /* The file that the crash did not remove any more. */
    assert_int_equal(file_write(outbox, name, 0640, bytes.bytes, bytes.length, NULL), 0);
    take_receipts();
    load_chain(&chain);
    assert_int_equal(chain.refused, 1);
    assert_int_equal(waiting_count(), 0);
}

TEST(lost_state_begins_a_new_epoch_and_still_clears_what_waits)
{
    AUTO(snapshot_clear) struct snapshot first = {0}, second = {0};
    AUTO_CLOSE int collect_fd = layout_open(&layout, FOLDER_COLLECT, NULL);
    char name[OUTBOX_NAME_SIZE];
    struct receipt receipt;
    struct digest hash;

    collect();
    read_waiting(name, &hash, &first);
    assert_int_equal(file_remove(collect_fd, "state.json", NULL), 0);
    receipt = receipt_for(&hash, &first);
    write_receipt(name, &receipt, receipt_key, receipt_certificate);
    take_receipts();
    assert_int_equal(waiting_count(), 0);
    collect();
    read_waiting(name, &hash, &second);
    assert_string_not_equal(second.head.epoch, first.head.epoch);
    assert_int_equal(second.head.seq, 1);
    assert_false(second.head.has_base);
}

TEST(a_disabled_collector_knows_nothing_and_says_why)
{
    AUTO(auto_json_free) struct json *facts = NULL;

    fixture_write(folder, "etc/dijkwacht.conf", "disable = os_release\n");
    collect();
    assert_int_equal(published_read_facts(&layout, &facts, NULL), 0);
    assert_string_equal(json_text(json_at(facts, "/sections/os_release/unknown/id")),
                        "disabled_by_policy");
    assert_true(json_is(json_at(facts, "/sections/os_release/facts/id"), JSON_NULL));
}

TEST(a_collector_that_does_not_exist_cannot_be_disabled)
{
    struct error err = {0};
    bool made = false;

    fixture_write(folder, "etc/dijkwacht.conf", "disable = firewal\n");
    assert_int_equal(collect_run(&layout, folder, false, &made, &err), -EINVAL);
    assert_non_null(strstr(err.message, "there is no collector \"firewal\""));
}

static void read_last(struct snapshot *ret_snapshot)
{
    AUTO(text_clear) struct text bytes = {0}, payload = {0};
    struct delivery delivery;

    published_read_delivery(&layout, &delivery);
    assert_int_equal(published_read_last(&layout, &delivery, &bytes, NULL), 0);
    assert_int_equal(snapshot_decode(bytes.bytes, bytes.length, &payload, NULL), 0);
    assert_int_equal(snapshot_read_payload(payload.bytes, payload.length, ret_snapshot, NULL), 0);
}

TEST(a_full_outbox_makes_room_with_a_full_snapshot)
{
    AUTO(snapshot_clear) struct snapshot before = {0}, last = {0};
    AUTO(outbox_clear) struct outbox outbox = {0};

    exchange(NULL);
    for (size_t i = 0; i < OUTBOX_MAX_FILES; i++)
        collect();
    read_last(&before);
    assert_true(before.head.has_base);
    collect();
    read_last(&last);
    assert_false(last.head.has_base);
    outbox = list_outbox();
    assert_int_equal(outbox.count, OUTBOX_MAX_FILES);
    assert_non_null(strstr(outbox.files[0].name, "-0000000003.jws"));
}

#define ENROLLED(name) cmocka_unit_test_setup_teardown(name, make_machine, drop_machine)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ENROLLED(the_first_snapshot_is_full_and_begins_an_epoch),
        ENROLLED(a_receipt_clears_the_outbox_and_the_next_carries_no_sections),
        ENROLLED(what_was_sent_stays_readable_byte_for_byte),
        ENROLLED(nothing_is_made_before_the_server_wants_the_next),
        ENROLLED(a_receipt_by_anybody_else_changes_nothing),
        ENROLLED(a_receipt_for_something_else_changes_nothing),
        ENROLLED(what_is_no_receipt_changes_nothing),
        ENROLLED(a_refusal_is_kept_as_refused_and_reported_in_the_next),
        ENROLLED(a_fork_begins_a_new_epoch_with_a_full_snapshot),
        ENROLLED(a_server_that_lacks_the_base_gets_a_full_snapshot_next),
        ENROLLED(a_receipt_read_again_after_a_crash_counts_once),
        ENROLLED(lost_state_begins_a_new_epoch_and_still_clears_what_waits),
        ENROLLED(a_disabled_collector_knows_nothing_and_says_why),
        ENROLLED(a_collector_that_does_not_exist_cannot_be_disabled),
        ENROLLED(a_full_outbox_makes_room_with_a_full_snapshot),
    };

    return RUN_ALL(tests);
}
