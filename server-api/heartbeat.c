#include "server-api/heartbeat.h"

#include "platform/clock.h"
#include "platform/journal.h"
#include "server-api/http/http_server.h"
#include "server-api/store/store.h"

void heartbeat_start(struct heartbeat *heartbeat, int64_t boot_time)
{
    atomic_store(&heartbeat->stored_at, boot_time);
    atomic_store(&heartbeat->asked, false);
}

static void ask_store(struct store *store, void *job)
{
    struct heartbeat *heartbeat = job;
    struct error err = {0};

    if (store_check(store, &err) == 0)
        atomic_store(&heartbeat->stored_at, clock_since_boot());
    else
        journal_write(JOURNAL_ERROR, "the database does not answer: %s", err.message);
    atomic_store(&heartbeat->asked, false);
}

void heartbeat_ask(struct heartbeat *heartbeat)
{
    if (atomic_exchange(&heartbeat->asked, true))
        return;
    if (workers_submit(heartbeat->server->workers, ask_store, heartbeat) < 0)
        atomic_store(&heartbeat->asked, false);
}

bool heartbeat_is_well(const struct heartbeat *heartbeat, int64_t boot_time, int64_t seconds)
{
    int64_t busy_since = ingest_busy_since(heartbeat->server->ingest);

    return boot_time - http_server_last_beat(heartbeat->http) <= seconds &&
           boot_time - atomic_load(&heartbeat->stored_at) <= seconds &&
           (busy_since == 0 || boot_time - busy_since <= seconds);
}
