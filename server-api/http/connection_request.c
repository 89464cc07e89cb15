#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "server-api/http/connection_state.h"
#include "server-api/http/loop.h"
#include "server-api/http/response.h"
#include "server-api/http/route.h"

#define LINGER_BYTES_MAX (1024U * 1024U)
#define ONE_RECORD       16384U /* what fits into one record of TLS */
#define CHUNK_SIZE       16384U

static void release_body(const void *bytes, size_t length, void *body)
{
    (void)bytes;
    (void)length;
    free(body);
}

/* Small answers leave as one record, so that its padding hides their size. */
static void write_answer(struct connection *connection, struct answer *answer)
{
    struct evbuffer *output = bufferevent_get_output(connection->stream);
    AUTO(text_clear) struct text head = {0};
    size_t length = answer->body.length;
    char *body;
    int r = 0;

    response_write_head(connection->kind, answer, connection->ends, &head);
    if (head.length + length <= ONE_RECORD) {
        text_add(&head, text_string(&answer->body), length);
        text_clear(&answer->body);
        length = 0;
    }
    if (evbuffer_add(output, head.bytes, head.length) < 0)
        abort(); /* no memory */
    if (length == 0)
        return;
    body = text_take(&answer->body);
    r = evbuffer_add_reference(output, body, length, release_body, body);
    if (r < 0)
        abort();
}

static bool is_crowded(const struct connection *connection)
{
    return source_count_total(connection->loop->server->sources) >=
           CROWDED_CONNECTIONS(TOTAL_CONNECTIONS_MAX);
}

static void send_answer(struct connection *connection, struct answer *answer)
{
    size_t length = answer->body.length;

    connection->served++;
    if (connection->served >= REQUESTS_PER_CONNECTION ||
        atomic_load(&connection->loop->server->stopping) || is_crowded(connection))
        connection->ends = true;
    (void)bufferevent_disable(connection->stream, EV_READ);
    connection_enter(connection, PHASE_ANSWER,
                     BODY_SECONDS + (int64_t)(length / BODY_BYTES_PER_SECOND));
    write_answer(connection, answer);
}

/* One line in place of a handler's answer. */
static void send_line(struct connection *connection, unsigned status, const char *line,
                      const char *extra_header)
{
    struct answer answer = {
        .status = status,
        .content_type = "text/plain; charset=utf-8",
        .extra_header = extra_header,
    };

    request_free(connection->request);
    connection->request = NULL;
    text_add_format(&answer.body, "%s\n", line);
    send_answer(connection, &answer);
}

void connection_refuse(struct connection *connection, unsigned status, const char *line)
{
    connection->ends = true;
    send_line(connection, status, line, NULL);
}

void request_finish(struct request *request)
{
    struct connection *connection = request->connection;

    if (connection != NULL) {
        connection->request = NULL;
        send_answer(connection, &request->answer);
    }
    request_free(request);
}

static void hand_over(struct connection *connection)
{
    struct request *request = connection->request;

    if (evbuffer_get_length(bufferevent_get_input(connection->stream)) > 0) {
        connection_refuse(connection, 400, "A request came before the answer to the one before.");
        return;
    }
    (void)bufferevent_disable(connection->stream, EV_READ);
    connection_enter(connection, PHASE_HANDLER, HANDLER_SECONDS);
    request->exchange.body = (const uint8_t *)text_string(&request->body);
    request->exchange.body_length = request->body.length;
    request->exchange.peer = connection->peer;
    request->route->handle(&request->exchange); /* from here it is the handler's */
}

static void read_body(struct connection *connection)
{
    struct evbuffer *input = bufferevent_get_input(connection->stream);
    struct request *request = connection->request;
    char chunk[CHUNK_SIZE];

    while (request->body.length < request->expected) {
        size_t missing = request->expected - request->body.length;
        int n = evbuffer_remove(input, chunk, missing < sizeof(chunk) ? missing : sizeof(chunk));

        if (n <= 0)
            return;
        text_add(&request->body, chunk, (size_t)n);
    }
    hand_over(connection);
}

/* Refuses a request by its head. The connection goes on if there is no body to come. */
static void decline(struct connection *connection, const struct request_head *head, unsigned status,
                    const char *line, const char *extra_header)
{
    struct evbuffer *input = bufferevent_get_input(connection->stream);

    if (head->wants_close || head->content_length > 0 || evbuffer_get_length(input) > head->length)
        connection->ends = true;
    (void)evbuffer_drain(input, head->length);
    send_line(connection, status, line, extra_header);
}

static const char *allow_header(const struct route *route)
{
    if (strcmp(route->method, "GET") == 0)
        return "Allow: GET";
    return strcmp(route->method, "PUT") == 0 ? "Allow: PUT" : "Allow: POST";
}

static bool reserve_body(struct http_server *server, size_t length)
{
    if (atomic_fetch_add(&server->body_bytes, length) + length <= BODIES_MAX)
        return true;
    (void)atomic_fetch_sub(&server->body_bytes, length);
    return false;
}

static void start_request(struct connection *connection, const struct request_head *head,
                          const struct route *route, struct span parameter)
{
    struct http_server *server = connection->loop->server;
    struct request *request = request_new(head, route, parameter, server->context);

    request->connection = connection;
    request->queue = connection->loop->queue;
    request->budget = &server->body_bytes;
    connection->request = request;
    if (head->wants_close)
        connection->ends = true;
    (void)evbuffer_drain(bufferevent_get_input(connection->stream), head->length);
    connection_enter(connection, PHASE_BODY,
                     BODY_SECONDS + (int64_t)(request->expected / BODY_BYTES_PER_SECOND));
    read_body(connection);
}

/* Everything that can be refused before the body is read. */
static void begin(struct connection *connection, const struct request_head *head)
{
    struct http_server *server = connection->loop->server;
    const struct peer *peer = &connection->peer;
    const struct route *route = NULL;
    struct span parameter = {0};
    unsigned status = route_find(server->routes, connection->kind, head, &route, &parameter);

    if (status == 404 || (route->loopback_only && !peer->loopback))
        decline(connection, head, 404, "There is nothing at this address.", NULL);
    else if (status == 405)
        decline(connection, head, 405, "This address does not take this method.",
                allow_header(route));
    else if (route->needs_certificate && !peer->has_certificate)
        decline(connection, head, 401, "This needs the valid certificate of an enrolled machine.",
                NULL);
    else if (head->content_length > route->max_body)
        decline(connection, head, 413, "The body is larger than this address takes.", NULL);
    else if (!reserve_body(server, (size_t)head->content_length))
        decline(connection, head, 503, "The server has too much to do. Try again later.",
                "Retry-After: 60");
    else
        start_request(connection, head, route, parameter);
}

static void read_head(struct connection *connection)
{
    struct evbuffer *input = bufferevent_get_input(connection->stream);
    size_t length = evbuffer_get_length(input);
    struct request_head head;
    const char *bytes;
    unsigned status;

    if (length == 0)
        return;
    if (!connection->head_begun && connection->served > 0)
        connection_enter(connection, PHASE_HEAD, HEAD_SECONDS);
    connection->head_begun = true;
    if (length > REQUEST_HEAD_MAX)
        length = REQUEST_HEAD_MAX;
    bytes = (const char *)evbuffer_pullup(input, (ev_ssize_t)length);
    if (bytes == NULL)
        abort(); /* no memory */
    status = request_head_parse(bytes, length, &head);
    if (status == REQUEST_HEAD_COMPLETE)
        begin(connection, &head);
    else if (status != REQUEST_HEAD_INCOMPLETE)
        connection_refuse(connection, status, head.refusal);
}

static void throw_away(struct connection *connection)
{
    struct evbuffer *input = bufferevent_get_input(connection->stream);

    connection->lingered += evbuffer_get_length(input);
    (void)evbuffer_drain(input, evbuffer_get_length(input));
    if (connection->lingered > LINGER_BYTES_MAX)
        connection_free(connection);
}

void connection_read(struct connection *connection)
{
    switch (connection->phase) {
    case PHASE_HEAD:
        read_head(connection);
        return;
    case PHASE_BODY:
        read_body(connection);
        return;
    case PHASE_LINGER:
        throw_away(connection);
        return;
    case PHASE_HANDSHAKE:
    case PHASE_HANDLER:
    case PHASE_ANSWER:
        return;
    }
}

void connection_answered(struct connection *connection)
{
    connection->head_begun = false;
    connection_enter(connection, PHASE_HEAD, IDLE_SECONDS);
    (void)bufferevent_enable(connection->stream, EV_READ);
    connection_read(connection);
}
