#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "server-api/http/connection.h"

struct bufferevent;
struct event;

/* What connection.c (its life) and connection_request.c (what is said on it) share. */

enum phase { PHASE_HANDSHAKE, PHASE_HEAD, PHASE_BODY, PHASE_HANDLER, PHASE_ANSWER, PHASE_LINGER };

struct connection {
    LIST_ENTRY(connection) entry; /* in the loop's list */
    struct loop *loop;
    enum listener_kind kind;
    struct sockaddr_storage address;
    struct bufferevent *stream;
    struct event *deadline;
    int64_t opened_at; /* since boot */
    struct peer peer;
    enum phase phase;
    bool head_begun; /* PHASE_HEAD: some of it is here */
    bool ends;       /* after the answer that is due or on its way */
    unsigned served; /* answers so far */
    size_t lingered; /* bytes that were read and thrown away */
    struct request *request;
};

/* Starts a phase that ends in so many seconds, or when the connection has lived long enough. */
void connection_enter(struct connection *connection, enum phase phase, int64_t seconds);

/* Something came in, or may have been there already. */
void connection_read(struct connection *connection);
/* The answer left; goes on with the next request, or ends. */
void connection_answered(struct connection *connection);
/* Answers in place of a handler, and ends the connection after it. */
void connection_refuse(struct connection *connection, unsigned status, const char *line);
