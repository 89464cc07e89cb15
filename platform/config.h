#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "platform/error.h"

/*
 * Configuration files: lines of "key = value", empty lines, and comments that start with '#'. A key
 * comes once. There are no sections, quotes or escapes: a value is the rest of its line without the
 * white space around it.
 */
struct config_key {
    const char *name;
    /* Stores the value, or says in err what is wrong with it and what would be right. */
    int (*set)(void *target, const char *value, struct error *err);
};

/*
 * Reads a text with a table of the keys that exist, ended by one without a name. Fails with
 * -EINVAL and "line 3: there is no setting \"foo\"; known are: …" or what set() said.
 */
int config_parse(const char *text, const struct config_key *keys, void *target, struct error *err);
