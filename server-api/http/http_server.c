#include "server-api/http/http_server.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "server-api/http/listen_address.h"
#include "server-api/http/loop.h"

#define THREADS_MAX 64U

static size_t index_of(enum listener_kind kind)
{
    return kind == LISTENER_AGENTS ? 0 : 1;
}

static int open_all(struct http_server *server, const struct http_options *options,
                    struct error *err)
{
    int r = listen_address_open(options->agents, &server->listening[0], err);

    if (r == 0)
        r = listen_address_open(options->people, &server->listening[1], err);
    for (unsigned i = 0; r == 0 && i < server->thread_count; i++)
        r = loop_open(server, &server->loops[i], err);
    return r;
}

int http_server_new(const struct http_options *options, struct http_server **ret_server,
                    struct error *err)
{
    struct http_server *server = must_allocate(1, sizeof(*server));
    unsigned threads = options->threads;
    int r;

    server->routes = options->routes;
    server->context = options->context;
    server->sources = source_count_new();
    server->listening[0] = server->listening[1] = -1;
    server->thread_count = threads < 1 ? 1 : threads > THREADS_MAX ? THREADS_MAX : threads;
    server->loops = must_allocate(server->thread_count, sizeof(*server->loops));
    (void)pthread_mutex_init(&server->mutex, NULL);
    r = open_all(server, options, err);
    if (r < 0) {
        http_server_free(server);
        return r;
    }
    *ret_server = server;
    return 0;
}

uint16_t http_server_port(const struct http_server *server, enum listener_kind kind)
{
    return listen_address_port(server->listening[index_of(kind)]);
}

int http_server_set_identity(struct http_server *server, enum listener_kind kind,
                             const struct tls_identity *identity, struct error *err)
{
    SSL_CTX *context = NULL, *before;
    int r = tls_context_new(kind, identity, &context, err);

    if (r < 0)
        return r;
    (void)pthread_mutex_lock(&server->mutex);
    before = server->contexts[index_of(kind)];
    server->contexts[index_of(kind)] = context;
    (void)pthread_mutex_unlock(&server->mutex);
    SSL_CTX_free(before); /* sessions that use it keep it */
    return 0;
}

struct ssl_st *server_new_session(struct http_server *server, enum listener_kind kind)
{
    SSL *ssl;

    (void)pthread_mutex_lock(&server->mutex);
    ssl = SSL_new(server->contexts[index_of(kind)]);
    (void)pthread_mutex_unlock(&server->mutex);
    return ssl;
}

/* Signals are the main thread's. */
static int start_thread(struct loop *loop)
{
    sigset_t all, before;
    int r;

    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    r = pthread_create(&loop->thread, NULL, loop_run, loop);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    loop->started = r == 0;
    return -r;
}

int http_server_start(struct http_server *server, struct error *err)
{
    for (unsigned i = 0; i < server->thread_count; i++) {
        int r = start_thread(&server->loops[i]);

        if (r < 0)
            return error_set(err, -r, "cannot start a thread: %s", strerror(-r));
    }
    return 0;
}

int64_t http_server_last_beat(const struct http_server *server)
{
    int64_t oldest = INT64_MAX;

    for (unsigned i = 0; i < server->thread_count; i++) {
        int64_t beat = atomic_load(&server->loops[i].beat);

        oldest = beat < oldest ? beat : oldest;
    }
    return oldest;
}

void http_server_stop(struct http_server *server, unsigned seconds)
{
    server->stop_seconds = seconds;
    atomic_store(&server->stopping, true);
    for (size_t i = 0; i < LISTENER_COUNT; i++)
        (void)shutdown(server->listening[i], SHUT_RDWR); /* refuses who comes now */
    for (unsigned i = 0; i < server->thread_count; i++)
        if (server->loops[i].started)
            answer_queue_wake(server->loops[i].queue);
    for (unsigned i = 0; i < server->thread_count; i++) {
        if (server->loops[i].started)
            (void)pthread_join(server->loops[i].thread, NULL);
        server->loops[i].started = false;
    }
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    for (unsigned i = 0; i < server->thread_count; i++)
        loop_close(&server->loops[i]);
    for (size_t i = 0; i < LISTENER_COUNT; i++) {
        auto_close(&server->listening[i]);
        SSL_CTX_free(server->contexts[i]);
    }
    source_count_free(server->sources);
    (void)pthread_mutex_destroy(&server->mutex);
    free(server->loops);
    free(server);
}
