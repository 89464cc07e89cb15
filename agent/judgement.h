#pragma once

#include <stddef.h>
#include <stdint.h>

#include "baseline/verdict.h"

struct json;

/* The verdicts of the built-in baseline about one machine, for its own users. */
struct judged {
    const struct check *check;
    struct verdict verdict;
};

struct judgement {
    struct judged *judged; /* heaviest first, as the baseline has them */
    size_t count;
    enum profile profile;
};

/*
 * Judges facts.json ({"seen_at":…,"sections":{name:{"facts":…,"unknown":…}}}) at the time, so that
 * facts that were not renewed are unknown. The caller clears it.
 */
void judgement_make(const struct json *document, int64_t now, struct judgement *ret_judgement);
void judgement_clear(struct judgement *judgement);
