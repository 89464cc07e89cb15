#pragma once

#include <stdbool.h>

#include "platform/error.h"

struct sysroot;

/*
 * Whether anything in the kernel uses the null cipher, which encrypts nothing. A mapping that
 * uses a cipher holds a reference to it, which /proc/crypto counts; so when nothing does, no
 * mapping on this machine is encrypted in name only. IPsec may hold one too.
 */
int kernel_uses_null_cipher(const struct sysroot *root, bool *ret_uses, struct error *err);

/* Fails with -EBADMSG when the text is not a complete list. Exposed for tests and fuzzing. */
int kernel_ciphers_parse(const char *text, bool *ret_uses_null, struct error *err);
