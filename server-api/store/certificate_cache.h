#pragma once

#include <stddef.h>

#include "platform/digest.h"
#include "snapshot/signature.h"

/*
 * Signing certificates that one store handle has decoded: OpenSSL takes longer over that than over
 * verifying a signature. It answers only for exactly the DER that is asked for, which the caller
 * has just read from the database, so it can never keep a certificate alive.
 */
struct certificate_cache;

#define CERTIFICATE_CACHE_MAX 1024U

struct certificate_cache *certificate_cache_new(void);
void certificate_cache_free(struct certificate_cache *cache);

/*
 * The certificate with this DER. key chooses its place: a digest that belongs to the machine. The
 * certificate stays the cache's and lives until the next call. Fails as certificate_from_der().
 */
int certificate_cache_get(struct certificate_cache *cache, const struct digest *key,
                          const void *der, size_t length,
                          const struct certificate **ret_certificate, struct error *err);
