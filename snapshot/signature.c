#include "snapshot/signature.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "snapshot/crypto.h"

#define SECRET_SIZE 32
#define POINT_SIZE  65

/* A P-256 key in PKCS#8 (RFC 5958, RFC 5915 with the public half), around its two numbers. */
static const uint8_t before_secret[] = {0x30, 0x81, 0x87, 0x02, 0x01, 0x00, 0x30, 0x13, 0x06,
                                        0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06,
                                        0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07,
                                        0x04, 0x6d, 0x30, 0x6b, 0x02, 0x01, 0x01, 0x04, 0x20};
static const uint8_t before_point[] = {0xa1, 0x44, 0x03, 0x42, 0x00};
#define POINT_AT (sizeof(before_secret) + SECRET_SIZE + sizeof(before_point))
#define DER_SIZE (POINT_AT + POINT_SIZE)

int crypto_refuse(struct error *err, int code, const char *format, ...)
{
    char message[sizeof(err->message)];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    ERR_clear_error();
    return error_set(err, code, "%s", message);
}

bool crypto_is_p256(const EVP_PKEY *key)
{
    char group[64] = "";
    int explicit_parameters = 1;

    return key != NULL && EVP_PKEY_is_a(key, "EC") == 1 &&
           EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
           strcmp(group, SN_X9_62_prime256v1) == 0 &&
           EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                  &explicit_parameters) == 1 &&
           explicit_parameters == 0;
}

void crypto_spki_digest(const EVP_PKEY *key, struct digest *ret_digest)
{
    AUTO(auto_openssl_free) unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);

    /* A key that was made or read and checked can be written; what remains is no memory. */
    if (length <= 0)
        abort();
    digest_of(der, (size_t)length, ret_digest);
}

/* Takes over the OpenSSL key. */
static struct signing_key *wrap(EVP_PKEY *pkey)
{
    struct signing_key *key = must_allocate(1, sizeof(*key));

    key->pkey = pkey;
    return key;
}

int signing_key_generate(struct signing_key **ret_key, struct error *err)
{
    EVP_PKEY *pkey = EVP_EC_gen(SN_X9_62_prime256v1);

    if (pkey == NULL)
        return crypto_refuse(err, EIO, "cannot generate a P-256 key");
    *ret_key = wrap(pkey);
    return 0;
}

static bool consistent(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    bool ok = context != NULL && EVP_PKEY_pairwise_check(context) == 1;

    EVP_PKEY_CTX_free(context);
    return ok;
}

/* In the order of bytes that OSSL_PARAM wants for a number. */
static bool to_native_number(const uint8_t secret[SECRET_SIZE], uint8_t ret_native[SECRET_SIZE])
{
    BIGNUM *number = BN_bin2bn(secret, SECRET_SIZE, NULL);
    bool ok = number != NULL && BN_bn2nativepad(number, ret_native, SECRET_SIZE) == SECRET_SIZE;

    BN_clear_free(number);
    return ok;
}

static EVP_PKEY *key_from_numbers(const uint8_t secret[SECRET_SIZE],
                                  const uint8_t point[POINT_SIZE])
{
    char curve[] = SN_X9_62_prime256v1;
    uint8_t native[SECRET_SIZE] = {0}, public_half[POINT_SIZE];
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *pkey = NULL;
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, public_half, POINT_SIZE),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native, SECRET_SIZE),
        OSSL_PARAM_construct_end(),
    };

    memcpy(public_half, point, POINT_SIZE);
    if (context == NULL || !to_native_number(secret, native) ||
        EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_KEYPAIR, parameters) != 1)
        pkey = NULL;
    OPENSSL_cleanse(native, sizeof(native));
    EVP_PKEY_CTX_free(context);
    return pkey;
}

/*
 * Only the one form that signing_key_to_pem() and OpenSSL's own programs write. OpenSSL's decoder
 * for every form of every key loads half of libcrypto: 0.4 MiB and 1 ms at each look.
 */
static int key_from_der(const uint8_t *der, size_t length, struct signing_key **ret_key,
                        struct error *err)
{
    AUTO(auto_EVP_PKEY_free) EVP_PKEY *pkey = NULL;

    if (length != DER_SIZE || memcmp(der, before_secret, sizeof(before_secret)) != 0 ||
        memcmp(der + POINT_AT - sizeof(before_point), before_point, sizeof(before_point)) != 0)
        return error_set(err, EBADMSG,
                         "private key: no PKCS#8 key on the named curve P-256 with both halves");
    pkey = key_from_numbers(der + sizeof(before_secret), der + POINT_AT);
    if (pkey == NULL || !crypto_is_p256(pkey) || !consistent(pkey))
        return crypto_refuse(err, EBADMSG, "private key: its two halves do not fit");
    *ret_key = wrap(TAKE(pkey));
    return 0;
}

int signing_key_from_pem(const char *pem, size_t length, struct signing_key **ret_key,
                         struct error *err)
{
    AUTO(text_clear) struct text der = {0};
    int r = crypto_read_pem(pem, length, "PRIVATE KEY", &der, err);

    if (r == 0)
        r = key_from_der((const uint8_t *)der.bytes, der.length, ret_key, err);
    if (der.length > 0)
        explicit_bzero(der.bytes, der.length);
    return r;
}

int signing_key_to_pem(const struct signing_key *key, struct text *out, struct error *err)
{
    AUTO(auto_BIO_free) BIO *bio = BIO_new(BIO_s_secmem());
    char *pem = NULL;
    long length;

    if (bio == NULL ||
        PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) != 1)
        return crypto_refuse(err, EIO, "cannot write a private key");
    length = BIO_get_mem_data(bio, &pem);
    text_add(out, pem, (size_t)length);
    return 0;
}

void signing_key_free(struct signing_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

void auto_signing_key_free(struct signing_key **key)
{
    signing_key_free(*key);
}

void signing_key_spki_digest(const struct signing_key *key, struct digest *ret_digest)
{
    crypto_spki_digest(key->pkey, ret_digest);
}

int signing_key_request(const struct signing_key *key, struct text *out_der, struct error *err)
{
    AUTO(auto_X509_REQ_free) X509_REQ *request = X509_REQ_new();
    AUTO(auto_openssl_free) unsigned char *der = NULL;
    int length;

    if (request == NULL || X509_REQ_set_version(request, X509_REQ_VERSION_1) != 1 ||
        X509_REQ_set_pubkey(request, key->pkey) != 1 ||
        X509_REQ_sign(request, key->pkey, EVP_sha256()) <= 0)
        return crypto_refuse(err, EIO, "cannot sign a certificate request");
    length = i2d_X509_REQ(request, &der);
    if (length <= 0)
        return crypto_refuse(err, EIO, "cannot write a certificate request");
    text_add(out_der, der, (size_t)length);
    return 0;
}

void *signing_key_openssl(const struct signing_key *key)
{
    return key->pkey;
}
