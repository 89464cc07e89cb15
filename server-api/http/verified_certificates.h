#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "platform/digest.h"

/*
 * Client certificates whose chain was verified, by the SHA-256 of their whole DER: a machine comes
 * with the same bytes for weeks, and one verification costs a tenth of a check-in. It remembers
 * nothing about a machine but that our intermediate signed these bytes: TLS still demands proof of
 * the key at every handshake, and the store is still asked for the machine at every request.
 * Thread-safe; two certificates with one place take it from each other.
 */
struct verified_certificates;

#define VERIFIED_CERTIFICATES_MAX 16384U /* of 48 bytes */

struct verified_certificates *verified_certificates_new(void);
void verified_certificates_free(struct verified_certificates *cache);

/* The certificate verified, and it does between these two times. */
void verified_certificates_add(struct verified_certificates *cache, const struct digest *digest,
                               int64_t not_before, int64_t not_after);

/* Whether exactly these bytes verified before, and now is a time at which they do. */
bool verified_certificates_has(struct verified_certificates *cache, const struct digest *digest,
                               int64_t now);
