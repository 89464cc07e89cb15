#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "server-api/server.h"

struct http_server;

/*
 * Whether the server really works, for the service manager's watchdog: every event loop comes
 * round, the database answers, and the thread that commits is not stuck. A server that only looks
 * alive is not reported as working, so that it is started again.
 */
struct heartbeat {
    const struct server *server;
    const struct http_server *http;
    atomic_int_least64_t stored_at; /* when the database last answered, since boot */
    atomic_bool asked;              /* a question to the database is on its way */
};

/* Before the first question; what has not begun yet counts as working. */
void heartbeat_start(struct heartbeat *heartbeat, int64_t boot_time);

/* Asks the database, in a worker. The heartbeat must outlive the workers. */
void heartbeat_ask(struct heartbeat *heartbeat);

/* Whether all of it was seen to work within so many seconds. */
bool heartbeat_is_well(const struct heartbeat *heartbeat, int64_t boot_time, int64_t seconds);
