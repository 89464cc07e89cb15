#include "tests/support/store_world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "server-api/store/database.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

static void must(int result, const struct error *err)
{
    if (result < 0)
        fail_msg("%s", err->message);
}

static void run_sql(struct store *store, const char *sql)
{
    struct error err = {0};

    must(database_run(store, sql, &err), &err);
}

struct store_world *store_world_new(void)
{
    struct store_world *world = must_allocate(1, sizeof(*world));
    struct text path = {0};
    struct error err = {0};

    world->now = TEST_NOW;
    world->folder = fixture_new_folder();
    text_add_format(&path, "%s/store.db", world->folder);
    world->database = text_take(&path);
    must(store_open(world->database, true, &world->store, &err), &err);
    run_sql(world->store,
            "INSERT INTO organisation VALUES ('" TEST_ORGANISATION "', 'Ambervoort Relief', 1);"
            "INSERT INTO machine VALUES ('" TEST_ORGANISATION "', '" TEST_MACHINE
            "', 'field-07', 1795990000, NULL)");
    world->authority = authority_new();
    must(signing_key_generate(&world->receipt_key, &err), &err);
    world->receipt_certificate =
        authority_issue(world->authority, CERTIFICATE_RECEIPT, world->receipt_key);
    return world;
}

void store_world_free(struct store_world *world)
{
    store_close(world->store);
    certificate_free(world->receipt_certificate);
    signing_key_free(world->receipt_key);
    authority_free(world->authority);
    fixture_remove(world->folder);
    free(world->database);
    free(world);
}

void auto_store_world_free(struct store_world **world)
{
    store_world_free(*world);
}

void store_world_reopen(struct store_world *world)
{
    struct error err = {0};

    store_close(world->store);
    world->store = NULL;
    must(store_open(world->database, false, &world->store, &err), &err);
}

static int sign(void *context, const struct receipt *receipts, struct text *ret_compact,
                size_t count, struct error *err)
{
    struct store_world *world = context;
    int r = world->signer_fails ? error_set(err, EIO, "the keeper is gone") : 0;

    for (size_t i = 0; r == 0 && i < count; i++) {
        AUTO(text_clear) struct text payload = {0}, header = {0};

        receipt_write_payload(&receipts[i], &payload);
        receipt_write_header(world->receipt_certificate, world->authority->intermediate, &header);
        r = jws_sign(world->receipt_key, text_string(&header), payload.bytes, payload.length,
                     &ret_compact[i], err);
        world->signatures++;
    }
    return r;
}

struct store_signer store_world_signer(struct store_world *world)
{
    return (struct store_signer){.context = world, .sign = sign};
}

struct test_agent *test_agent_new(const struct store_world *world)
{
    struct test_agent *agent = must_allocate(1, sizeof(*agent));
    struct error err = {0};

    must(signing_key_generate(&agent->key, &err), &err);
    agent->certificate = authority_issue(world->authority, CERTIFICATE_SIGNING, agent->key);
    agent->head = test_head();
    return agent;
}

void test_agent_free(struct test_agent *agent)
{
    certificate_free(agent->certificate);
    signing_key_free(agent->key);
    free(agent);
}

void auto_test_agent_free(struct test_agent **agent)
{
    test_agent_free(*agent);
}

void parcel_clear(struct parcel *parcel)
{
    text_clear(&parcel->bytes);
    text_clear(&parcel->record.receipt);
    snapshot_clear(&parcel->snapshot);
}

static const struct fact restart_table[] = {
    {.name = "restart_required", .type = FACT_BOOL, .purpose = "whether a restart is waiting"},
    {.name = NULL},
};

static const char *const kinds[] = {"laptop", "server", NULL};

static const struct fact os_table[] = {
    {.name = "name", .type = FACT_TEXT, .purpose = "what it calls itself"},
    {.name = "machine_kind", .type = FACT_ENUM, .purpose = "what it is", .choices = kinds},
    {.name = NULL},
};

void test_agent_look(struct test_agent *agent, const struct store_world *world,
                     struct parcel *ret_parcel)
{
    struct test_machine machine = {agent->key, agent->certificate};
    struct section *sections[] = {
        test_section("alpha", agent->number),
        test_section("beta", 1),
        section_new("os_release", 1, os_table),
        section_new("patch_level", 1, restart_table),
    };
    struct parcel *parcel = ret_parcel;
    struct error err = {0};

    facts_set_text(section_facts(sections[2]), "name", "Debian GNU/Linux 12 (bookworm)");
    facts_set_enum(section_facts(sections[2]), "machine_kind", "laptop");
    facts_set_bool(section_facts(sections[3]), "restart_required", agent->restart_pending);
    *parcel = (struct parcel){0};
    agent->head.wall_time = world->now;
    agent->sent =
        test_snapshot(&machine, &agent->head, agent->has_acknowledged ? &agent->acknowledged : NULL,
                      sections, sizeof(sections) / sizeof(sections[0]), &parcel->bytes);
    for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
        section_free(sections[i]);
    digest_of(parcel->bytes.bytes, parcel->bytes.length, &agent->sent_digest);
    agent->head.seq++;
    agent->head.has_prev = true;
    agent->head.prev = agent->sent_digest;
    must(snapshot_read(parcel->bytes.bytes, parcel->bytes.length, TEST_MACHINE, agent->certificate,
                       &parcel->snapshot, &err),
         &err);
    parcel->record = (struct ingest_record){
        .organisation = TEST_ORGANISATION,
        .hash = agent->sent_digest,
        .bytes = parcel->bytes.bytes,
        .length = parcel->bytes.length,
        .snapshot = &parcel->snapshot,
    };
}

int store_world_ingest(struct store_world *world, struct parcel **parcels, size_t count)
{
    AUTO_FREE struct ingest_record *records = must_allocate(count, sizeof(*records));
    struct store_signer signer = store_world_signer(world);
    int r;

    for (size_t i = 0; i < count; i++) {
        text_clear(&parcels[i]->record.receipt);
        records[i] = parcels[i]->record;
        records[i].received_at = world->now;
    }
    r = store_ingest(world->store, records, count, &signer, NULL);
    for (size_t i = 0; i < count; i++)
        parcels[i]->record = records[i];
    return r;
}

void test_agent_take_receipt(struct test_agent *agent, const struct store_world *world,
                             struct parcel *parcel)
{
    const struct text *compact = &parcel->record.receipt;
    struct error err = {0};

    must(receipt_read(text_string(compact), compact->length, world->authority->root, TEST_MACHINE,
                      &parcel->record.hash, world->now, world->now, &parcel->receipt, &err),
         &err);
    if (parcel->receipt.nonce[0] != '\0')
        memcpy(agent->head.nonce, parcel->receipt.nonce, NONCE_SIZE);
    if (parcel->receipt.lacks_base)
        agent->has_acknowledged = false;
    if (parcel->receipt.has_state) {
        agent->has_acknowledged = true;
        agent->acknowledged = agent->sent;
    }
}

void test_agent_check_in(struct test_agent *agent, struct store_world *world,
                         struct parcel *ret_parcel)
{
    test_agent_look(agent, world, ret_parcel);
    if (store_world_ingest(world, &ret_parcel, 1) < 0 || ret_parcel->record.code < 0)
        fail_msg("%s", ret_parcel->record.why.message);
    test_agent_take_receipt(agent, world, ret_parcel);
}

int64_t store_world_number(const struct store_world *world, const char *sql)
{
    AUTO(statement_end) struct statement statement = statement_start(world->store, sql);
    struct error err = {0};

    if (statement_row(&statement, &err) != 1)
        fail_msg("%s: %s", sql, err.message);
    return column_integer(&statement, 0);
}
