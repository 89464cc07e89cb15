#pragma once

#include <stddef.h>

#include "platform/error.h"

struct text;

/* One zstd frame in memory (RFC 8878). */

/* Adds the frame of these bytes, with their size in it. */
void zstd_encode(const void *bytes, size_t length, struct text *out);

/*
 * Adds the bytes of a frame. It must state its size, at most max_decoded (else -EFBIG), decode to
 * exactly that, and end where the input ends (else -EBADMSG). Nothing is allocated before the size
 * is known to be within bounds.
 */
int zstd_decode(const void *frame, size_t length, size_t max_decoded, struct text *out,
                struct error *err);
