#include "server-api/http/client_trust.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <stdlib.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/memory.h"
#include "server-api/http/verified_certificates.h"
#include "server-api/openssl_scope.h"
#include "snapshot/signature.h"

#define CHAIN_DEPTH 2

/* Belongs to its SSL_CTX, because what was verified was verified against that one's trust. */
struct client_trust {
    struct verified_certificates *verified;
    int64_t not_before; /* of the issuer: what it issued holds no longer than itself */
    int64_t not_after;
};

static int slot = -1; /* of an SSL_CTX, for its client_trust */

/* Called by OpenSSL when an SSL_CTX ends. */
static void release(void *context, void *trust, CRYPTO_EX_DATA *data, int index, long number,
                    void *pointer)
{
    struct client_trust *own = trust;

    (void)context;
    (void)data;
    (void)index;
    (void)number;
    (void)pointer;
    if (own == NULL)
        return;
    verified_certificates_free(own->verified);
    free(own);
}

static void make_slot(void)
{
    slot = SSL_CTX_get_ex_new_index(0, NULL, NULL, NULL, release);
}

/*
 * A certificate that only time speaks against does not end the handshake, so that its machine gets
 * an answer that it can read. The verify result keeps saying it, so it is no identity.
 */
static int tolerate_times(int ok, X509_STORE_CTX *chain)
{
    int code = X509_STORE_CTX_get_error(chain);

    if (ok == 1)
        return 1;
    return X509_STORE_CTX_get_error_depth(chain) == 0 &&
           (code == X509_V_ERR_CERT_HAS_EXPIRED || code == X509_V_ERR_CERT_NOT_YET_VALID);
}

/* Only what verified in full is remembered: not what only time speaks against. */
static void remember(const struct client_trust *trust, X509 *x509, const struct digest *digest)
{
    AUTO(auto_certificate_free) struct certificate *leaf = NULL;
    int64_t not_before, not_after;

    if (certificate_from_openssl(x509, &leaf, NULL) < 0)
        return;
    not_before = certificate_not_before(leaf);
    not_after = certificate_not_after(leaf);
    if (not_before < trust->not_before)
        not_before = trust->not_before;
    if (not_after > trust->not_after)
        not_after = trust->not_after;
    verified_certificates_add(trust->verified, digest, not_before, not_after);
}

static int verify(X509_STORE_CTX *chain, void *argument)
{
    const struct client_trust *trust = argument;
    X509 *leaf = X509_STORE_CTX_get0_cert(chain);
    struct digest digest;
    int verified;

    if (leaf == NULL || X509_digest(leaf, EVP_sha256(), digest.bytes, NULL) != 1)
        return X509_verify_cert(chain);
    if (verified_certificates_has(trust->verified, &digest, clock_now())) {
        X509_STORE_CTX_set_error(chain, X509_V_OK);
        return 1;
    }
    verified = X509_verify_cert(chain);
    if (verified == 1 && X509_STORE_CTX_get_error(chain) == X509_V_OK)
        remember(trust, leaf, &digest);
    return verified;
}

/* OpenSSL's own verification, but not for what it verified before. */
static void remember_verified(SSL_CTX *context, const struct certificate *intermediate)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct client_trust *trust;

    (void)pthread_once(&once, make_slot);
    trust = must_allocate(1, sizeof(*trust));
    *trust = (struct client_trust){
        .verified = verified_certificates_new(),
        .not_before = certificate_not_before(intermediate),
        .not_after = certificate_not_after(intermediate),
    };
    if (SSL_CTX_set_ex_data(context, slot, trust) != 1)
        abort(); /* no memory */
    SSL_CTX_set_cert_verify_callback(context, verify, trust);
}

/* The intermediate was verified when the keeper started, so no handshake has to go on to the root.
 */
bool client_trust_set(struct ssl_ctx_st *context, const struct certificate *intermediate)
{
    X509_STORE *store = SSL_CTX_get_cert_store(context);

    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, tolerate_times);
    SSL_CTX_set_verify_depth(context, CHAIN_DEPTH);
    remember_verified(context, intermediate);
    return X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) == 1 &&
           X509_STORE_add_cert(store, certificate_openssl(intermediate)) == 1 &&
           SSL_CTX_add_client_CA(context, certificate_openssl(intermediate)) == 1;
}
