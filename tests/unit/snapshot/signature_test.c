#include "snapshot/signature.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "tests/support/test.h"

/* The PEM of a private key that libcrypto made, as any other program would write it. */
static void write_pem(EVP_PKEY *pkey, bool traditional, const EVP_CIPHER *cipher, struct text *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL, *passphrase = cipher == NULL ? NULL : (char[]){"secret"};
    int passphrase_length = passphrase == NULL ? 0 : 6;
    long length;

    if (traditional)
        assert_int_equal(PEM_write_bio_PrivateKey_traditional(bio, pkey, NULL, NULL, 0, NULL, NULL),
                         1);
    else
        assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, pkey, cipher, passphrase,
                                                       passphrase_length, NULL, NULL),
                         1);
    length = BIO_get_mem_data(bio, &pem);
    text_add(out, pem, (size_t)length);
    BIO_free(bio);
}

static int read_key(const struct text *pem)
{
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    struct error err = {0};
    int r = signing_key_from_pem(text_string(pem), pem->length, &key, &err);

    if (r < 0) {
        assert_null(key);
        assert_string_not_equal(err.message, "");
    }
    return r;
}

TEST(a_key_written_and_read_is_the_same_key)
{
    AUTO(auto_signing_key_free) struct signing_key *key = NULL, *again = NULL;
    AUTO(text_clear) struct text pem = {0};
    struct digest first, second;

    assert_int_equal(signing_key_generate(&key, NULL), 0);
    assert_int_equal(signing_key_to_pem(key, &pem, NULL), 0);
    assert_memory_equal(pem.bytes, "-----BEGIN PRIVATE KEY-----\n", 28);
    assert_int_equal(signing_key_from_pem(pem.bytes, pem.length, &again, NULL), 0);
    signing_key_spki_digest(key, &first);
    signing_key_spki_digest(again, &second);
    assert_memory_equal(first.bytes, second.bytes, DIGEST_SIZE);
}

TEST(refuses_a_key_cut_off_or_with_something_behind_it)
{
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(text_clear) struct text pem = {0};
    size_t whole;

    assert_int_equal(signing_key_generate(&key, NULL), 0);
    assert_int_equal(signing_key_to_pem(key, &pem, NULL), 0);
    whole = pem.length;
    text_add_string(&pem, "more");
    assert_int_equal(read_key(&pem), -EBADMSG);
    for (size_t length = whole - 2; length > 4; length -= 4) {
        text_truncate(&pem, length);
        assert_int_equal(read_key(&pem), -EBADMSG);
    }
}

TEST(refuses_another_curve_and_another_algorithm)
{
    EVP_PKEY *keys[] = {EVP_EC_gen("P-384"), EVP_EC_gen("secp256k1"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        AUTO(text_clear) struct text pem = {0};

        write_pem(keys[i], false, NULL, &pem);
        assert_int_equal(read_key(&pem), -EBADMSG);
        EVP_PKEY_free(keys[i]);
    }
}

TEST(refuses_the_curve_spelled_out_in_numbers)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    AUTO(text_clear) struct text pem = {0};

    assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING,
                                                    OSSL_PKEY_EC_ENCODING_EXPLICIT),
                     1);
    write_pem(pkey, false, NULL, &pem);
    assert_int_equal(read_key(&pem), -EBADMSG);
    EVP_PKEY_free(pkey);
}

TEST(refuses_other_containers_and_passphrases)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    AUTO(text_clear) struct text pem = {0};

    write_pem(pkey, true, NULL, &pem);
    assert_int_equal(read_key(&pem), -EBADMSG);
    text_truncate(&pem, 0);
    write_pem(pkey, false, EVP_aes_128_cbc(), &pem);
    assert_int_equal(read_key(&pem), -EBADMSG);
    EVP_PKEY_free(pkey);
}

TEST(refuses_a_key_whose_halves_do_not_fit_or_are_not_both_there)
{
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(text_clear) struct text pem = {0}, swapped = {0};
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    const char *line;

    assert_int_equal(signing_key_generate(&key, NULL), 0);
    assert_int_equal(signing_key_to_pem(key, &pem, NULL), 0);
    line = strchr(text_string(&pem), '\n') + 1;
    text_add(&swapped, pem.bytes, pem.length);
    /* Four digits of base64 in the middle of the secret half. */
    for (size_t i = 0; i < 4; i++)
        swapped.bytes[(size_t)(line - pem.bytes) + 56 + i] = "abcd"[i];
    assert_int_equal(read_key(&swapped), -EBADMSG);
    assert_int_equal(EVP_PKEY_set_int_param(pkey, OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, 0), 1);
    text_truncate(&pem, 0);
    write_pem(pkey, false, NULL, &pem);
    assert_int_equal(read_key(&pem), -EBADMSG);
    EVP_PKEY_free(pkey);
}

TEST(a_request_has_no_subject_and_proves_possession)
{
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(text_clear) struct text der = {0};
    const unsigned char *end;
    X509_REQ *request;

    assert_int_equal(signing_key_generate(&key, NULL), 0);
    assert_int_equal(signing_key_request(key, &der, NULL), 0);
    end = (const unsigned char *)der.bytes;
    request = d2i_X509_REQ(NULL, &end, (long)der.length);
    assert_non_null(request);
    assert_ptr_equal(end, der.bytes + der.length);
    assert_int_equal(X509_NAME_entry_count(X509_REQ_get_subject_name(request)), 0);
    assert_int_equal(X509_REQ_verify(request, signing_key_openssl(key)), 1);
    X509_REQ_free(request);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_key_written_and_read_is_the_same_key),
        RUN(refuses_a_key_cut_off_or_with_something_behind_it),
        RUN(refuses_another_curve_and_another_algorithm),
        RUN(refuses_the_curve_spelled_out_in_numbers),
        RUN(refuses_other_containers_and_passphrases),
        RUN(refuses_a_key_whose_halves_do_not_fit_or_are_not_both_there),
        RUN(a_request_has_no_subject_and_proves_possession),
    };

    return RUN_ALL(tests);
}
