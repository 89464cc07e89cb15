#include "server-api/keeper/spki.h"

#include <string.h>

#include "platform/cleanup.h"
#include "server-api/openssl_scope.h"
#include "snapshot/signature.h"
#include "tests/support/test.h"

static void new_spki(uint8_t ret_spki[P256_SPKI_SIZE])
{
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;

    assert_int_equal(signing_key_generate(&key, NULL), 0);
    spki_of_key(key, ret_spki);
}

TEST(accepts_a_key_of_ours)
{
    uint8_t spki[P256_SPKI_SIZE];

    new_spki(spki);
    assert_true(spki_is_p256(spki, sizeof(spki)));
    assert_false(spki_is_p256(spki, sizeof(spki) - 1));
    assert_false(spki_is_p256(spki, 0));
}

TEST(refuses_another_curve_whose_name_is_as_long)
{
    AUTO(auto_EVP_PKEY_free) EVP_PKEY *key = EVP_EC_gen("SM2");
    AUTO(auto_openssl_free) unsigned char *spki = NULL;

    assert_non_null(key);
    assert_int_equal(i2d_PUBKEY(key, &spki), P256_SPKI_SIZE);
    assert_false(spki_is_p256(spki, P256_SPKI_SIZE));
}

TEST(refuses_the_hybrid_spelling_of_a_point)
{
    uint8_t spki[P256_SPKI_SIZE];

    new_spki(spki);
    spki[26] = (uint8_t)(6 | (spki[P256_SPKI_SIZE - 1] & 1));
    assert_false(spki_is_p256(spki, sizeof(spki)));
}

TEST(refuses_a_point_that_is_not_on_the_curve)
{
    uint8_t spki[P256_SPKI_SIZE];

    new_spki(spki);
    spki[P256_SPKI_SIZE - 1] ^= 1;
    assert_false(spki_is_p256(spki, sizeof(spki)));
    memset(spki + 27, 0, 64);
    assert_false(spki_is_p256(spki, sizeof(spki)));
    memset(spki + 27, 0xff, 64);
    assert_false(spki_is_p256(spki, sizeof(spki)));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(accepts_a_key_of_ours),
        RUN(refuses_another_curve_whose_name_is_as_long),
        RUN(refuses_the_hybrid_spelling_of_a_point),
        RUN(refuses_a_point_that_is_not_on_the_curve),
    };

    return RUN_ALL(tests);
}
