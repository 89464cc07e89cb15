#pragma once

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "server-api/http/http_server.h"
#include "server-api/http/request.h"
#include "server-api/http/source_count.h"

struct event;
struct event_base;
struct ssl_st;

/* One thread that runs connections. Everything in it is the thread's alone but the queue. */
struct listener {
    struct loop *loop;
    enum listener_kind kind;
    int fd; /* shared by all loops */
    struct event *accept;
    struct event *again; /* when descriptors ran out */
};

LIST_HEAD(connections, connection);

struct loop {
    struct http_server *server;
    struct event_base *base;
    struct answer_queue *queue;
    struct event *wake;
    struct event *last_call; /* the end of patience when stopping */
    struct event *pulse;
    atomic_int_least64_t beat; /* when the loop last came round, since boot */
    struct listener listeners[LISTENER_COUNT];
    struct connections connections;
    bool stopping;
    pthread_t thread;
    bool started;
};

struct http_server {
    const struct route *const *routes;
    void *context;
    struct source_count *sources;
    atomic_size_t body_bytes; /* promised by requests whose answer is not sent */
    atomic_bool stopping;
    unsigned stop_seconds;

    pthread_mutex_t mutex; /* for the two contexts */
    struct ssl_ctx_st *contexts[LISTENER_COUNT];

    int listening[LISTENER_COUNT];
    unsigned thread_count;
    struct loop *loops;
};

/* A new session by what the listener shows at present. */
struct ssl_st *server_new_session(struct http_server *server, enum listener_kind kind);

int loop_open(struct http_server *server, struct loop *loop, struct error *err);
/* After its thread ended. */
void loop_close(struct loop *loop);
/* The thread. */
void *loop_run(void *loop);
/* Called by a connection of the loop that ends. */
void loop_forget(struct loop *loop);
