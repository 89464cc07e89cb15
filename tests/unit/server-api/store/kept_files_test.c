#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "server-api/store/database.h"
#include "tests/support/store_world.h"
#include "tests/support/test.h"

#define CHECK_INS 3

struct expected {
    struct parcel parcels[CHECK_INS];
    size_t count;
};

static void clear_expected(struct expected *expected)
{
    for (size_t i = 0; i < CHECK_INS; i++)
        parcel_clear(&expected->parcels[i]);
}

static int assert_same(void *context, const struct kept_snapshot *kept, struct error *err)
{
    struct expected *expected = context;
    const struct parcel *parcel = &expected->parcels[expected->count++];

    (void)err;
    assert_string_equal(kept->epoch, parcel->snapshot.head.epoch);
    assert_true(kept->seq == parcel->snapshot.head.seq);
    assert_int_equal(kept->bytes.length, parcel->record.length);
    assert_memory_equal(kept->bytes.bytes, parcel->record.bytes, kept->bytes.length);
    assert_int_equal(kept->receipt.length, parcel->record.receipt.length);
    assert_memory_equal(kept->receipt.bytes, parcel->record.receipt.bytes, kept->receipt.length);
    return 0;
}

static int walk(const struct store_world *world, struct expected *expected, struct error *err)
{
    return store_each_snapshot(world->store, TEST_ORGANISATION, TEST_MACHINE, assert_same, expected,
                               err);
}

TEST(what_was_signed_comes_back_byte_for_byte)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(clear_expected) struct expected expected = {0};

    for (size_t i = 0; i < CHECK_INS; i++) {
        world->now += 3600;
        agent->restart_pending = i == 2;
        test_agent_check_in(agent, world, &expected.parcels[i]);
    }
    store_world_reopen(world);
    assert_int_equal(walk(world, &expected, NULL), 0);
    assert_int_equal(expected.count, CHECK_INS);
}

TEST(files_of_one_machine_share_their_header_and_like_receipts_their_words)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(clear_expected) struct expected expected = {0};

    for (size_t i = 0; i < CHECK_INS; i++)
        test_agent_check_in(agent, world, &expected.parcels[i]);
    assert_int_equal(store_world_number(world, "SELECT count(*) FROM shared_text"), 2);
    assert_int_equal(store_world_number(world, "SELECT count(*) FROM snapshot WHERE shared IS NOT "
                                               "NULL AND length(receipt) = 64"),
                     CHECK_INS);
}

/* What two organisations have in common is kept by each of them. */
TEST(organisations_share_nothing)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(clear_expected) struct expected expected = {0};
    AUTO(parcel_clear) struct parcel first = {0};
    struct parcel *parcel = &expected.parcels[0];

    assert_int_equal(database_run(world->store,
                                  "INSERT INTO organisation VALUES ('other', 'Other', 1);"
                                  "INSERT INTO machine VALUES ('other', '" TEST_MACHINE
                                  "', 'field-07', 1, NULL)",
                                  NULL),
                     0);
    test_agent_check_in(agent, world, &first);
    test_agent_look(agent, world, parcel);
    (void)snprintf(parcel->record.organisation, ORGANISATION_ID_SIZE, "other");
    assert_int_equal(store_world_ingest(world, &parcel, 1), 0);
    assert_int_equal(parcel->record.code, 0);
    assert_int_equal(
        store_each_snapshot(world->store, "other", TEST_MACHINE, assert_same, &expected, NULL), 0);
    assert_int_equal(expected.count, 1);
}

/* Verified and accepted by a later, more liberal reader: still these bytes and no others. */
TEST(what_has_another_spelling_is_kept_as_it_is)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(clear_expected) struct expected expected = {0};
    struct parcel *parcel = &expected.parcels[0];

    test_agent_look(agent, world, parcel);
    text_add_string(&parcel->bytes, "==\n");
    parcel->record.bytes = parcel->bytes.bytes;
    parcel->record.length = parcel->bytes.length;
    digest_of(parcel->bytes.bytes, parcel->bytes.length, &parcel->record.hash);
    assert_int_equal(store_world_ingest(world, &parcel, 1), 0);
    assert_int_equal(parcel->record.code, 0);
    assert_int_equal(store_world_number(world, "SELECT shared IS NULL FROM snapshot"), 1);
    assert_int_equal(walk(world, &expected, NULL), 0);
    assert_int_equal(expected.count, 1);
}

static void assert_damage_is_told(const char *sql)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(clear_expected) struct expected expected = {0};
    struct error err = {0};

    test_agent_check_in(agent, world, &expected.parcels[0]);
    assert_int_equal(database_run(world->store, sql, NULL), 0);
    assert_int_equal(walk(world, &expected, &err), -EIO);
    assert_non_null(strstr(err.message, TEST_MACHINE));
    assert_int_equal(expected.count, 0);
}

TEST(what_was_damaged_on_the_disk_is_not_given_out)
{
    assert_damage_is_told("UPDATE snapshot SET bytes = zeroblob(length(bytes))");
    assert_damage_is_told("UPDATE snapshot SET bytes = zeroblob(3)");
    assert_damage_is_told("UPDATE snapshot SET shared = NULL");
    assert_damage_is_told("UPDATE snapshot SET receipt = zeroblob(3)");
    assert_damage_is_told("UPDATE snapshot SET nonce = ''");
    assert_damage_is_told("DELETE FROM shared_text");
    assert_damage_is_told("UPDATE snapshot SET receipt_shared = 99");
    /* The words of the receipt, which no digest of the snapshot covers: one verdict turned good. */
    assert_damage_is_told("UPDATE shared_text SET text = CAST(replace(CAST(text AS TEXT), "
                          "'\"unknown\"', '\"pass\"') AS BLOB) WHERE number = 2");
    assert_damage_is_told(
        "UPDATE shared_text SET text = CAST(text || x'20' AS BLOB) WHERE number = 2");
}

TEST(a_duplicate_is_not_answered_with_a_damaged_receipt)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel parcel = {0};
    struct parcel *again = &parcel;

    test_agent_check_in(agent, world, &parcel);
    assert_int_equal(
        database_run(world->store,
                     "UPDATE shared_text SET text = CAST(text || x'20' AS BLOB) WHERE number = 2",
                     NULL),
        0);
    (void)store_world_ingest(world, &again, 1);
    assert_int_equal(parcel.record.code, -EIO);
    assert_non_null(strstr(parcel.record.why.message, TEST_MACHINE));
}

static int stop(void *context, const struct kept_snapshot *kept, struct error *err)
{
    (void)context;
    (void)kept;
    return error_set(err, ENOSPC, "full");
}

TEST(a_walk_ends_when_its_caller_fails)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel parcel = {0};

    test_agent_check_in(agent, world, &parcel);
    assert_int_equal(
        store_each_snapshot(world->store, TEST_ORGANISATION, TEST_MACHINE, stop, NULL, NULL),
        -ENOSPC);
    assert_int_equal(
        store_each_snapshot(world->store, TEST_ORGANISATION, "nobody", stop, NULL, NULL), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(what_was_signed_comes_back_byte_for_byte),
        RUN(files_of_one_machine_share_their_header_and_like_receipts_their_words),
        RUN(organisations_share_nothing),
        RUN(what_has_another_spelling_is_kept_as_it_is),
        RUN(what_was_damaged_on_the_disk_is_not_given_out),
        RUN(a_duplicate_is_not_answered_with_a_damaged_receipt),
        RUN(a_walk_ends_when_its_caller_fails),
    };

    return RUN_ALL(tests);
}
