#pragma once

#include <stddef.h>

#include "agent/layout.h"
#include "platform/error.h"

/* What became of one run. */
struct send_result {
    size_t answered; /* snapshots with an answer that may be a receipt */
    size_t waiting;  /* snapshots that still have none */
};

/*
 * Sends what is in the outbox, oldest first, over one connection, and writes what looks like
 * receipts to receipts/. Stops at the first failure of the network and where the server asks to
 * wait; then the error says why. Deletes nothing in the outbox and verifies no receipt: that is
 * for collect, which trusts nothing of what is written here.
 */
int send_outbox(const struct layout *layout, struct send_result *ret_result, struct error *err);
