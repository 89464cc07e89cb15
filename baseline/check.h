#pragma once

#include <stdint.h>

#include "baseline/condition.h"
#include "baseline/verdict.h"

/* One check as its document says it. verdict.h tells the rest what it may see of it. */

#define PROFILE_COUNT 2U /* PROFILE_LAPTOP and PROFILE_SERVER */

struct check {
    char *id;
    char *title;
    struct condition condition;
    bool applies[PROFILE_COUNT];
    int64_t fresh_for_seconds[PROFILE_COUNT];
    unsigned weight;
    char *advice_key;
    const struct advice *advice; /* the baseline's */
};

/* Reads a document. Fails with -EINVAL or -EBADMSG and one line that names the check. The caller
 * clears it, also after a failure. */
int check_read(const char *document, struct check *ret_check, struct error *err);
void check_clear(struct check *check);
