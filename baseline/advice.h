#pragma once

#include <stddef.h>

#include "baseline/verdict.h"

/* The advice of one language by key, read from baseline/advice/<language>.json. */
struct advice_book {
    struct advice_entry {
        char *key;
        char *wrong, *why, *steps, *time; /* what advice points to */
        struct advice advice;
    } * entries;
    size_t count;
};

/* Fails with -EINVAL or -EBADMSG and one line. The caller clears it, also after a failure. */
int advice_read(const char *document, struct advice_book *ret_book, struct error *err);
void advice_clear(struct advice_book *book);
/* NULL when there is none. */
const struct advice *advice_find(const struct advice_book *book, const char *key);
