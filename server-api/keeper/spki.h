#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The DER of a SubjectPublicKeyInfo with an uncompressed point on P-256, which has one form only
 * (RFC 5480, 2). */
#define P256_SPKI_SIZE 91U

struct signing_key;

/* Whether it is exactly that form, with the curve said by name, and the point is on the curve. */
bool spki_is_p256(const uint8_t *spki, size_t length);

/* Of a key of our own. */
void spki_of_key(const struct signing_key *key, uint8_t ret_spki[P256_SPKI_SIZE]);
