#pragma once

#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"

struct text;

/*
 * What the uploader remembers between runs, in receipts/: until when the server asked to wait, and
 * the time that its last receipt named. Neither is trusted: they can only delay by hours.
 */
#define PATIENCE_SHORTEST 30U
#define PATIENCE_LONGEST  21600U /* six hours */

/* Remembers to wait, brought into these bounds. */
void patience_ask(int receipts, int64_t now, uint64_t seconds);

/* -EAGAIN and until when, while the time has not come. */
int patience_check(int receipts, int64_t now, struct error *err);

/* Remembers the time in a receipt, and answers it; 0 while there was none. */
void patience_note_time(int receipts, const struct text *receipt);
int64_t patience_server_time(int receipts);
