#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT_SIZE 21U /* "2026-11-23T17:30:00Z" with its NUL */

/* Seconds since 1970 (UTC) by the machine's clock, which may be wrong. */
int64_t clock_now(void);

/* Seconds since the machine started, sleep included (CLOCK_BOOTTIME). */
int64_t clock_since_boot(void);

/* Microseconds of CPU time that this process used. */
int64_t clock_cpu_microseconds(void);

/* Seconds as RFC 3339 UTC. Years outside 0000 to 9999 become the nearest that fits. */
void clock_to_text(int64_t seconds, char ret_text[CLOCK_TEXT_SIZE]);

/* Reads exactly the form that clock_to_text writes; false on anything else. */
bool clock_from_text(const char *text, size_t length, int64_t *ret_seconds);
