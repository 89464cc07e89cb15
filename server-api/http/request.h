#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "server-api/http/exchange.h"
#include "server-api/http/request_head.h"

struct answer_queue;
struct connection;

/*
 * One request from its head to its answer. It outlives its connection when that ends while a
 * handler still works on the request.
 */
struct request {
    struct exchange exchange;
    struct connection *connection; /* NULL when it is gone; the loop's alone */
    struct answer_queue *queue;    /* where its answer goes */
    const struct route *route;
    char *path;
    char *query;
    char *parameter;
    char *authorization;
    char *content_type;
    struct text body;
    size_t expected;       /* length of the body */
    atomic_size_t *budget; /* from which it is given back */
    struct answer answer;
    struct request *next; /* in the queue */
};

struct request *request_new(const struct request_head *head, const struct route *route,
                            struct span parameter, void *context);
void request_free(struct request *request);

/* Answers on their way from any thread to the loop that sends them. */
struct answer_queue *answer_queue_new(void);
/* Whatever is still in it goes too. */
void answer_queue_free(struct answer_queue *queue);
/* A descriptor that is readable when answers came since the last answer_queue_take(). */
int answer_queue_descriptor(const struct answer_queue *queue);
/* Wakes the loop without an answer. */
void answer_queue_wake(const struct answer_queue *queue);
/* All that are there, in their order, linked by next; NULL for none. */
struct request *answer_queue_take(struct answer_queue *queue);
