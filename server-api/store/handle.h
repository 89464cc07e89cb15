#pragma once

#include <stddef.h>

struct certificate_cache;
struct sqlite3;
struct sqlite3_stmt;

/* What is behind a struct store: the connection, and the statements that it has prepared. */
#define STATEMENTS_MAX 96U

struct prepared {
    const char *sql;
    struct sqlite3_stmt *handle;
};

struct store {
    struct sqlite3 *database;
    char *path;
    struct prepared statements[STATEMENTS_MAX];
    size_t statement_count;
    struct certificate_cache *certificates; /* NULL until the first is asked for */
};
