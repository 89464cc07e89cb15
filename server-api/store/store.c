#include "server-api/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/memory.h"
#include "server-api/store/certificate_cache.h"
#include "server-api/store/database.h"
#include "server-api/store/handle.h"
#include "server-api/store/migration.h"

#define BUSY_SECONDS      10
#define MILLISECONDS      1000
#define PAUSE_NANOSECONDS 5000000L

/*
 * The mode is set before SQLite writes: its journal files inherit it. A database that is there is
 * never opened here: closing it again would drop the locks of every connection that this process
 * has to it (fcntl(2)), and another process could then take the log away from under them.
 */
static int make_file(const char *path, bool create, struct error *err)
{
    AUTO_CLOSE int fd = -1;
    struct stat status;

    if (lstat(path, &status) == 0)
        return S_ISREG(status.st_mode)
                   ? 0
                   : error_set(err, ELOOP, "the database %s is not a regular file", path);
    if (errno != ENOENT)
        return error_set(err, errno, "cannot open the database %s: %s", path, strerror(errno));
    if (!create)
        return error_set(err, ENOENT,
                         "there is no database %s; make one with "
                         "\"dijkwacht-server init\"",
                         path);
    fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) /* another process was faster */
        return error_set(err, errno, "cannot make the database %s: %s", path, strerror(errno));
    return 0;
}

/*
 * A new database is not in WAL mode yet, and changing that makes a writer of a reader: for that
 * SQLite does not wait until the other processes that open it are done, because two of them could
 * wait for each other. Each attempt gives up what it holds, so it may be repeated.
 */
static int use_write_ahead_log(struct store *store, struct error *err)
{
    static const struct timespec pause = {.tv_nsec = PAUSE_NANOSECONDS};
    int64_t end = clock_since_boot() + BUSY_SECONDS;

    for (;;) {
        int code = sqlite3_exec(store->database, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);

        if (code == SQLITE_OK)
            return 0;
        if ((code & 0xff) != SQLITE_BUSY || clock_since_boot() >= end)
            return database_error(store, code, err);
        (void)nanosleep(&pause, NULL);
    }
}

static int configure(struct store *store, struct error *err)
{
    sqlite3 *database = store->database;
    int r;

    (void)sqlite3_busy_timeout(database, BUSY_SECONDS * MILLISECONDS);
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    r = use_write_ahead_log(store, err);
    if (r < 0)
        return r;
    return database_run(
        store,
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
        "PRAGMA trusted_schema = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -16384",
        err);
}

int store_open(const char *path, bool create, struct store **ret_store, struct error *err)
{
    AUTO(auto_store_close) struct store *store = NULL;
    int code, r;

    r = make_file(path, create, err);
    if (r < 0)
        return r;
    store = must_allocate(1, sizeof(*store));
    store->path = must_copy_text(path, strlen(path));
    code =
        sqlite3_open_v2(path, &store->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        return database_error(store, code, err);
    r = configure(store, err);
    if (r == 0)
        r = migration_run(store, all_migrations, err);
    if (r < 0)
        return r;
    *ret_store = TAKE(store);
    return 0;
}

int store_check(struct store *store, struct error *err)
{
    AUTO(statement_end)
    struct statement statement = statement_start(store, "SELECT count(*) FROM sqlite_schema");
    int r = statement_row(&statement, err);

    return r < 0 ? r : 0;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    for (size_t i = 0; i < store->statement_count; i++)
        (void)sqlite3_finalize(store->statements[i].handle);
    (void)sqlite3_close(store->database);
    certificate_cache_free(store->certificates);
    free(store->path);
    free(store);
}

void auto_store_close(struct store **store)
{
    store_close(*store);
}
