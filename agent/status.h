#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/enrolment.h"
#include "agent/exit_code.h"
#include "agent/judgement.h"
#include "agent/published.h"
#include "agent/screen.h"

struct json;
struct text;

/* What "dijkwacht status" says, from what is public on this machine. */
struct status {
    int64_t now;
    bool enrolled;
    struct enrolment enrolment;
    struct delivery delivery;
    struct json *facts; /* NULL when nothing was collected yet, or it cannot be read */
    bool unreadable;    /* it is the latter */
    struct judgement judgement;
    unsigned counts[VERDICT_STATE_COUNT];
};

/*
 * Everything that is public, judged at the time. Fails with -ENOENT when nothing was collected yet
 * and otherwise when what was collected cannot be read; the rest is filled then, too. The caller
 * clears it in any case.
 */
int status_load(const struct layout *layout, int64_t now, struct status *ret_status,
                struct error *err);

/* Fills the counts from the judgement. */
void status_count(struct status *status);
void status_clear(struct status *status);
int status_exit_code(const struct status *status);

/* One screen, worst first; all adds the checks that are good. */
void status_write(const struct status *status, const struct screen *screen, bool all,
                  struct text *out);
void status_write_json(const struct status *status, struct text *out);

/* Since when the check has the verdict that it has now. */
int64_t status_since(const struct status *status, const struct judged *judged);
