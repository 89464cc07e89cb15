#include "agent/identity_tls.h"

#include <errno.h>
#include <openssl/ssl.h>

#include "agent/identity.h"
#include "platform/cleanup.h"
#include "platform/text.h"
#include "snapshot/record_padding.h"

static void auto_x509_free(X509 **certificate)
{
    X509_free(*certificate);
}

/* The key goes in as an object, never as a file name: a TPM may be behind it later. */
static bool use_identity(SSL_CTX *context, const struct identity *identity)
{
    AUTO(text_clear) struct text der = {0};
    AUTO(auto_x509_free) X509 *certificate = NULL;
    const unsigned char *start;

    certificate_to_der(identity->certificate, &der);
    start = (const unsigned char *)der.bytes;
    certificate = d2i_X509(NULL, &start, (long)der.length);
    return certificate != NULL && SSL_CTX_use_certificate(context, certificate) == 1 &&
           SSL_CTX_use_PrivateKey(context, signing_key_openssl(identity->key)) == 1;
}

static size_t pad(SSL *ssl, int content_type, size_t length, void *argument)
{
    (void)ssl;
    (void)argument;
    return record_padding(content_type, length);
}

int identity_configure_tls(void *ssl_ctx, void *tls_setup)
{
    const struct tls_setup *setup = tls_setup;
    SSL_CTX *context = ssl_ctx;

    (void)SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_record_padding_callback(context, pad);
    if (SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1)
        return -EPROTO;
    if (setup->verify_time != 0)
        X509_VERIFY_PARAM_set_time(SSL_CTX_get0_param(context), setup->verify_time);
    return setup->identity == NULL || use_identity(context, setup->identity) ? 0 : -EPROTO;
}
