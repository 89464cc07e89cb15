#pragma once

#include "server-api/server.h"
#include "tests/support/store_world.h"

/*
 * Stands where http/ and keeper/ stand in the program: handlers answer into it, receipts are
 * signed with the world's key.
 */
struct answers {
    struct server server;
    unsigned status; /* of the last answer */
    char content_type[64];
    char extra_header[64];
    struct text body;
};

/* Workers and the ingest thread on the world's database. The server's keeper is the world. */
struct answers *answers_new(struct store_world *world);
void answers_free(struct answers *answers);
void auto_answers_free(struct answers **answers);

/* Gives the exchange to the route's handler and waits for its answer. */
void answers_ask(struct answers *answers, const struct route *route, struct exchange *exchange);
