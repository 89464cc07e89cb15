#pragma once

#include <stdbool.h>

#include "agent/layout.h"
#include "platform/error.h"

struct text;

/*
 * Looks at the machine, signs what was seen and puts it into the outbox. root NULL is the running
 * system. Only when it is due: where only_if_due is set and the server asked to wait longer,
 * nothing is made and *ret_made is false. Gives up all privileges on the way.
 */
int collect_run(const struct layout *layout, const char *root, bool only_if_due, bool *ret_made,
                struct error *err);

/*
 * Verifies the receipts that came, clears the outbox of what they are for, and learns what they
 * say. What is no receipt of the server changes nothing and is told in one line of the journal.
 */
int collect_receipts(const struct layout *layout, struct error *err);

/*
 * Looks at the machine and adds the payload that would be signed now, complete, without writing
 * anything. Works without enrolment; then the machine's identifier is all zeros.
 */
int collect_preview(const struct layout *layout, const char *root, struct text *out_payload,
                    struct error *err);
