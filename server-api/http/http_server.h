#pragma once

#include <stdint.h>

#include "platform/error.h"
#include "server-api/http/exchange.h"
#include "server-api/http/tls.h"

/*
 * The two listeners and the threads that run their connections: one event loop a thread, each
 * taking connections from both listeners. Limits and deadlines are in connection.h.
 */
struct http_server;

#define LISTENER_COUNT 2U

struct http_options {
    const char *agents; /* "address:port" or "[address]:port"; port 0 for any that is free */
    const char *people;
    const struct route *const *routes; /* tables, ended by NULL */
    void *context;                     /* of every exchange */
    unsigned threads;                  /* 1 to 64 */
};

/* Binds the addresses; a failure names the address. */
int http_server_new(const struct http_options *options, struct http_server **ret_server,
                    struct error *err);

/* The port that a listener is bound to. */
uint16_t http_server_port(const struct http_server *server, enum listener_kind kind);

/* What new connections of a listener see from now on. Thread-safe; needed once before the start. */
int http_server_set_identity(struct http_server *server, enum listener_kind kind,
                             const struct tls_identity *identity, struct error *err);

int http_server_start(struct http_server *server, struct error *err);

/* When the slowest of the threads last came round its loop, in seconds since boot. Thread-safe. */
int64_t http_server_last_beat(const struct http_server *server);

/*
 * Takes no more connections, waits for requests under way at most this long, closes everything and
 * ends the threads. Handlers may still answer until http_server_free(), which nobody reads.
 */
void http_server_stop(struct http_server *server, unsigned seconds);
void http_server_free(struct http_server *server);
