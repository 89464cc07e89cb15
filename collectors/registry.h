#pragma once

#include "collectors/collector.h"

/* Every collector, in alphabetical order, ended by NULL. */
extern const struct collector *const all_collectors[];

/* The collector of that name, or NULL. */
const struct collector *collector_by_name(const char *name);
