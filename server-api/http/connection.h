#pragma once

#include <sys/socket.h>

#include "server-api/http/request.h"

struct loop;
struct connection;

/*
 * One connection of a loop: TLS, request heads, bodies, answers. Every phase has an absolute end
 * that no trickle of bytes moves.
 */
#define HANDSHAKE_SECONDS          10
#define HEAD_SECONDS               10
#define IDLE_SECONDS               15
#define BODY_SECONDS               30 /* and one more for each */
#define BODY_BYTES_PER_SECOND      16384U
#define HANDLER_SECONDS            60
#define LINGER_SECONDS             2
#define CONNECTION_SECONDS         300
#define REQUESTS_PER_CONNECTION    100U
#define BODIES_MAX                 (256U * 1024U * 1024U) /* of all connections together */
#define CROWDED_CONNECTIONS(total) ((total)*4 / 5)        /* from here nothing is kept alive */

/* Takes over the socket, which the loop has counted. */
void connection_open(struct loop *loop, enum listener_kind kind, int fd,
                     const struct sockaddr *address, socklen_t length);
void connection_free(struct connection *connection);

/* Ends it now if nothing is under way, else after the answer. */
void connection_retire(struct connection *connection);

/* Sends the answer of its request, or drops it when the connection is gone. */
void request_finish(struct request *request);
