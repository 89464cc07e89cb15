#include "snapshot/crypto_start.h"

#include <openssl/crypto.h>
#include <openssl/rand.h>
#include <stdint.h>
#include <stdlib.h>

void crypto_start(void)
{
    uint64_t without =
        OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ATEXIT;

    /* The usual generator (CTR-DRBG) loads every cipher; this one uses the digest that is there. */
    if (OPENSSL_init_crypto(without, NULL) != 1 ||
        RAND_set_DRBG_type(NULL, "HASH-DRBG", NULL, NULL, "SHA256") != 1)
        abort();
}
