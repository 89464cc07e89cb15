#pragma once

#include <stdbool.h>
#include <sys/socket.h>

/*
 * How many connections each source has open: an IPv4 address, or the /56 that an IPv6 connection
 * comes from, since that is what one household or office gets. Loopback is not counted: the
 * machine's own programs and proxies share it. Thread-safe.
 */
#define SOURCE_CONNECTIONS_MAX 32U
#define TOTAL_CONNECTIONS_MAX  4096U

struct source_count;

struct source_count *source_count_new(void);
void source_count_free(struct source_count *count);

/* Counts one more; false, and not counted, when the source or the server has too many. */
bool source_count_add(struct source_count *count, const struct sockaddr *address);
void source_count_remove(struct source_count *count, const struct sockaddr *address);
unsigned source_count_total(struct source_count *count);

bool source_is_loopback(const struct sockaddr *address);
