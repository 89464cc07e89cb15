#pragma once

#include "platform/error.h"
#include "server-api/option.h"

struct store;
struct text;

/*
 * What the management verbs share. They open the database beside a server that may be running, do
 * one thing and end.
 */

/* Opens the database of a data folder; -ENOENT says to run init. */
int command_open_store(const char *data_folder, struct store **ret_store, struct error *err);

/* "dijkwacht-server VERB: words" on standard error; answers the exit code for the failure. */
int command_fail(const char *verb, int result, const struct error *err);

/*
 * Takes the one argument without a name, which comes first, and reads the rest by the table. ""
 * when it is missing; -EINVAL for a wrong command line.
 */
int command_parse(int argc, char **argv, const struct option_row *rows, const char **ret_argument,
                  struct error *err);

/* Text from outside for a line of a terminal: control characters become '?'. */
void command_add_plain(const char *value, struct text *out);

/* Writes to standard output; answers the exit code. */
int command_print(const struct text *out);
