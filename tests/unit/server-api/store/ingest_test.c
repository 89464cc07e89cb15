#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "tests/support/store_world.h"
#include "tests/support/test.h"

#define COUNT(table) "SELECT count(*) FROM " table

TEST(answers_a_first_snapshot_with_its_state_and_verdicts)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel parcel = {0};
    struct digest state;

    test_agent_check_in(agent, world, &parcel);
    state_digest(&agent->sent, &state);
    assert_int_equal(parcel.receipt.result, RECEIPT_ACCEPTED);
    assert_true(parcel.receipt.has_state);
    assert_memory_equal(parcel.receipt.state.bytes, state.bytes, DIGEST_SIZE);
    assert_false(parcel.receipt.lacks_base);
    assert_int_equal(strlen(parcel.receipt.nonce), 22);
    assert_true(parcel.receipt.verdict_count > 5);
    assert_int_equal(store_world_number(world, COUNT("snapshot")), 1);
    assert_int_equal(store_world_number(world, COUNT("content")), 4);
}

TEST(an_unchanged_machine_adds_no_content)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel first = {0}, second = {0};

    test_agent_check_in(agent, world, &first);
    world->now += 3600;
    test_agent_check_in(agent, world, &second);
    assert_int_equal(second.snapshot.section_count, 0);
    assert_true(second.receipt.has_state);
    assert_int_equal(second.receipt.verdict_count, first.receipt.verdict_count);
    assert_string_not_equal(second.receipt.nonce, first.receipt.nonce);
    assert_int_equal(store_world_number(world, COUNT("content")), 4);
    assert_int_equal(store_world_number(world, COUNT("state")), 1);
    assert_int_equal(store_world_number(world, "SELECT flags FROM chain"), 0);
    assert_int_equal(store_world_number(world, "SELECT seen_at FROM current"), TEST_NOW + 3600);
}

TEST(a_duplicate_gets_the_same_receipt_byte_for_byte)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel parcel = {0};
    AUTO(text_clear) struct text before = {0};
    struct parcel *again = &parcel;

    test_agent_check_in(agent, world, &parcel);
    text_add_string(&before, parcel.record.receipt.bytes);
    world->now += 60;
    assert_int_equal(store_world_ingest(world, &again, 1), 0);
    assert_string_equal(parcel.record.receipt.bytes, before.bytes);
    assert_int_equal(parcel.record.result, RECEIPT_ACCEPTED);
    assert_int_equal(world->signatures, 1);
    assert_int_equal(store_world_number(world, "SELECT arrivals FROM chain"), 1);
}

TEST(twins_in_one_batch_get_one_receipt)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel parcel = {0};
    struct parcel twin, *both[] = {&parcel, &twin};

    test_agent_look(agent, world, &parcel);
    twin = parcel;
    assert_int_equal(store_world_ingest(world, both, 2), 0);
    assert_string_equal(parcel.record.receipt.bytes, twin.record.receipt.bytes);
    assert_int_equal(twin.record.code, 0);
    assert_int_equal(world->signatures, 1);
    text_clear(&twin.record.receipt);
}

/* Sends what a copy of the machine made at the same place of the chain. */
static void send_copy(struct store_world *world, const struct test_agent *copy, int64_t number,
                      struct parcel *parcel)
{
    struct test_agent other = *copy;

    other.number = number;
    test_agent_look(&other, world, parcel);
    assert_int_equal(store_world_ingest(world, &parcel, 1), 0);
    test_agent_take_receipt(&other, world, parcel);
}

TEST(a_fork_is_quarantined_and_told_the_same_again)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel first = {0}, fork = {0};
    AUTO(text_clear) struct text answer = {0};
    struct test_agent copy = *agent;
    struct parcel *again = &fork;

    test_agent_check_in(agent, world, &first);
    send_copy(world, &copy, 99, &fork);
    assert_int_equal(fork.receipt.result, RECEIPT_FORK);
    assert_false(fork.receipt.has_state);
    assert_int_equal(store_world_number(world, COUNT("snapshot")), 1);
    assert_int_equal(store_world_number(world, COUNT("quarantine")), 1);
    assert_int_equal(store_world_number(world, "SELECT flags & 32 FROM chain"), 32);

    text_add_string(&answer, fork.record.receipt.bytes);
    assert_int_equal(store_world_ingest(world, &again, 1), 0);
    assert_string_equal(fork.record.receipt.bytes, answer.bytes);
    assert_int_equal(store_world_number(world, COUNT("quarantine")), 1);
}

TEST(a_machine_that_forks_for_ever_does_not_fill_the_disk)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel first = {0};
    struct test_agent copy = *agent;

    test_agent_check_in(agent, world, &first);
    for (int64_t i = 0; i < 40; i++) {
        AUTO(parcel_clear) struct parcel fork = {0};

        send_copy(world, &copy, 100 + i, &fork);
        assert_int_equal(fork.receipt.result, RECEIPT_FORK);
    }
    assert_int_equal(store_world_number(world, COUNT("quarantine")), 32);
}

TEST(after_a_gap_the_newest_state_counts_and_the_late_one_does_not_replace_it)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel first = {0}, second = {0}, third = {0};
    struct parcel *late = &second;

    test_agent_check_in(agent, world, &first);
    agent->number = 2;
    test_agent_look(agent, world, &second);
    agent->number = 3;
    world->now += 60;
    test_agent_check_in(agent, world, &third);
    assert_int_equal(store_world_number(world, "SELECT flags FROM chain"), 1);

    assert_int_equal(store_world_ingest(world, &late, 1), 0);
    assert_int_equal(second.record.result, RECEIPT_ACCEPTED);
    assert_int_equal(store_world_number(world, COUNT("snapshot")), 3);
    assert_int_equal(store_world_number(world, "SELECT seq FROM chain"), 3);
    assert_int_equal(store_world_number(world, "SELECT flags FROM chain"), 2);
    assert_int_equal(store_world_number(world, "SELECT count(*) FROM current AS c JOIN snapshot AS "
                                               "s ON s.state = c.state WHERE s.seq = 3"),
                     1);
}

TEST(a_new_epoch_is_accepted_and_flagged)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel first = {0}, fresh = {0};

    test_agent_check_in(agent, world, &first);
    agent->head = test_head();
    memset(agent->head.epoch, 'e', EPOCH_SIZE - 1);
    agent->has_acknowledged = false;
    agent->number = 5;
    test_agent_check_in(agent, world, &fresh);
    assert_int_equal(fresh.receipt.result, RECEIPT_ACCEPTED);
    /* Its nonce is gone too. */
    assert_int_equal(store_world_number(world, "SELECT flags & 4 FROM chain"), 4);
    assert_int_equal(store_world_number(world, "SELECT count(*) FROM current AS c JOIN snapshot AS "
                                               "s ON s.state = c.state AND s.epoch LIKE 'e%'"),
                     1);
}

TEST(an_older_acknowledged_state_can_still_be_built_upon)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel first = {0}, second = {0}, third = {0};
    struct state acknowledged;

    test_agent_check_in(agent, world, &first);
    acknowledged = agent->acknowledged;
    agent->number = 2;
    test_agent_check_in(agent, world, &second);
    agent->acknowledged = acknowledged; /* the second receipt was lost */
    agent->number = 3;
    test_agent_check_in(agent, world, &third);
    assert_true(third.receipt.has_state);
    assert_false(third.receipt.lacks_base);
}

TEST(what_builds_on_an_unknown_state_is_kept_and_asks_for_everything)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel first = {0}, second = {0};
    struct digest other = {{1}};

    test_agent_check_in(agent, world, &first);
    assert_int_equal(state_set(&agent->acknowledged, "beta", &other), 0);
    world->now += 3600;
    test_agent_check_in(agent, world, &second);
    assert_int_equal(second.receipt.result, RECEIPT_ACCEPTED);
    assert_true(second.receipt.lacks_base);
    assert_false(second.receipt.has_state);
    assert_int_equal(second.receipt.verdict_count, 0);
    assert_int_equal(store_world_number(world, COUNT("snapshot")), 2);
    assert_int_equal(store_world_number(world, "SELECT seen_at FROM current"), TEST_NOW);
    assert_int_equal(store_world_number(world, "SELECT flags & 64 FROM chain"), 64);
}

static void clear_five(struct parcel (*parcels)[5])
{
    for (size_t i = 0; i < 5; i++)
        parcel_clear(&(*parcels)[i]);
}

static void clear_three(struct parcel (*parcels)[3])
{
    for (size_t i = 0; i < 3; i++)
        parcel_clear(&(*parcels)[i]);
}

static void copy_file(const char *from, const char *to)
{
    const char *name = strrchr(from, '/') + 1;
    AUTO_FREE char *directory = must_copy_text(from, (size_t)(name - from - 1));
    AUTO(text_clear) struct text bytes = {0};
    AUTO_CLOSE int folder = directory_open(directory, NULL);

    assert_true(folder >= 0);
    assert_int_equal(file_read(folder, name, 1U << 24, &bytes, NULL), 0);
    assert_int_equal(file_write(folder, to, 0600, bytes.bytes, bytes.length, NULL), 0);
}

TEST(a_server_put_back_to_an_older_copy_has_the_full_state_within_two_check_ins)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(clear_five) struct parcel parcels[5] = {0};
    AUTO(text_clear) struct text copy = {0};
    struct digest state;

    test_agent_check_in(agent, world, &parcels[0]);
    store_close(world->store);
    world->store = NULL;
    text_add_format(&copy, "%s/copy", world->folder);
    copy_file(world->database, "copy");
    store_world_reopen(world);
    for (int64_t i = 1; i < 3; i++) {
        agent->number = i;
        test_agent_check_in(agent, world, &parcels[i]);
    }
    store_close(world->store);
    world->store = NULL;
    copy_file(copy.bytes, "store.db");
    store_world_reopen(world);

    agent->number = 7;
    test_agent_check_in(agent, world, &parcels[3]);
    assert_int_equal(parcels[3].receipt.result, RECEIPT_ACCEPTED);
    assert_true(parcels[3].receipt.lacks_base);
    test_agent_check_in(agent, world, &parcels[4]);
    assert_true(parcels[4].receipt.has_state);
    state_digest(&agent->sent, &state);
    assert_memory_equal(parcels[4].receipt.state.bytes, state.bytes, DIGEST_SIZE);
    assert_int_equal(store_world_number(world, "SELECT count(*) FROM current AS c JOIN snapshot AS "
                                               "s ON s.state = c.state AND s.seq = 5"),
                     1);
}

TEST(since_stays_while_a_verdict_stays)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(clear_three) struct parcel parcels[3] = {0};
    static const char since[] =
        "SELECT substr(verdicts, instr(verdicts, 'restart_pending\tpass\t\t\t') + 23, 10) FROM "
        "current";
    static const char fails[] =
        "SELECT substr(verdicts, instr(verdicts, 'restart_pending\tfail\t\t/patch_level/"
        "restart_required\t') + 52, 10) FROM current";

    test_agent_check_in(agent, world, &parcels[0]);
    world->now += 100;
    test_agent_check_in(agent, world, &parcels[1]);
    assert_int_equal(store_world_number(world, since), TEST_NOW);
    world->now += 100;
    agent->restart_pending = true;
    test_agent_check_in(agent, world, &parcels[2]);
    assert_int_equal(store_world_number(world, fails), TEST_NOW + 200);
}

TEST(facts_that_waited_are_as_old_as_they_are)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel first = {0}, second = {0};
    struct parcel *waited = &second;

    test_agent_check_in(agent, world, &first);
    world->now += 3600;
    test_agent_look(agent, world, &second);
    world->now += INT64_C(20) * 86400;
    assert_int_equal(store_world_ingest(world, &waited, 1), 0);
    assert_int_equal(store_world_number(world, "SELECT seen_at FROM current"), TEST_NOW + 3600);
    assert_int_equal(store_world_number(world, "SELECT instr(verdicts, '\tpass\t') FROM current"),
                     0);
}

TEST(one_bad_record_does_not_harm_the_others)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel bad = {0}, good = {0};
    struct parcel *both[] = {&bad, &good};

    test_agent_look(agent, world, &good);
    bad.record = good.record;
    memset(bad.record.organisation, 'z', ORGANISATION_ID_SIZE - 1);
    assert_int_equal(store_world_ingest(world, both, 2), 0);
    assert_int_equal(bad.record.code, -ENOENT);
    assert_int_equal(good.record.code, 0);
    assert_int_equal(store_world_number(world, COUNT("snapshot")), 1);
}

TEST(a_snapshot_that_contradicts_itself_is_refused_and_not_stored)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel parcel = {0};
    struct parcel *one = &parcel;

    test_agent_look(agent, world, &parcel);
    parcel.snapshot.head.state.bytes[0] ^= 1;
    assert_int_equal(store_world_ingest(world, &one, 1), 0);
    test_agent_take_receipt(agent, world, &parcel);
    assert_int_equal(parcel.receipt.result, RECEIPT_REFUSED);
    assert_int_equal(parcel.receipt.reason, REFUSAL_MALFORMED);
    assert_int_equal(store_world_number(world, COUNT("snapshot")), 0);
    assert_int_equal(store_world_number(world, COUNT("chain")), 0);
}

TEST(a_machine_that_was_revoked_meanwhile_is_refused)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel parcel = {0};

    assert_int_equal(
        store_revoke_machine(world->store, TEST_ORGANISATION, TEST_MACHINE, world->now, NULL), 0);
    test_agent_check_in(agent, world, &parcel);
    assert_int_equal(parcel.receipt.reason, REFUSAL_REVOKED);
    assert_int_equal(store_world_number(world, COUNT("snapshot")), 0);
}

TEST(without_a_signature_nothing_is_stored)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel parcel = {0};
    struct parcel *one = &parcel;

    test_agent_look(agent, world, &parcel);
    world->signer_fails = true;
    assert_int_equal(store_world_ingest(world, &one, 1), -EIO);
    assert_int_equal(parcel.record.code, -EIO);
    assert_int_equal(parcel.record.receipt.length, 0);
    assert_int_equal(store_world_number(world, COUNT("snapshot")), 0);
    world->signer_fails = false;
    assert_int_equal(store_world_ingest(world, &one, 1), 0);
    assert_int_equal(parcel.record.result, RECEIPT_ACCEPTED);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(answers_a_first_snapshot_with_its_state_and_verdicts),
        RUN(an_unchanged_machine_adds_no_content),
        RUN(a_duplicate_gets_the_same_receipt_byte_for_byte),
        RUN(twins_in_one_batch_get_one_receipt),
        RUN(a_fork_is_quarantined_and_told_the_same_again),
        RUN(a_machine_that_forks_for_ever_does_not_fill_the_disk),
        RUN(after_a_gap_the_newest_state_counts_and_the_late_one_does_not_replace_it),
        RUN(a_new_epoch_is_accepted_and_flagged),
        RUN(an_older_acknowledged_state_can_still_be_built_upon),
        RUN(what_builds_on_an_unknown_state_is_kept_and_asks_for_everything),
        RUN(a_server_put_back_to_an_older_copy_has_the_full_state_within_two_check_ins),
        RUN(since_stays_while_a_verdict_stays),
        RUN(facts_that_waited_are_as_old_as_they_are),
        RUN(one_bad_record_does_not_harm_the_others),
        RUN(a_snapshot_that_contradicts_itself_is_refused_and_not_stored),
        RUN(a_machine_that_was_revoked_meanwhile_is_refused),
        RUN(without_a_signature_nothing_is_stored),
    };

    return RUN_ALL(tests);
}
