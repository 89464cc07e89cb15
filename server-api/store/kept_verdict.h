#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/text.h"

/*
 * The verdicts of one machine as they are kept, in one text: a line for each check, with tabs
 * between its fields. They are always written and read together.
 */
struct kept_field {
    const char *bytes; /* into the text */
    size_t length;
};

struct kept_verdict {
    struct kept_field check;
    struct kept_field state;
    struct kept_field reason; /* empty unless unknown */
    struct kept_field fact;   /* empty when none decided */
    int64_t since;
    int64_t valid_until;
};

bool kept_field_is(const struct kept_field *field, const char *text);

/* The fields hold neither tab nor line feed. */
void kept_verdict_add(const struct kept_verdict *verdict, struct text *out);

/* The next of the text from *at, which moves on; false at its end. A line that nobody of us wrote
 * is passed over, so that the check is not known. */
bool kept_verdict_next(const struct kept_field *text, size_t *at, struct kept_verdict *ret_verdict);

/* The end of a line, from *at: since and valid_until. False, and *at stays, when it is another. */
bool kept_verdict_times(const struct kept_field *text, size_t *at, int64_t *ret_since,
                        int64_t *ret_valid_until);

/* The verdict on a check, as the text has it; false when there is none. */
bool kept_verdict_find(const struct kept_field *text, const char *check,
                       struct kept_verdict *ret_verdict);
