#pragma once

#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"
#include "server-api/keeper/spki.h"

#define CSR_TEXT_MAX 16384U
#define CSR_MAX      4096U

/*
 * Reads a certificate request (PKCS#10, RFC 2986) as EST sends it: base64 without a frame (RFC
 * 8951, 3.1). What counts is its key, which must be on P-256, and the proof that the sender has the
 * other half; subject, names and extensions are ignored. -EFBIG above the limits, -EBADMSG with
 * words for everything else.
 */
int csr_read(const void *body, size_t length, uint8_t ret_spki[P256_SPKI_SIZE], struct error *err);
