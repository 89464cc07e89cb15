#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DIGEST_SIZE     32U
#define DIGEST_HEX_SIZE 65U /* with its NUL */

/* A SHA-256 value (FIPS 180-4). */
struct digest {
    uint8_t bytes[DIGEST_SIZE];
};

void digest_of(const void *bytes, size_t length, struct digest *ret_digest);

/* The digest as 64 lower-case hexadecimal digits and a NUL. */
void digest_to_hex(const struct digest *digest, char ret_hex[DIGEST_HEX_SIZE]);

/* Whether two are the same, in a time that does not depend on what they hold. */
bool digest_equal(const struct digest *left, const struct digest *right);
