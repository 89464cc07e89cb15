#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"
#include "platform/text.h"

/* A connection that stays open from one request to the next. */
struct http_session;
struct http_session *http_session_new(void);
void http_session_free(struct http_session *session);
void auto_http_session_free(struct http_session **session); /* for AUTO() */

/*
 * One HTTPS request, through libcurl. TLS 1.3 only, no redirects, no cookies, no environment
 * (proxies come from the caller), nothing stored. Only the uploader, the terminal and the alerts
 * link this library.
 */
struct http_request {
    struct http_session *session; /* NULL: a connection for this request alone */
    const char *method;           /* "GET", "POST", "PUT" */
    const char *url;
    const void *body; /* NULL for none */
    size_t body_length;
    const char *content_type;
    const char *authorization; /* the header's value, or NULL */
    const char *proxy;         /* http://, https:// or socks5h://, or NULL */
    size_t max_answer;
    unsigned timeout_seconds; /* for all of it */

    /*
     * The only roots that are trusted, PEM; NULL to accept any certificate: for the one request
     * that fetches the roots and compares them with a pin (RFC 7030, 4.1.1), never with a secret.
     */
    const char *root_pem;

    /* Called with the SSL_CTX before the handshake: the caller's key, certificate, padding. */
    int (*configure_tls)(void *ssl_ctx, void *context);
    void *tls_context;
};

struct http_answer {
    unsigned status;
    char content_type[128];
    uint64_t retry_after_seconds; /* 0 when there was none */
    struct text body;             /* the caller clears it */
};

/*
 * 0 when an answer came, whatever its status. -ECONNREFUSED, -ETIMEDOUT, -EHOSTUNREACH (name or
 * route), -EKEYREJECTED (the server's certificate is not the pinned root's), -EKEYEXPIRED (it is,
 * but not at this time), -EFBIG (answer too large), -EPROTO for the rest, each with one line that
 * says what to do.
 */
int http_perform(const struct http_request *request, struct http_answer *ret_answer,
                 struct error *err);
