#pragma once

#include "platform/error.h"

struct store;

/* One step of the database's layout; migrations/NNNN_what.sql, put into the program as text. */
struct migration {
    const char *name; /* "0001_first_light" */
    const char *sql;
};

/* In the order of their numbers, ended by one without a name. Never changed once released. */
extern const struct migration all_migrations[];

/*
 * Brings a database to the last of the migrations, each in a transaction of its own: new ones from
 * empty, older ones from where they are. Fails with -EINVAL when the file belongs to another
 * program or was made by a newer version of this one.
 */
int migration_run(struct store *store, const struct migration *migrations, struct error *err);
