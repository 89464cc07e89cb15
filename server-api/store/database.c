#include "server-api/store/database.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "platform/cleanup.h"
#include "server-api/store/handle.h"

static int errno_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_FULL:
        return ENOSPC;
    default:
        return EIO; /* never EACCES: that is an answer about who asks, not about our disk */
    }
}

static const char *hint_of(int code)
{
    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return "; put back a backup of it";
    case SQLITE_FULL:
        return "; make room on its disk";
    case SQLITE_BUSY:
        return "; another program keeps it locked";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        return "; run this as the user that owns it";
    default:
        return "";
    }
}

int database_error(struct store *store, int code, struct error *err)
{
    return error_set(err, errno_of(code), "the database %s: %s%s", store->path,
                     sqlite3_errstr(code), hint_of(code));
}

struct sqlite3 *store_database(struct store *store)
{
    return store->database;
}

int64_t database_changes(const struct store *store)
{
    return sqlite3_changes64(store->database);
}

int database_run(struct store *store, const char *sql, struct error *err)
{
    int code = sqlite3_exec(store->database, sql, NULL, NULL, NULL);

    return code == SQLITE_OK ? 0 : database_error(store, code, err);
}

int database_repeat(struct store *store, const char *sql, struct error *err)
{
    AUTO(statement_end) struct statement statement = statement_start(store, sql);

    return statement_run(&statement, err);
}

struct statement statement_start(struct store *store, const char *sql)
{
    struct statement statement = {.store = store};
    size_t i = 0;

    while (i < store->statement_count && store->statements[i].sql != sql)
        i++;
    assert(i < STATEMENTS_MAX);
    if (i == store->statement_count) {
        statement.code = sqlite3_prepare_v3(store->database, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                            &statement.handle, NULL);
        if (statement.code != SQLITE_OK)
            return statement;
        store->statements[store->statement_count++] =
            (struct prepared){.sql = sql, .handle = statement.handle};
    }
    statement.handle = store->statements[i].handle;
    return statement;
}

void statement_end(struct statement *statement)
{
    if (statement->handle == NULL)
        return;
    (void)sqlite3_reset(statement->handle);
    (void)sqlite3_clear_bindings(statement->handle);
    statement->handle = NULL;
}

static void note(struct statement *statement, int code)
{
    if (statement->code == SQLITE_OK)
        statement->code = code;
}

void bind_characters(struct statement *statement, const char *bytes, size_t length)
{
    statement->bound++;
    note(statement, sqlite3_bind_text64(statement->handle, statement->bound, bytes, length,
                                        SQLITE_STATIC, SQLITE_UTF8));
}

void bind_text(struct statement *statement, const char *value)
{
    bind_characters(statement, value, value == NULL ? 0 : strlen(value));
}

void bind_bytes(struct statement *statement, const void *bytes, size_t length)
{
    statement->bound++;
    note(statement,
         sqlite3_bind_blob64(statement->handle, statement->bound, bytes, length, SQLITE_STATIC));
}

void bind_digest(struct statement *statement, const struct digest *value)
{
    bind_bytes(statement, value == NULL ? NULL : value->bytes, value == NULL ? 0 : DIGEST_SIZE);
}

void bind_integer(struct statement *statement, int64_t value)
{
    statement->bound++;
    note(statement, sqlite3_bind_int64(statement->handle, statement->bound, value));
}

int statement_row(struct statement *statement, struct error *err)
{
    int code = statement->code;

    if (code == SQLITE_OK)
        code = sqlite3_step(statement->handle);
    if (code == SQLITE_ROW)
        return 1;
    return code == SQLITE_DONE ? 0 : database_error(statement->store, code, err);
}

int statement_run(struct statement *statement, struct error *err)
{
    int r = statement_row(statement, err);

    assert(r <= 0);
    return r;
}

bool column_is_null(const struct statement *statement, int column)
{
    return sqlite3_column_type(statement->handle, column) == SQLITE_NULL;
}

int64_t column_integer(const struct statement *statement, int column)
{
    return sqlite3_column_int64(statement->handle, column);
}

const char *column_text(const struct statement *statement, int column, size_t *ret_length)
{
    /* A blob, so that bytes and text alike come as they were stored. */
    const char *bytes = sqlite3_column_blob(statement->handle, column);

    *ret_length = (size_t)sqlite3_column_bytes(statement->handle, column);
    return bytes == NULL ? "" : bytes;
}

void column_copy(const struct statement *statement, int column, char *ret, size_t size)
{
    size_t length;
    const char *text = column_text(statement, column, &length);

    if (length >= size)
        length = 0;
    memcpy(ret, text, length);
    ret[length] = '\0';
}

bool column_digest(const struct statement *statement, int column, struct digest *ret)
{
    size_t length;
    const char *bytes = column_text(statement, column, &length);

    if (length != DIGEST_SIZE)
        return false;
    memcpy(ret->bytes, bytes, DIGEST_SIZE);
    return true;
}

int transaction_begin(struct store *store, struct transaction *transaction, struct error *err)
{
    int r = database_repeat(store, "BEGIN IMMEDIATE", err);

    transaction->store = r < 0 ? NULL : store;
    return r;
}

int transaction_commit(struct transaction *transaction, struct error *err)
{
    int r = database_repeat(transaction->store, "COMMIT", err);

    if (r == 0)
        transaction->store = NULL;
    return r;
}

void transaction_end(struct transaction *transaction)
{
    /* A full disk undoes the transaction by itself. */
    if (transaction->store != NULL && sqlite3_get_autocommit(transaction->store->database) == 0)
        (void)database_run(transaction->store, "ROLLBACK", NULL);
    transaction->store = NULL;
}
