#include "server-api/http/connection.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/clock.h"
#include "platform/memory.h"
#include "server-api/http/connection_state.h"
#include "server-api/http/loop.h"

#define READ_AHEAD_MAX 65536U

void connection_enter(struct connection *connection, enum phase phase, int64_t seconds)
{
    int64_t left = connection->opened_at + CONNECTION_SECONDS - clock_since_boot();
    struct timeval end = {.tv_sec = left < 0 ? 0 : left};

    if (seconds < end.tv_sec)
        end.tv_sec = seconds;
    connection->phase = phase;
    (void)event_add(connection->deadline, &end);
}

static void on_read(struct bufferevent *stream, void *context)
{
    (void)stream;
    connection_read(context);
}

/*
 * Closing at once would reset the connection while the other end still sends, and the answer could
 * be lost with it. So we say that nothing more comes, and throw away what does for a moment.
 */
static void linger(struct connection *connection)
{
    SSL *ssl = bufferevent_openssl_get_ssl(connection->stream);

    (void)SSL_shutdown(ssl);
    ERR_clear_error();
    (void)shutdown(bufferevent_getfd(connection->stream), SHUT_WR);
    connection_enter(connection, PHASE_LINGER, LINGER_SECONDS);
    (void)bufferevent_enable(connection->stream, EV_READ);
    connection_read(connection);
}

static void on_written(struct bufferevent *stream, void *context)
{
    struct connection *connection = context;

    if (connection->phase != PHASE_ANSWER ||
        evbuffer_get_length(bufferevent_get_output(stream)) > 0)
        return;
    if (connection->ends)
        linger(connection);
    else
        connection_answered(connection);
}

static void on_event(struct bufferevent *stream, short what, void *context)
{
    struct connection *connection = context;

    if ((what & BEV_EVENT_CONNECTED) == 0) {
        connection_free(connection); /* closed, broken, or no TLS that we speak */
        return;
    }
    tls_read_peer(bufferevent_openssl_get_ssl(stream), &connection->peer);
    connection_enter(connection, PHASE_HEAD, HEAD_SECONDS);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    struct connection *connection = context;

    (void)fd;
    (void)what;
    if (connection->phase == PHASE_BODY ||
        (connection->phase == PHASE_HEAD && connection->head_begun))
        connection_refuse(connection, 408, "The request took too long.");
    else
        connection_free(connection);
}

static struct bufferevent *open_stream(struct loop *loop, enum listener_kind kind, int fd)
{
    struct bufferevent *stream;
    SSL *ssl = server_new_session(loop->server, kind);

    if (ssl == NULL)
        return NULL;
    stream = bufferevent_openssl_socket_new(loop->base, fd, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                            BEV_OPT_CLOSE_ON_FREE);
    if (stream == NULL)
        SSL_free(ssl);
    return stream;
}

void connection_open(struct loop *loop, enum listener_kind kind, int fd,
                     const struct sockaddr *address, socklen_t length)
{
    struct bufferevent *stream = open_stream(loop, kind, fd);
    struct connection *connection;
    const int yes = 1;

    if (stream == NULL) {
        source_count_remove(loop->server->sources, address);
        (void)close(fd);
        return;
    }
    connection = must_allocate(1, sizeof(*connection));
    connection->loop = loop;
    connection->kind = kind;
    connection->stream = stream;
    connection->opened_at = clock_since_boot();
    connection->peer.loopback = source_is_loopback(address);
    memcpy(&connection->address, address, length);
    connection->deadline = evtimer_new(loop->base, on_deadline, connection);
    if (connection->deadline == NULL)
        abort(); /* no memory */
    LIST_INSERT_HEAD(&loop->connections, connection, entry);

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
    bufferevent_setcb(stream, on_read, on_written, on_event, connection);
    bufferevent_setwatermark(stream, EV_READ, 0, READ_AHEAD_MAX);
    connection_enter(connection, PHASE_HANDSHAKE, HANDSHAKE_SECONDS);
    (void)bufferevent_enable(stream, EV_READ | EV_WRITE);
}

void connection_free(struct connection *connection)
{
    struct loop *loop = connection->loop;

    LIST_REMOVE(connection, entry);
    source_count_remove(loop->server->sources, (const struct sockaddr *)&connection->address);
    if (connection->phase == PHASE_HANDLER)
        connection->request->connection = NULL;
    else
        request_free(connection->request);
    event_free(connection->deadline);
    bufferevent_free(connection->stream);
    free(connection);
    loop_forget(loop);
}

void connection_retire(struct connection *connection)
{
    connection->ends = true;
    if (connection->phase == PHASE_HANDSHAKE || connection->phase == PHASE_HEAD ||
        connection->phase == PHASE_LINGER)
        connection_free(connection);
}
