#pragma once

#include "snapshot/section.h"

struct sysroot;

/* Every choice of the fact "virtualization", ended by NULL. */
extern const char *const virtualization_choices[];

/*
 * The hypervisor that the firmware's names tell, "none" when they tell of none, or NULL with the
 * reason. A provider may encrypt what we see as a plain disk; only advice may depend on it.
 */
const char *virtualization_read(const struct sysroot *root, enum unknown_reason *ret_reason);
