#pragma once

#include <stdint.h>

#include "platform/text.h"

/* Times in words, in the reader's time zone. Durations round down; after 30 days the date says
 * more. */

/* "just now", "5 minutes ago", "24 days ago", "on 3 March", "on 3 March 2025" */
void when_ago(int64_t time, int64_t now, struct text *out);
/* "just now", "5 minutes", "24 days", "3 March", "Mar 2025": at most 12 columns */
void when_since(int64_t time, int64_t now, struct text *out);
/* "3 March" */
void when_date(int64_t time, struct text *out);
/* "19:42" */
void when_clock(int64_t time, struct text *out);
