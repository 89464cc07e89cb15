#pragma once

#include <stddef.h>
#include <stdint.h>

#include "platform/text_list.h"
#include "snapshot/section.h"

struct sysroot;

/* Control groups of system services, so that a socket leads to the unit that opened it. */
struct units {
    uint64_t *groups; /* the control group of each name */
    struct text_list names;
    int result; /* why there is no list: a negative errno value, or 0 */
};

/* Reads the control groups below system.slice. The caller clears it. */
void units_read(const struct sysroot *root, struct units *ret_units);
void units_clear(struct units *units);

/*
 * Sets the text fact to the unit's name where the distribution ships that unit; an instance by its
 * template's name. Every other owner stays unnamed.
 */
void units_set_fact(const struct units *units, const struct sysroot *root, uint64_t group,
                    struct facts *facts, const char *fact);
