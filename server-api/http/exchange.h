#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/digest.h"
#include "platform/text.h"
#include "snapshot/signature.h"

/*
 * One request and its answer, between the listener (http/) and the handlers (enrolment/, ingest/,
 * fleet/). A handler runs on a loop thread and never blocks: it answers at once, or keeps the
 * exchange and answers later from any thread. Each exchange is answered exactly once; after that
 * it must not be touched.
 */

/* Who is at the other end, as TLS proved it. */
struct peer {
    bool has_certificate; /* chained to our root, for TLS_CLIENT, at a time when it holds */
    char organisation[ORGANISATION_ID_SIZE];
    char machine[MACHINE_ID_SIZE];
    struct digest spki;
    bool loopback; /* the address of the connection */
};

struct exchange {
    const char *method;        /* "GET", "POST", "PUT" */
    const char *path;          /* without query */
    const char *query;         /* after '?', or "" */
    const char *parameter;     /* what stands for {…} in the route's path, or "" */
    const char *authorization; /* header values, or NULL */
    const char *content_type;
    const uint8_t *body;
    size_t body_length;
    struct peer peer;
    void *context; /* of the route, given at registration */
};

struct answer {
    unsigned status;
    const char *content_type; /* NULL for no body */
    struct text body;         /* taken over */
    const char *extra_header; /* one more "Name: value" line, static; NULL for none */
};

/* Thread-safe; takes over answer->body. */
void exchange_answer(struct exchange *exchange, struct answer *answer);
/* text/plain with one line, for refusals that a person reads. */
void exchange_answer_line(struct exchange *exchange, unsigned status, const char *line);

enum listener_kind { LISTENER_AGENTS = 1, LISTENER_PEOPLE = 2 };

/* The route table refuses everything that is not in it with 404, another method with 405. */
struct route {
    const char *method;
    const char *path; /* may end in "/{}": one segment without '/', in exchange->parameter */
    size_t max_body;
    void (*handle)(struct exchange *exchange);
    enum listener_kind listener;
    bool needs_certificate; /* else 401 before the body is read */
    bool loopback_only;     /* else 404 */
};
