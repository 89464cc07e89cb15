#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"
#include "snapshot/receipt.h"
#include "snapshot/section.h"

struct json;
struct text;

/*
 * What good looks like: checks as data (baseline/checks/<id>.json), judged by the same code on the
 * machine and on the server. pass needs every fact that the check reads, known and fresh.
 */
struct check;

enum profile { PROFILE_LAPTOP, PROFILE_SERVER, PROFILE_UNKNOWN };

struct baseline;

/* The baseline that the program was built with. Never NULL; lives for ever. */
const struct baseline *baseline_builtin(void);
/* Reads one from check and advice documents (tests, later an organisation's own). */
int baseline_from_json(const char *const *checks, size_t check_count, const char *advice,
                       struct baseline **ret_baseline, struct error *err);
void baseline_free(struct baseline *baseline);

/* Checks in the order of their weight, heaviest first, then by id. */
size_t baseline_count(const struct baseline *baseline);
const struct check *baseline_check(const struct baseline *baseline, size_t index);
const struct check *baseline_find(const struct baseline *baseline, const char *id);
const char *check_id(const struct check *check);
const char *check_title(const struct check *check); /* "Security updates are installed" */
unsigned check_weight(const struct check *check);

/* Advice in the language ("en"): never NULL. */
struct advice {
    const char *wrong; /* what is wrong, as a sentence */
    const char *why;   /* why it matters */
    const char *steps; /* what to do; lines separated by \n; commands start with "$ " */
    const char *time;  /* "15 minutes" */
    bool needs_volunteer;
};
const struct advice *check_advice(const struct check *check, const char *language);

/* The facts of one machine: one document per section that it has. */
struct machine_facts {
    struct section_facts {
        const char *section;
        const struct json *facts;
        const struct json *unknown;
    } * sections;
    size_t count;
    int64_t seen_at; /* when these facts were last confirmed */
};

/* What the machine is, from its own facts (os_release: machine_kind). */
enum profile machine_facts_profile(const struct machine_facts *facts);

struct verdict {
    enum verdict_state state;
    enum unknown_reason reason; /* for unknown */
    char fact[64];              /* for unknown and fail: the pointer that decided, or "" */
    int64_t valid_until;        /* after this the verdict is unknown: stale, unless renewed */
};

/* Judges at the time. */
void check_judge(const struct check *check, const struct machine_facts *facts, enum profile profile,
                 int64_t now, struct verdict *ret_verdict);

/* A sentence for an unknown verdict's reason ("This needs privileges that the agent did not have").
 */
const char *unknown_reason_text(enum unknown_reason reason);
