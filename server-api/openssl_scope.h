#pragma once

/* OpenSSL's objects with scope, for the parts of the server that make or take apart X.509: for
 * AUTO(), auto_X509_free and so on. */

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define DEFINE_AUTO_FREE(type)                                                                     \
    static inline void auto_##type##_free(type **object) /* NOLINT(bugprone-macro-parentheses) */  \
    {                                                                                              \
        type##_free(*object);                                                                      \
    }
DEFINE_AUTO_FREE(EVP_PKEY)
DEFINE_AUTO_FREE(GENERAL_NAME)
DEFINE_AUTO_FREE(GENERAL_NAMES)
DEFINE_AUTO_FREE(PKCS7)
DEFINE_AUTO_FREE(X509)
DEFINE_AUTO_FREE(X509_EXTENSION)
DEFINE_AUTO_FREE(X509_REQ)
#undef DEFINE_AUTO_FREE

static inline void auto_openssl_free(void *pointer_to_variable)
{
    OPENSSL_free(*(void **)pointer_to_variable);
}
