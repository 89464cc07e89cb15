#include "server-api/ingest/queue.h"

#include <errno.h>
#include <stdatomic.h>
#include <time.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/memory.h"
#include "server-api/store/database.h"
#include "tests/support/store_world.h"
#include "tests/support/test.h"

#define UPLOADS 40U

/* Stands in for http/: only counts. */
static atomic_uint answered;

void exchange_answer(struct exchange *exchange, struct answer *answer)
{
    (void)exchange;
    text_clear(&answer->body);
    (void)atomic_fetch_add(&answered, 1);
}

void exchange_answer_line(struct exchange *exchange, unsigned status, const char *line)
{
    (void)exchange;
    (void)status;
    (void)line;
}

int keeper_sign_receipts(struct keeper *keeper, const struct receipt *receipts,
                         struct text *ret_compact, size_t count, struct error *err)
{
    (void)keeper;
    (void)receipts;
    (void)ret_compact;
    (void)count;
    return error_set(err, EPIPE, "there is no keeper");
}

/* A frame of a few kilobytes can hold as much as this. */
static struct upload *large_upload(struct exchange *exchange)
{
    struct upload *upload = must_allocate(1, sizeof(*upload));

    upload->exchange = exchange;
    upload->snapshot.payload_length = SNAPSHOT_MAX_DECODED;
    return upload;
}

TEST(what_waits_is_bounded_in_bytes_too)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_store_close) struct store *writer = NULL;
    struct exchange exchange = {.body = (const uint8_t *)""};
    struct ingest *ingest = NULL;
    unsigned taken = 0;

    atomic_store(&answered, 0);
    assert_int_equal(store_open(world->database, false, &writer, NULL), 0);
    assert_int_equal(database_run(writer, "BEGIN IMMEDIATE", NULL), 0);
    assert_int_equal(ingest_start(world->database, NULL, &ingest, NULL), 0);
    for (unsigned i = 0; i < UPLOADS; i++) {
        struct upload *upload = large_upload(&exchange);

        if (ingest_submit(ingest, upload) == 0)
            taken++;
        else
            upload_free(upload);
    }
    assert_int_equal(database_run(writer, "ROLLBACK", NULL), 0);
    ingest_stop(ingest);
    assert_int_equal(atomic_load(&answered), taken);
    /* One full queue, and one batch that the thread may have taken already. */
    assert_in_range(taken, 1, 2 * INGEST_BYTES_MAX / SNAPSHOT_MAX_DECODED);
}

/* Waits for it, at most ten seconds. */
static bool becomes_busy(struct ingest *ingest, bool busy)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    for (int i = 0; i < 1000 && (ingest_busy_since(ingest) != 0) != busy; i++)
        (void)nanosleep(&pause, NULL);
    return (ingest_busy_since(ingest) != 0) == busy;
}

TEST(says_since_when_it_is_at_work)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_store_close) struct store *writer = NULL;
    struct exchange exchange = {.body = (const uint8_t *)""};
    struct ingest *ingest = NULL;

    assert_int_equal(store_open(world->database, false, &writer, NULL), 0);
    assert_int_equal(database_run(writer, "BEGIN IMMEDIATE", NULL), 0);
    assert_int_equal(ingest_start(world->database, NULL, &ingest, NULL), 0);
    assert_true(becomes_busy(ingest, false));
    assert_int_equal(ingest_submit(ingest, large_upload(&exchange)), 0);
    assert_true(becomes_busy(ingest, true));
    assert_in_range(clock_since_boot() - ingest_busy_since(ingest), 0, 10);
    assert_int_equal(database_run(writer, "ROLLBACK", NULL), 0);
    assert_true(becomes_busy(ingest, false));
    ingest_stop(ingest);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(says_since_when_it_is_at_work),
        RUN(what_waits_is_bounded_in_bytes_too),
    };

    return RUN_ALL(tests);
}
