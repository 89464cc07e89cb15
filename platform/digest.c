#include "platform/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

void digest_of(const void *bytes, size_t length, struct digest *ret_digest)
{
    /* Only a broken libcrypto refuses SHA-256, and nothing can go on without it. */
    if (EVP_Digest(bytes, length, ret_digest->bytes, NULL, EVP_sha256(), NULL) != 1)
        abort();
}

void digest_to_hex(const struct digest *digest, char ret_hex[DIGEST_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < DIGEST_SIZE; i++) {
        ret_hex[2 * i] = digits[digest->bytes[i] >> 4];
        ret_hex[2 * i + 1] = digits[digest->bytes[i] & 15];
    }
    ret_hex[DIGEST_HEX_SIZE - 1] = '\0';
}

bool digest_equal(const struct digest *left, const struct digest *right)
{
    return CRYPTO_memcmp(left->bytes, right->bytes, DIGEST_SIZE) == 0;
}
