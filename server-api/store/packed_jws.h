#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "platform/text.h"

/*
 * A compact JWS in two pieces that take less room: what many of them share, and its own rest, both
 * without base64url. Putting them together gives the same bytes again, every one of them: a JWS of
 * which that is not so is not packed.
 */

#define PACKED_SIGNATURE_SIZE 64U /* all that a packed receipt has of its own */

/* Texts that are known when it is read again, too; where they stand in the payload is a hole. */
enum packed_value {
    PACKED_MACHINE,
    PACKED_HASH, /* hexadecimal, as is the state */
    PACKED_RECEIVED_AT,
    PACKED_NONCE,
    PACKED_STATE,
};
#define PACKED_VALUE_COUNT 5

struct packed_values {
    const char *texts[PACKED_VALUE_COUNT]; /* "" for one that is not there */
};

struct packed_jws {
    struct text shared;
    struct text own;
};
void packed_jws_clear(struct packed_jws *packed);

/*
 * Without values (NULL) the header is shared and payload and signature are its own; with values the
 * payload with its holes is shared as well. False when it cannot be given back byte for byte: then
 * it has to be kept as it is. The caller clears it either way.
 */
bool packed_jws_make(const char *compact, size_t length, const struct packed_values *values,
                     struct packed_jws *ret_packed);

/* Adds the compact JWS. False when the pieces are none of packed_jws_make(). */
bool packed_jws_write(const struct text *shared, const struct text *own,
                      const struct packed_values *values, struct text *out);
