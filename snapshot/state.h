#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "platform/digest.h"
#include "platform/error.h"

struct text;

/*
 * The state of a machine: the map from section name to the digest of the section's facts and
 * reasons. Both sides compute it; its own digest names it. Sorted by name, each name once.
 */
#define STATE_SECTIONS_MAX 64U
#define SECTION_NAME_SIZE  49U /* [a-z][a-z0-9_]*, at most 48 characters, with its NUL */

struct state_entry {
    char name[SECTION_NAME_SIZE];
    struct digest digest;
};

struct state {
    struct state_entry entries[STATE_SECTIONS_MAX];
    size_t count;
};

bool section_name_valid(const char *name, size_t length);

/* Adds or replaces. -E2BIG above STATE_SECTIONS_MAX, -EINVAL for a bad name. */
int state_set(struct state *state, const char *name, const struct digest *digest);
/* False when there was none. */
bool state_remove(struct state *state, const char *name);
const struct state_entry *state_find(const struct state *state, const char *name);

/* One line per section: name, space, 64 hexadecimal digits, LF. The digest of a state is SHA-256
 * of exactly these bytes. */
void state_to_text(const struct state *state, struct text *out);
void state_digest(const struct state *state, struct digest *ret_digest);
/* Reads what state_to_text wrote; -EBADMSG on anything else. */
int state_from_text(const char *text, size_t length, struct state *ret_state, struct error *err);
