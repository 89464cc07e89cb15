#include "server-api/keeper/spki.h"

#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "server-api/openssl_scope.h"
#include "snapshot/signature.h"

/* SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING { 04, x, y } } up to the point. */
static const uint8_t prefix[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};

bool spki_is_p256(const uint8_t *spki, size_t length)
{
    const unsigned char *next = spki;
    AUTO(auto_EVP_PKEY_free) EVP_PKEY *key = NULL;

    if (length != P256_SPKI_SIZE || memcmp(spki, prefix, sizeof(prefix)) != 0)
        return false;
    /* OpenSSL refuses a point that is not on the curve. */
    key = d2i_PUBKEY(NULL, &next, (long)length);
    ERR_clear_error();
    return key != NULL;
}

void spki_of_key(const struct signing_key *key, uint8_t ret_spki[P256_SPKI_SIZE])
{
    AUTO(auto_openssl_free) unsigned char *der = NULL;

    /* Keys of ours are on P-256 with the curve's name; what remains is no memory. */
    if (i2d_PUBKEY(signing_key_openssl(key), &der) != P256_SPKI_SIZE)
        abort();
    memcpy(ret_spki, der, P256_SPKI_SIZE);
}
