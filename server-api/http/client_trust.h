#pragma once

#include <stdbool.h>

struct certificate;
struct ssl_ctx_st;

/*
 * Whom the agents' listener believes: clients that show a certificate issued by our intermediate.
 * Another certificate ends the handshake; one that only time speaks against does not, but it is no
 * identity: SSL_get_verify_result() says so.
 */
bool client_trust_set(struct ssl_ctx_st *context, const struct certificate *intermediate);
