#include "server-api/store/migration.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>

#include "platform/cleanup.h"
#include "server-api/store/database.h"
#include "server-api/store/handle.h"

#define APPLICATION_ID 0x444a4b57 /* "DJKW", so that file(1) and we know our databases */

/*
 * The number of migrations that the database has had; -EINVAL when it is not ours. One statement,
 * so that all of it is from one moment: another process may be making the tables.
 */
static int read_version(struct store *store, int64_t *ret_version, struct error *err)
{
    AUTO(statement_end)
    struct statement statement = statement_start(
        store, "SELECT (SELECT user_version FROM pragma_user_version), (SELECT application_id FROM "
               "pragma_application_id), (SELECT count(*) FROM sqlite_schema)");
    int64_t application, tables;
    int r = statement_row(&statement, err);

    if (r <= 0)
        return r < 0 ? r : error_set(err, EIO, "the database %s does not answer", store->path);
    *ret_version = column_integer(&statement, 0);
    application = column_integer(&statement, 1);
    tables = column_integer(&statement, 2);
    if (application == APPLICATION_ID || (application == 0 && *ret_version == 0 && tables == 0))
        return 0;
    return error_set(err, EINVAL,
                     "%s is a database of another program; name another data folder with --data",
                     store->path);
}

static int run_one(struct store *store, const struct migration *migration, int64_t number,
                   struct error *err)
{
    AUTO(transaction_end) struct transaction transaction = {0};
    char mark[96];
    int64_t version = 0;
    int r;

    r = transaction_begin(store, &transaction, err);
    if (r < 0)
        return r;
    /* Another process may have been faster between our look and our lock. */
    r = read_version(store, &version, err);
    if (r < 0 || version >= number)
        return r;
    r = database_run(store, migration->sql, err);
    if (r < 0)
        return error_wrap(err, r, migration->name);
    (void)snprintf(mark, sizeof(mark), "PRAGMA application_id = %d; PRAGMA user_version = %d",
                   APPLICATION_ID, (int)number);
    r = database_run(store, mark, err);
    return r < 0 ? r : transaction_commit(&transaction, err);
}

int migration_run(struct store *store, const struct migration *migrations, struct error *err)
{
    int64_t version = 0, last = 0;
    int r = read_version(store, &version, err);

    if (r < 0)
        return r;
    while (migrations[last].name != NULL)
        last++;
    if (version > last)
        return error_set(err, EINVAL,
                         "%s was made by a newer version (layout %d, this program knows %d); "
                         "install that version again",
                         store->path, (int)version, (int)last);
    for (int64_t number = version + 1; r == 0 && number <= last; number++)
        r = run_one(store, &migrations[number - 1], number, err);
    return r;
}
