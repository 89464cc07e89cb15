#pragma once

#include <stdint.h>

#include "platform/error.h"
#include "platform/text.h"

struct store;

/* The number of a text that many rows of the organisation share, which is added when it is new.
 * Only inside a transaction that writes. */
int shared_text_keep(struct store *store, const char *organisation, const struct text *text,
                     int64_t *ret_number, struct error *err);
