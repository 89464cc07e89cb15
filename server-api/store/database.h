#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/digest.h"
#include "platform/error.h"

struct sqlite3;
struct sqlite3_stmt;
struct store;
struct text;

/*
 * What the store needs of SQLite: statements that are prepared once per handle, values bound in
 * the order of their question marks, and errors in words. Only store/ includes this.
 */
struct sqlite3 *store_database(struct store *store);

/* A statement in use. Declare it AUTO(statement_end), so that it is free for its next use. */
struct statement {
    struct store *store;
    struct sqlite3_stmt *handle;
    int bound;
    int code; /* the first thing that went wrong, in SQLite's words */
};

/* sql is a string literal: its address is its name. */
struct statement statement_start(struct store *store, const char *sql);
void statement_end(struct statement *statement);

void bind_text(struct statement *statement, const char *value); /* NULL for null */
void bind_bytes(struct statement *statement, const void *bytes, size_t length);
void bind_characters(struct statement *statement, const char *bytes, size_t length);
void bind_digest(struct statement *statement, const struct digest *value); /* NULL for null */
void bind_integer(struct statement *statement, int64_t value);

/* 1 with the next row, 0 after the last. */
int statement_row(struct statement *statement, struct error *err);
/* Runs what answers no rows. */
int statement_run(struct statement *statement, struct error *err);

/* Columns of the present row, from 0. Text and bytes live until the next call for a row. */
bool column_is_null(const struct statement *statement, int column);
int64_t column_integer(const struct statement *statement, int column);
const char *column_text(const struct statement *statement, int column, size_t *ret_length);
/* Copies a text into an array; what does not fit (another program wrote it) becomes empty. */
void column_copy(const struct statement *statement, int column, char *ret, size_t size);
/* False when the column has no digest. */
bool column_digest(const struct statement *statement, int column, struct digest *ret);

/* Runs fixed text without values: BEGIN, COMMIT, PRAGMA. */
int database_run(struct store *store, const char *sql, struct error *err);
/* The same for one statement that comes again and again: a string literal, kept prepared. */
int database_repeat(struct store *store, const char *sql, struct error *err);

/* How many rows the last statement changed. */
int64_t database_changes(const struct store *store);

/* Records what SQLite says about its last call: -ENOSPC, -EACCES, or -EIO. */
int database_error(struct store *store, int code, struct error *err);

/*
 * A transaction that writes. Ended with transaction_commit(), or undone when the variable goes out
 * of scope: AUTO(transaction_end) struct transaction = {0}.
 */
struct transaction {
    struct store *store;
};
int transaction_begin(struct store *store, struct transaction *transaction, struct error *err);
int transaction_commit(struct transaction *transaction, struct error *err);
void transaction_end(struct transaction *transaction);
