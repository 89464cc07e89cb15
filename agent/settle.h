#pragma once

#include <stdbool.h>

#include "platform/error.h"
#include "platform/sysroot.h"

/*
 * Package managers hold a lock while they work (fcntl(2)). Looking at them only half way through
 * gives facts that are true for seconds, so a check-in after a change waits for the end.
 */

/* Whether a package manager is at work; a lock that is not there is not held. */
int settle_is_busy(const struct sysroot *root, bool *ret_busy, struct error *err);

/* Waits until none is, at most for half an hour: -ETIMEDOUT. The lock itself is never taken. */
int settle_wait(const struct sysroot *root, struct error *err);
