#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

/* Bytes as text and back: hexadecimal in lower case, base64 and base64url (RFC 4648). */

void hex_encode(const void *bytes, size_t length, struct text *out);

/* Exactly size bytes from 2*size digits of lower case; false on anything else. */
bool hex_decode(const char *digits, size_t length, uint8_t *ret_bytes, size_t size);

/* base64url without padding, as JWS uses it (RFC 7515, 2). */
void base64url_encode(const void *bytes, size_t length, struct text *out);

/* Adds the bytes to out. False on a foreign character, padding, or unused bits that are not 0. */
bool base64url_decode(const char *encoded, size_t length, struct text *out);

/* base64 with padding and no line breaks (RFC 4648, 4). */
void base64_encode(const void *bytes, size_t length, struct text *out);

/* Adds the bytes to out. Skips CR, LF, space and tab (RFC 8951, 3.1); false on anything else. */
bool base64_decode(const char *encoded, size_t length, struct text *out);
