#pragma once

#include <stdint.h>

struct identity;

/* How the uploader presents itself; a context for http_request.configure_tls. */
struct tls_setup {
    const struct identity *identity; /* NULL: no certificate (enrolment) */
    int64_t verify_time;             /* judge the server's certificate then; 0: now */
};

/* Sets key, certificate, record padding and time in an SSL_CTX. -EPROTO when OpenSSL refuses. */
int identity_configure_tls(void *ssl_ctx, void *tls_setup);
