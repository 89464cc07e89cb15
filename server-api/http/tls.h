#pragma once

#include "platform/error.h"
#include "server-api/http/exchange.h"

struct ssl_ctx_st;
struct ssl_st;

/* What a listener shows of itself, and whom the agents' one believes. Only lent. */
struct tls_identity {
    const struct signing_key *key;
    const struct certificate *leaf;
    const struct certificate *intermediate; /* sent after the leaf */
};

/*
 * The settings of every connection: TLS 1.3 alone, without resumption, early data or renegotiation,
 * http/1.1 alone, application records padded to 512 bytes. The agents' listener asks for a
 * certificate, and ends the handshake when it gets one that our intermediate did not issue. The
 * caller frees it with SSL_CTX_free().
 */
int tls_context_new(enum listener_kind kind, const struct tls_identity *identity,
                    struct ssl_ctx_st **ret_context, struct error *err);

/* Who is at the other end, once the handshake is over; leaves peer->loopback alone. */
void tls_read_peer(const struct ssl_st *ssl, struct peer *peer);
