#include "server-api/store/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "server-api/store/store.h"

#define THREADS_MAX 64U

struct task {
    void (*run)(struct store *store, void *job);
    void *job;
};

struct worker {
    struct workers *workers;
    pthread_cond_t called;
    struct worker *next_idle;
    bool idle;
    struct store *store;
    pthread_t thread;
};

/* A ring of tasks between the loop threads and the workers. */
struct workers {
    pthread_mutex_t lock;
    struct worker *idle; /* the one that worked last comes first: its memory is still warm */
    struct task tasks[WORKER_QUEUE_MAX];
    size_t first;
    size_t count;
    bool stopping;
    struct worker workers[THREADS_MAX];
    unsigned started;
};

/* Waits until it is called, with the lock held. */
static void rest(struct worker *worker)
{
    struct workers *workers = worker->workers;

    worker->next_idle = workers->idle;
    workers->idle = worker;
    worker->idle = true;
    while (worker->idle)
        (void)pthread_cond_wait(&worker->called, &workers->lock);
}

static void call_one(struct workers *workers)
{
    struct worker *worker = workers->idle;

    if (worker == NULL)
        return;
    workers->idle = worker->next_idle;
    worker->idle = false;
    (void)pthread_cond_signal(&worker->called);
}

/* Waits for the next task; false when there will be none any more. */
static bool take(struct worker *worker, struct task *ret_task)
{
    struct workers *workers = worker->workers;
    bool taken;

    (void)pthread_mutex_lock(&workers->lock);
    while (workers->count == 0 && !workers->stopping)
        rest(worker);
    taken = workers->count > 0;
    if (taken) {
        *ret_task = workers->tasks[workers->first];
        workers->first = (workers->first + 1) % WORKER_QUEUE_MAX;
        workers->count--;
    }
    (void)pthread_mutex_unlock(&workers->lock);
    return taken;
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct task task;

    (void)pthread_setname_np(pthread_self(), "worker");
    while (take(worker, &task))
        task.run(worker->store, task.job);
    return NULL;
}

static int start_one(struct workers *workers, const char *database, struct error *err)
{
    struct worker *worker = &workers->workers[workers->started];
    int r;

    worker->workers = workers;
    r = store_open(database, false, &worker->store, err);
    if (r < 0)
        return r;
    (void)pthread_cond_init(&worker->called, NULL);
    r = pthread_create(&worker->thread, NULL, work, worker);
    if (r != 0) {
        (void)pthread_cond_destroy(&worker->called);
        store_close(TAKE(worker->store));
        return error_set(err, r, "cannot start a thread: %s", strerror(r));
    }
    workers->started++;
    return 0;
}

int workers_start(const char *database, unsigned threads, struct workers **ret_workers,
                  struct error *err)
{
    struct workers *workers;
    int r = 0;

    if (threads == 0 || threads > THREADS_MAX)
        return error_set(err, EINVAL, "the number of workers is 1 to %u", THREADS_MAX);
    workers = must_allocate(1, sizeof(*workers));
    (void)pthread_mutex_init(&workers->lock, NULL);
    while (r == 0 && workers->started < threads)
        r = start_one(workers, database, err);
    if (r < 0) {
        workers_stop(workers);
        return r;
    }
    *ret_workers = workers;
    return 0;
}

void workers_stop(struct workers *workers)
{
    if (workers == NULL)
        return;
    (void)pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    while (workers->idle != NULL)
        call_one(workers);
    (void)pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->started; i++) {
        (void)pthread_join(workers->workers[i].thread, NULL);
        (void)pthread_cond_destroy(&workers->workers[i].called);
        store_close(workers->workers[i].store);
    }
    (void)pthread_mutex_destroy(&workers->lock);
    free(workers);
}

int workers_submit(struct workers *workers, void (*run)(struct store *store, void *job), void *job)
{
    int r = 0;

    (void)pthread_mutex_lock(&workers->lock);
    if (workers->count == WORKER_QUEUE_MAX || workers->stopping) {
        r = -EBUSY;
    } else {
        workers->tasks[(workers->first + workers->count) % WORKER_QUEUE_MAX] =
            (struct task){run, job};
        workers->count++;
        call_one(workers);
    }
    (void)pthread_mutex_unlock(&workers->lock);
    return r;
}
