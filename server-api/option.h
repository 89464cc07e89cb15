#pragma once

#include <stdbool.h>

#include "platform/error.h"

struct text_list;

/* A long option of a command: a flag, or one that takes a value once or (list) any number of
 * times. Exactly one of the three is set. */
struct option_row {
    const char *name; /* "--url" */
    bool *flag;
    const char **value; /* points into argv */
    struct text_list *list;
};

/*
 * Reads "--name value" and "--name=value" by a table that ends with a row without a name. -EINVAL
 * with one line for anything else.
 */
int option_parse(int argc, char **argv, const struct option_row *rows, struct error *err);
