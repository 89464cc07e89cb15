#pragma once

#include <stdbool.h>

#include "platform/error.h"

/*
 * What the process may do. Collect keeps two capabilities until what needs them is open:
 * CAP_DAC_READ_SEARCH (other users' files, read only) and CAP_NET_ADMIN (the firewall's rules).
 */

/* Gives up every capability for good; nothing executed later gets one back. */
int privileges_drop(struct error *err);

/*
 * For a process started by root: becomes the user, with its own group and no other, and keeps the
 * capabilities of collect when asked to. A process that is this user already keeps what it has;
 * any other fails with -EPERM and what to do.
 */
int privileges_become(const char *user, bool for_collect, struct error *err);
