/* A database of an older version is upgraded, and nothing that it held is lost. */
#include "server-api/store/migration.h"

#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "server-api/store/database.h"
#include "tests/support/store_world.h"
#include "tests/support/test.h"

#define OWNER "'" TEST_ORGANISATION "', '" TEST_MACHINE "'"

static void run(const struct store_world *world, const char *sql)
{
    struct error err = {0};

    if (database_run(world->store, sql, &err) < 0)
        fail_msg("%s: %.200s", err.message, sql);
}

static const char empty_sql[] =
    "PRAGMA foreign_keys = OFF; DROP TABLE snapshot; DROP TABLE quarantine; DROP TABLE shared_text;"
    "DROP TABLE current; DROP TABLE state; DROP TABLE content; DROP TABLE chain;"
    "DROP TABLE certificate; DROP TABLE join_token; DROP TABLE machine; DROP TABLE organisation;"
    "PRAGMA user_version = 0; PRAGMA foreign_keys = ON";

/* Empties the world's database and gives it the layout of version 1, with its one machine. */
static void make_version_1(struct store_world *world)
{
    const struct migration first[] = {all_migrations[0], {NULL, NULL}};
    struct error err = {0};

    run(world, empty_sql);
    if (migration_run(world->store, first, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(store_world_number(world, "PRAGMA user_version"), 1);
    run(world, "INSERT INTO organisation VALUES ('" TEST_ORGANISATION "', 'Ambervoort Relief', 1);"
               "INSERT INTO machine VALUES (" OWNER ", 'field-07', 1795990000, NULL)");
}

static void add_blob(const void *bytes, size_t length, struct text *sql)
{
    text_add_string(sql, "x'");
    hex_encode(bytes, length, sql);
    text_add_string(sql, "'");
}

/* hash, …, bytes, receipt_header, receipt: as version 1 put a snapshot and its receipt away. */
static void add_receipt(const struct text *receipt, const char *header_name, struct text *sql)
{
    size_t header = strcspn(receipt->bytes, ".");

    text_add_format(
        sql,
        ", x'%s', '%s'); INSERT OR IGNORE INTO receipt_header VALUES ('" TEST_ORGANISATION
        "', x'%s', '%.*s');",
        header_name, receipt->bytes + header, header_name, (int)header, receipt->bytes);
}

static void put_snapshot(const struct store_world *world, const struct parcel *parcel)
{
    AUTO(text_clear) struct text sql = {0};
    const struct snapshot_head *head = &parcel->snapshot.head;

    text_add_format(&sql, "INSERT INTO snapshot VALUES (" OWNER ", '%s', %d, %d, ", head->epoch,
                    (int)head->seq, (int)head->seq);
    add_blob(parcel->record.hash.bytes, DIGEST_SIZE, &sql);
    text_add_string(&sql, ", ");
    add_blob(head->prev.bytes, head->has_prev ? DIGEST_SIZE : 0, &sql);
    text_add_string(&sql, ", NULL, ");
    add_blob(head->state.bytes, DIGEST_SIZE, &sql);
    text_add_format(&sql, ", 1, 0, '%s', %lld, ", parcel->receipt.nonce, (long long)world->now);
    add_blob(parcel->record.bytes, parcel->record.length, &sql);
    add_receipt(&parcel->record.receipt, "aa", &sql);
    run(world, sql.bytes);
}

static void put_fork(const struct store_world *world, const struct parcel *parcel)
{
    AUTO(text_clear) struct text sql = {0};
    const struct snapshot_head *head = &parcel->snapshot.head;

    text_add_string(&sql, "INSERT INTO quarantine VALUES (" OWNER ", ");
    add_blob(parcel->record.hash.bytes, DIGEST_SIZE, &sql);
    text_add_format(&sql, ", '%s', %d, %lld, ", head->epoch, (int)head->seq, (long long)world->now);
    add_blob(parcel->record.bytes, parcel->record.length, &sql);
    add_receipt(&parcel->record.receipt, "aa", &sql);
    run(world, sql.bytes);
}

/* What else version 1 knew of the machine after that snapshot. */
static void put_rest(const struct store_world *world, const struct parcel *parcel)
{
    AUTO(text_clear) struct text sql = {0};
    const struct snapshot_head *head = &parcel->snapshot.head;

    text_add_string(&sql, "INSERT INTO state VALUES (" OWNER ", ");
    add_blob(head->state.bytes, DIGEST_SIZE, &sql);
    text_add_string(&sql, ", ''); INSERT INTO current VALUES (" OWNER ", ");
    add_blob(head->state.bytes, DIGEST_SIZE, &sql);
    text_add_format(&sql,
                    ", %lld, 2, 3, 'synced', 'laptop', 'Debian'); INSERT INTO chain VALUES (" OWNER
                    ", '%s', 1, %d, ",
                    (long long)world->now, head->epoch, (int)head->seq);
    add_blob(parcel->record.hash.bytes, DIGEST_SIZE, &sql);
    text_add_format(&sql, ", 1, '%s', %lld, 0, '', 0, 0, 0);", parcel->receipt.nonce,
                    (long long)world->now);
    text_add_format(&sql,
                    "INSERT INTO verdict VALUES (" OWNER ", 'restart_pending', 'fail', '', "
                    "'/patch_level/restart_required', 1795999999, %lld), (" OWNER
                    ", 'disk_encrypted', 'unknown', 'not_permitted', '', 5, 6)",
                    (long long)world->now + 86400);
    run(world, sql.bytes);
}

static int assert_same(void *context, const struct kept_snapshot *kept, struct error *err)
{
    const struct parcel *parcel = context;

    (void)err;
    assert_string_equal(kept->bytes.bytes, parcel->bytes.bytes);
    assert_string_equal(kept->receipt.bytes, parcel->record.receipt.bytes);
    return 0;
}

/* The same upload again gets the receipt that it got from the older version. */
static void assert_answered_as_before(struct store_world *world, struct parcel *parcel)
{
    AUTO(text_clear) struct text before = {0};

    text_add_string(&before, parcel->record.receipt.bytes);
    assert_int_equal(store_world_ingest(world, &parcel, 1), 0);
    assert_int_equal(parcel->record.code, 0);
    assert_string_equal(parcel->record.receipt.bytes, before.bytes);
}

static void assert_fleet_has(const struct store_world *world, const char *words)
{
    AUTO(text_clear) struct text fleet = {0};

    assert_int_equal(store_write_fleet(world->store, NULL, world->now, &fleet, NULL), 0);
    if (strstr(fleet.bytes, words) == NULL)
        fail_msg("%s", fleet.bytes);
}

TEST(a_database_of_version_1_loses_nothing)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_test_agent_free) struct test_agent *agent = test_agent_new(world);
    AUTO(parcel_clear) struct parcel parcel = {0}, fork = {0}, next = {0};
    struct test_agent copy = *agent;
    struct parcel *one = &fork;

    test_agent_check_in(agent, world, &parcel);
    copy.number = 9;
    test_agent_look(&copy, world, &fork);
    assert_int_equal(store_world_ingest(world, &one, 1), 0);
    make_version_1(world);
    put_snapshot(world, &parcel);
    put_fork(world, &fork);
    put_rest(world, &parcel);
    store_world_reopen(world);

    assert_int_equal(store_world_number(world, "PRAGMA user_version"), 2);
    assert_int_equal(store_world_number(world, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_int_equal(store_each_snapshot(world->store, TEST_ORGANISATION, TEST_MACHINE, assert_same,
                                         &parcel, NULL),
                     0);
    assert_answered_as_before(world, &parcel);
    assert_answered_as_before(world, &fork);
    assert_fleet_has(world, "\"system\":\"Debian\",\"kind\":\"laptop\"");
    assert_fleet_has(world, "\"state\":\"fail\",\"fact\":\"/patch_level/restart_required\","
                            "\"since\":\"2026-11-30T00:53:19Z\"");

    world->now += 60;
    agent->has_acknowledged = false;
    agent->restart_pending = true;
    test_agent_check_in(agent, world, &next);
    assert_int_equal(next.receipt.result, RECEIPT_ACCEPTED);
    assert_fleet_has(world, "\"since\":\"2026-11-30T00:53:19Z\"");
    assert_int_equal(store_world_number(world, "SELECT count(*) FROM snapshot"), 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_database_of_version_1_loses_nothing),
    };

    return RUN_ALL(tests);
}
