#pragma once

#include <stdbool.h>

#include "platform/text.h"
#include "server-api/http/exchange.h"

/* Adds the head of an answer to out: status line, the headers that every answer of this listener
 * carries, and those of the answer's own. */
void response_write_head(enum listener_kind listener, const struct answer *answer, bool close,
                         struct text *out);
