#pragma once

#include "platform/error.h"

struct store;

/*
 * Threads that may block on the database, each with a store handle of its own. Loop threads hand
 * them work and get on with the network.
 */
struct workers;

#define WORKER_QUEUE_MAX 4096U

/* 1 to 64 threads. The database must be there and may be migrated by this. */
int workers_start(const char *database, unsigned threads, struct workers **ret_workers,
                  struct error *err);
/* Finishes what is queued, then stops. */
void workers_stop(struct workers *workers);

/* Runs run(store, job) soon on one of the threads. -EBUSY when WORKER_QUEUE_MAX jobs wait already:
 * the caller answers 503. */
int workers_submit(struct workers *workers, void (*run)(struct store *store, void *job), void *job);
