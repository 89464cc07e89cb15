#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "platform/error.h"
#include "server-api/http/http_server.h"
#include "server-api/keeper/keeper.h"

/*
 * The server's own TLS key, which lives in memory alone and is new at every start, and its
 * certificate from the keeper, renewed while the server runs.
 */
#define TLS_LIFETIME_SECONDS (30 * 86400)

struct tls_renewal {
    struct keeper *keeper;
    struct http_server *http;
    const char *const *names; /* ended by NULL */
    int64_t not_before;       /* of what is shown at present */
    int64_t not_after;
};

/* Makes a new key and certificate and shows them on both listeners from now on. */
int tls_renew(struct tls_renewal *renewal, int64_t now, struct error *err);

/* Whether it is time: a third of the lifetime is over, or the clock has left the lifetime. */
bool tls_renewal_due(const struct tls_renewal *renewal, int64_t now);
