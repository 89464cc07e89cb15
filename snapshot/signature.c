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

#define PEM_MAX_SIZE 16384U

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

static bool only_space_left(BIO *bio)
{
    char byte;

    while (BIO_read(bio, &byte, 1) == 1)
        if (byte == '\0' || strchr(" \t\r\n", byte) == NULL)
            return false;
    return true;
}

int crypto_read_pem(const char *pem, size_t length, const char *label, unsigned char **ret_der,
                    long *ret_length, struct error *err)
{
    AUTO(auto_BIO_free) BIO *bio = NULL;
    AUTO(auto_openssl_free) char *name = NULL;
    AUTO(auto_openssl_free) char *header = NULL;
    AUTO(auto_openssl_free) unsigned char *der = NULL;
    long der_length = 0;

    if (length > PEM_MAX_SIZE)
        return error_set(err, EFBIG, "PEM: larger than %u bytes", PEM_MAX_SIZE);
    bio = BIO_new_mem_buf(pem, (int)length);
    if (bio == NULL || PEM_read_bio(bio, &name, &header, &der, &der_length) != 1)
        return crypto_refuse(err, EBADMSG, "PEM: no complete block \"%s\"", label);
    if (strcmp(name, label) != 0 || header[0] != '\0')
        return crypto_refuse(err, EBADMSG, "PEM: a block \"%.40s\" where \"%s\" belongs", name,
                             label);
    if (!only_space_left(bio))
        return crypto_refuse(err, EBADMSG, "PEM: something after the block \"%s\"", label);
    *ret_der = TAKE(der);
    *ret_length = der_length;
    return 0;
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

static int key_from_der(const unsigned char *der, long length, struct signing_key **ret_key,
                        struct error *err)
{
    const unsigned char *end = der;
    AUTO(auto_PKCS8_PRIV_KEY_INFO_free)
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &end, length);
    AUTO(auto_EVP_PKEY_free) EVP_PKEY *pkey = NULL;

    if (info == NULL || end != der + length)
        return crypto_refuse(err, EBADMSG, "private key: no PKCS#8 key");
    pkey = EVP_PKCS82PKEY(info);
    if (!crypto_is_p256(pkey))
        return crypto_refuse(err, EBADMSG, "private key: not on the named curve P-256");
    if (!consistent(pkey))
        return crypto_refuse(err, EBADMSG, "private key: its two halves do not fit");
    *ret_key = wrap(TAKE(pkey));
    return 0;
}

int signing_key_from_pem(const char *pem, size_t length, struct signing_key **ret_key,
                         struct error *err)
{
    unsigned char *der = NULL;
    long der_length = 0;
    int r = crypto_read_pem(pem, length, PEM_STRING_PKCS8INF, &der, &der_length, err);

    if (r < 0)
        return r;
    r = key_from_der(der, der_length, ret_key, err);
    OPENSSL_clear_free(der, (size_t)der_length);
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
