#include "server-api/http/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <unistd.h>

#include "platform/clock.h"
#include "server-api/http/connection_state.h"

#define ACCEPTS_AT_ONCE 32
#define PULSE_SECONDS   1

static bool out_of_descriptors(int code)
{
    return code == EMFILE || code == ENFILE || code == ENOBUFS || code == ENOMEM;
}

static void take_connection(struct listener *listener, int fd, const struct sockaddr *address,
                            socklen_t length)
{
    if (source_count_add(listener->loop->server->sources, address))
        connection_open(listener->loop, listener->kind, fd, address, length);
    else
        (void)close(fd);
}

static void on_accept(evutil_socket_t fd, short what, void *context)
{
    static const struct timeval pause = {.tv_sec = 1};
    struct listener *listener = context;

    (void)what;
    for (int i = 0; i < ACCEPTS_AT_ONCE; i++) {
        struct sockaddr_storage address = {0};
        socklen_t length = sizeof(address);
        int accepted =
            accept4(fd, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (accepted >= 0) {
            take_connection(listener, accepted, (const struct sockaddr *)&address, length);
        } else if (out_of_descriptors(errno)) {
            (void)event_del(listener->accept);
            (void)event_add(listener->again, &pause);
            return;
        } else if (errno != EINTR && errno != ECONNABORTED) {
            return;
        }
    }
}

static void on_again(evutil_socket_t fd, short what, void *context)
{
    const struct listener *listener = context;

    (void)fd;
    (void)what;
    (void)event_add(listener->accept, NULL);
}

static void begin_stop(struct loop *loop)
{
    struct timeval patience = {.tv_sec = loop->server->stop_seconds};
    struct connection *connection, *next;

    loop->stopping = true;
    for (size_t i = 0; i < LISTENER_COUNT; i++) {
        (void)event_del(loop->listeners[i].accept);
        (void)event_del(loop->listeners[i].again);
    }
    (void)event_add(loop->last_call, &patience);
    for (connection = LIST_FIRST(&loop->connections); connection != NULL; connection = next) {
        next = LIST_NEXT(connection, entry);
        connection_retire(connection);
    }
    loop_forget(loop);
}

static void on_wake(evutil_socket_t fd, short what, void *context)
{
    struct loop *loop = context;
    struct request *request, *next;

    (void)fd;
    (void)what;
    for (request = answer_queue_take(loop->queue); request != NULL; request = next) {
        next = request->next;
        request_finish(request);
    }
    if (atomic_load(&loop->server->stopping) && !loop->stopping)
        begin_stop(loop);
}

static void on_last_call(evutil_socket_t fd, short what, void *context)
{
    struct loop *loop = context;

    (void)fd;
    (void)what;
    while (!LIST_EMPTY(&loop->connections))
        connection_free(LIST_FIRST(&loop->connections));
    (void)event_base_loopbreak(loop->base);
}

static void on_pulse(evutil_socket_t fd, short what, void *context)
{
    struct loop *loop = context;

    (void)fd;
    (void)what;
    atomic_store(&loop->beat, clock_since_boot());
}

static bool start_pulse(struct loop *loop)
{
    static const struct timeval often = {.tv_sec = PULSE_SECONDS};

    loop->pulse = event_new(loop->base, -1, EV_PERSIST, on_pulse, loop);
    atomic_store(&loop->beat, clock_since_boot());
    return loop->pulse != NULL && event_add(loop->pulse, &often) == 0;
}

void loop_forget(struct loop *loop)
{
    if (loop->stopping && LIST_EMPTY(&loop->connections))
        (void)event_base_loopbreak(loop->base);
}

static struct event_base *new_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    /* One thread alone uses it; others wake it through a descriptor. */
    if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0)
        base = event_base_new_with_config(config);
    if (config != NULL)
        event_config_free(config);
    return base;
}

static bool open_listener(struct loop *loop, size_t index)
{
    struct listener *listener = &loop->listeners[index];

    *listener = (struct listener){
        .loop = loop,
        .kind = index == 0 ? LISTENER_AGENTS : LISTENER_PEOPLE,
        .fd = loop->server->listening[index],
    };
    listener->accept =
        event_new(loop->base, listener->fd, EV_READ | EV_PERSIST, on_accept, listener);
    listener->again = evtimer_new(loop->base, on_again, listener);
    return listener->accept != NULL && listener->again != NULL &&
           event_add(listener->accept, NULL) == 0;
}

int loop_open(struct http_server *server, struct loop *loop, struct error *err)
{
    loop->server = server;
    loop->queue = answer_queue_new();
    LIST_INIT(&loop->connections);
    loop->base = new_base();
    if (loop->base == NULL)
        return error_set(err, EIO, "cannot make an event loop");
    loop->wake = event_new(loop->base, answer_queue_descriptor(loop->queue), EV_READ | EV_PERSIST,
                           on_wake, loop);
    loop->last_call = evtimer_new(loop->base, on_last_call, loop);
    if (loop->wake == NULL || loop->last_call == NULL || event_add(loop->wake, NULL) < 0 ||
        !open_listener(loop, 0) || !open_listener(loop, 1) || !start_pulse(loop))
        return error_set(err, EIO, "cannot watch the sockets");
    return 0;
}

static void free_event(struct event *event)
{
    if (event != NULL)
        event_free(event);
}

void loop_close(struct loop *loop)
{
    for (size_t i = 0; i < LISTENER_COUNT; i++) {
        free_event(loop->listeners[i].accept);
        free_event(loop->listeners[i].again);
    }
    free_event(loop->wake);
    free_event(loop->last_call);
    free_event(loop->pulse);
    if (loop->base != NULL)
        event_base_free(loop->base);
    answer_queue_free(loop->queue);
}

void *loop_run(void *loop)
{
    (void)pthread_setname_np(pthread_self(), "loop");
    (void)event_base_loop(((struct loop *)loop)->base, EVLOOP_NO_EXIT_ON_EMPTY);
    return NULL;
}
