#pragma once

/* What signature.c, certificate.c and jws.c share: OpenSSL's objects with scope, and their insides.
 */

#include <openssl/bio.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stddef.h>

#include "platform/attributes.h"
#include "platform/error.h"
#include "platform/text.h"
#include "snapshot/signature.h"

#define CERTIFICATE_PEM_LABEL "CERTIFICATE"

struct signing_key {
    EVP_PKEY *pkey;
};

struct certificate {
    X509 *x509;
    struct text der; /* as it came */
    enum certificate_purpose purpose;
    int64_t not_before;
    int64_t not_after;
};

/* For AUTO(): auto_X509_free and so on. */
#define DEFINE_AUTO_FREE(type)                                                                     \
    static inline void auto_##type##_free(type **object) /* NOLINT(bugprone-macro-parentheses) */  \
    {                                                                                              \
        type##_free(*object);                                                                      \
    }
DEFINE_AUTO_FREE(BIO)
DEFINE_AUTO_FREE(ECDSA_SIG)
DEFINE_AUTO_FREE(EVP_MD_CTX)
DEFINE_AUTO_FREE(EVP_PKEY)
DEFINE_AUTO_FREE(EXTENDED_KEY_USAGE)
DEFINE_AUTO_FREE(PKCS8_PRIV_KEY_INFO)
DEFINE_AUTO_FREE(X509)
DEFINE_AUTO_FREE(X509_REQ)
DEFINE_AUTO_FREE(X509_STORE)
DEFINE_AUTO_FREE(X509_STORE_CTX)
#undef DEFINE_AUTO_FREE

static inline void auto_openssl_free(void *pointer_to_variable)
{
    OPENSSL_free(*(void **)pointer_to_variable);
}

/* As error_set(), and empties OpenSSL's queue, which TLS code of the thread would take for its own.
 */
int crypto_refuse(struct error *err, int code, const char *format, ...) PRINTF_LIKE(3, 4);

/* An elliptic curve key on P-256, said by name. */
bool crypto_is_p256(const EVP_PKEY *key);

/* SHA-256 of the DER SubjectPublicKeyInfo of a key. */
void crypto_spki_digest(const EVP_PKEY *key, struct digest *ret_digest);

/* Adds the content of one PEM block with this label and nothing around it but white space. */
int crypto_read_pem(const char *pem, size_t length, const char *label, struct text *out_der,
                    struct error *err);
