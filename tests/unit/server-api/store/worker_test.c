#include "server-api/store/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "platform/cleanup.h"
#include "tests/support/store_world.h"
#include "tests/support/test.h"

static atomic_int done;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;

static void count(struct store *store, void *job)
{
    char id[ORGANISATION_ID_SIZE];

    (void)job;
    if (store_find_organisation(store, "Ambervoort Relief", id, NULL) == 0)
        atomic_fetch_add(&done, 1);
}

static void wait_for_gate(struct store *store, void *job)
{
    (void)store;
    (void)job;
    (void)pthread_mutex_lock(&gate);
    (void)pthread_mutex_unlock(&gate);
}

TEST(finishes_what_is_queued_before_it_stops)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    struct workers *workers = NULL;

    atomic_store(&done, 0);
    assert_int_equal(workers_start(world->database, 3, &workers, NULL), 0);
    for (int i = 0; i < 500; i++)
        assert_int_equal(workers_submit(workers, count, NULL), 0);
    workers_stop(workers);
    assert_int_equal(atomic_load(&done), 500);
}

TEST(says_that_it_is_busy_instead_of_growing)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    struct workers *workers = NULL;
    unsigned accepted = 0;

    (void)pthread_mutex_lock(&gate);
    assert_int_equal(workers_start(world->database, 1, &workers, NULL), 0);
    while (accepted <= WORKER_QUEUE_MAX + 1 && workers_submit(workers, wait_for_gate, NULL) == 0)
        accepted++;
    /* One more than the queue holds, where the thread had taken its first by then. */
    assert_in_range(accepted, WORKER_QUEUE_MAX, WORKER_QUEUE_MAX + 1);
    (void)pthread_mutex_unlock(&gate);
    workers_stop(workers);
}

TEST(does_not_start_without_its_database)
{
    struct workers *workers = NULL;
    struct error err = {0};

    assert_int_equal(workers_start("/nonexistent/store.db", 2, &workers, &err), -ENOENT);
    assert_int_equal(workers_start("/nonexistent/store.db", 0, &workers, &err), -EINVAL);
    workers_stop(NULL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(finishes_what_is_queued_before_it_stops),
        RUN(says_that_it_is_busy_instead_of_growing),
        RUN(does_not_start_without_its_database),
    };

    return RUN_ALL(tests);
}
