#pragma once

#include <stddef.h>

#include "platform/error.h"

struct certificate;
struct text;

/*
 * Adds certificates as EST answers them: SignedData with nothing signed in it (RFC 5652, 5; RFC
 * 7030, 4.1.3), in base64 with a line break after every 64 characters.
 */
int certificates_only_write(const struct certificate *const *certificates, size_t count,
                            struct text *out, struct error *err);
