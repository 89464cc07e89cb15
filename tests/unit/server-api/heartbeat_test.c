#include "server-api/heartbeat.h"

#include <pthread.h>
#include <time.h>

#include "platform/clock.h"
#include "server-api/http/http_server.h"
#include "tests/support/store_world.h"
#include "tests/support/test.h"

#define SECONDS 60

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static const struct route *const no_routes[] = {NULL};

/* A server of real parts, which nobody connects to. */
struct parts {
    struct store_world *world;
    struct server server;
    struct http_server *http;
    struct heartbeat heartbeat;
};

static void setup_parts(struct parts *parts)
{
    const struct http_options options = {
        .agents = "127.0.0.1:0",
        .people = "127.0.0.1:0",
        .routes = no_routes,
        .threads = 2,
    };

    *parts = (struct parts){.world = store_world_new()};
    assert_int_equal(workers_start(parts->world->database, 1, &parts->server.workers, NULL), 0);
    assert_int_equal(ingest_start(parts->world->database, NULL, &parts->server.ingest, NULL), 0);
    assert_int_equal(http_server_new(&options, &parts->http, NULL), 0);
    parts->heartbeat.server = &parts->server;
    parts->heartbeat.http = parts->http;
}

static void end_parts(struct parts *parts)
{
    http_server_stop(parts->http, 0);
    workers_stop(parts->server.workers);
    ingest_stop(parts->server.ingest);
    http_server_free(parts->http);
    store_world_free(parts->world);
}

/* The database answered after this time; waited for at most ten seconds. */
static bool stored_after(const struct heartbeat *heartbeat, int64_t time)
{
    const struct timespec pause = {.tv_nsec = 10000000};

    for (int i = 0; i < 1000 && atomic_load(&heartbeat->stored_at) <= time; i++)
        (void)nanosleep(&pause, NULL);
    return atomic_load(&heartbeat->stored_at) > time;
}

static void wait_for_gate(struct store *store, void *job)
{
    (void)store;
    (void)job;
    (void)pthread_mutex_lock(&gate);
    (void)pthread_mutex_unlock(&gate);
}

TEST(is_well_while_everything_moves)
{
    struct parts parts;
    int64_t now = clock_since_boot();

    setup_parts(&parts);
    assert_int_equal(http_server_start(parts.http, NULL), 0);
    heartbeat_start(&parts.heartbeat, now - 10 * SECONDS);
    assert_false(heartbeat_is_well(&parts.heartbeat, now, SECONDS));
    heartbeat_ask(&parts.heartbeat);
    assert_true(stored_after(&parts.heartbeat, now - 10 * SECONDS));
    assert_true(heartbeat_is_well(&parts.heartbeat, clock_since_boot(), SECONDS));
    end_parts(&parts);
}

TEST(is_not_well_when_a_loop_stands_still)
{
    struct parts parts;
    int64_t later = clock_since_boot() + 10 * SECONDS;

    setup_parts(&parts); /* its loops never run */
    heartbeat_start(&parts.heartbeat, later);
    assert_false(heartbeat_is_well(&parts.heartbeat, later, SECONDS));
    assert_true(heartbeat_is_well(&parts.heartbeat, later, 11 * SECONDS));
    end_parts(&parts);
}

TEST(is_not_well_when_the_database_does_not_answer)
{
    struct parts parts;
    int64_t long_ago = clock_since_boot() - 10 * SECONDS;

    setup_parts(&parts);
    heartbeat_start(&parts.heartbeat, long_ago);
    (void)pthread_mutex_lock(&gate);
    assert_int_equal(workers_submit(parts.server.workers, wait_for_gate, NULL), 0);
    heartbeat_ask(&parts.heartbeat);
    heartbeat_ask(&parts.heartbeat); /* one question at a time */
    assert_false(heartbeat_is_well(&parts.heartbeat, clock_since_boot(), SECONDS));
    (void)pthread_mutex_unlock(&gate);
    assert_true(stored_after(&parts.heartbeat, long_ago));
    assert_true(heartbeat_is_well(&parts.heartbeat, clock_since_boot(), SECONDS));
    end_parts(&parts);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(is_well_while_everything_moves),
        RUN(is_not_well_when_a_loop_stands_still),
        RUN(is_not_well_when_the_database_does_not_answer),
    };

    return RUN_ALL(tests);
}
