#include "server-api/http/tls.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <string.h>

#include "platform/cleanup.h"
#include "server-api/http/client_trust.h"
#include "server-api/openssl_scope.h"
#include "snapshot/record_padding.h"

#define GROUPS                "X25519:P-256"
#define CERTIFICATE_LIST_SIZE 16384
/* As ALPN writes it (RFC 7301, 3.1), with its length before it. */
#define PROTOCOL "\x08http/1.1"

static void auto_ssl_ctx_free(SSL_CTX **context)
{
    SSL_CTX_free(*context);
}

static int choose_protocol(SSL *ssl, const unsigned char **ret_protocol, unsigned char *ret_length,
                           const unsigned char *offered, unsigned int length, void *context)
{
    static const unsigned char ours[] = PROTOCOL;
    unsigned char *chosen = NULL;

    (void)ssl;
    (void)context;
    if (SSL_select_next_proto(&chosen, ret_length, ours, sizeof(ours) - 1, offered, length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *ret_protocol = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static size_t pad(SSL *ssl, int content_type, size_t length, void *argument)
{
    (void)ssl;
    (void)argument;
    return record_padding(content_type, length);
}

static bool set_protocol(SSL_CTX *context)
{
    char groups[] = GROUPS; /* OpenSSL 3.0 wants it without const */

    (void)SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                           SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(context, CERTIFICATE_LIST_SIZE);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    SSL_CTX_set_record_padding_callback(context, pad);
    return SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_max_proto_version(context, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set1_groups_list(context, groups) == 1 &&
           SSL_CTX_set_num_tickets(context, 0) == 1 && SSL_CTX_set_max_early_data(context, 0) == 1;
}

static bool set_identity(SSL_CTX *context, const struct tls_identity *identity)
{
    return SSL_CTX_use_certificate(context, certificate_openssl(identity->leaf)) == 1 &&
           SSL_CTX_use_PrivateKey(context, signing_key_openssl(identity->key)) == 1 &&
           SSL_CTX_check_private_key(context) == 1 &&
           SSL_CTX_add1_chain_cert(context, certificate_openssl(identity->intermediate)) == 1;
}

int tls_context_new(enum listener_kind kind, const struct tls_identity *identity,
                    struct ssl_ctx_st **ret_context, struct error *err)
{
    AUTO(auto_ssl_ctx_free) SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    bool ok = context != NULL && set_protocol(context) && set_identity(context, identity) &&
              (kind != LISTENER_AGENTS || client_trust_set(context, identity->intermediate));

    ERR_clear_error();
    if (!ok)
        return error_set(err, EIO, "OpenSSL cannot set TLS up");
    *ret_context = TAKE(context);
    return 0;
}

static int read_leaf(const SSL *ssl, struct certificate **ret_leaf)
{
    X509 *x509 = SSL_get0_peer_certificate(ssl);

    return x509 == NULL ? -ENOENT : certificate_from_openssl(x509, ret_leaf, NULL);
}

/* Names come from the leaf alone: the other certificates of a chain prove nothing about who is at
 * the other end. */
void tls_read_peer(const struct ssl_st *ssl, struct peer *peer)
{
    AUTO(auto_certificate_free) struct certificate *leaf = NULL;

    peer->has_certificate = false;
    if (SSL_get_verify_result(ssl) != X509_V_OK || read_leaf(ssl, &leaf) < 0 ||
        certificate_purpose(leaf) != CERTIFICATE_TLS_CLIENT ||
        certificate_machine(leaf, peer->organisation, peer->machine, NULL) < 0)
        return;
    certificate_spki_digest(leaf, &peer->spki);
    peer->has_certificate = true;
}
