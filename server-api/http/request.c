#include "server-api/http/request.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "platform/memory.h"

struct answer_queue {
    pthread_mutex_t mutex;
    int descriptor;
    struct request *first;
    struct request *last;
};

static char *copy_of(struct span span)
{
    return span.bytes == NULL ? NULL : must_copy_text(span.bytes, span.length);
}

static char *copy_or_empty(struct span span)
{
    char *copy = copy_of(span);

    return copy == NULL ? must_copy_text("", 0) : copy;
}

struct request *request_new(const struct request_head *head, const struct route *route,
                            struct span parameter, void *context)
{
    struct request *request = must_allocate(1, sizeof(*request));

    *request = (struct request){
        .route = route,
        .path = copy_or_empty(head->path),
        .query = copy_or_empty(head->query),
        .parameter = copy_or_empty(parameter),
        .authorization = copy_of(head->authorization),
        .content_type = copy_of(head->content_type),
        .expected = (size_t)head->content_length,
    };
    request->exchange = (struct exchange){
        .method = head->method,
        .path = request->path,
        .query = request->query,
        .parameter = request->parameter,
        .authorization = request->authorization,
        .content_type = request->content_type,
        .context = context,
    };
    return request;
}

void request_free(struct request *request)
{
    if (request == NULL)
        return;
    if (request->budget != NULL)
        (void)atomic_fetch_sub(request->budget, request->expected);
    free(request->path);
    free(request->query);
    free(request->parameter);
    free(request->authorization);
    free(request->content_type);
    text_clear(&request->body);
    text_clear(&request->answer.body);
    free(request);
}

struct answer_queue *answer_queue_new(void)
{
    struct answer_queue *queue = must_allocate(1, sizeof(*queue));

    (void)pthread_mutex_init(&queue->mutex, NULL);
    queue->descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (queue->descriptor < 0)
        abort(); /* no descriptors at the start: nothing would work */
    return queue;
}

void answer_queue_free(struct answer_queue *queue)
{
    struct request *request, *next;

    if (queue == NULL)
        return;
    for (request = answer_queue_take(queue); request != NULL; request = next) {
        next = request->next;
        request_free(request);
    }
    (void)close(queue->descriptor);
    (void)pthread_mutex_destroy(&queue->mutex);
    free(queue);
}

int answer_queue_descriptor(const struct answer_queue *queue)
{
    return queue->descriptor;
}

void answer_queue_wake(const struct answer_queue *queue)
{
    (void)eventfd_write(queue->descriptor, 1); /* full means that it is awake */
}

static void add(struct answer_queue *queue, struct request *request)
{
    request->next = NULL;
    (void)pthread_mutex_lock(&queue->mutex);
    if (queue->last == NULL)
        queue->first = request;
    else
        queue->last->next = request;
    queue->last = request;
    (void)pthread_mutex_unlock(&queue->mutex);
    answer_queue_wake(queue);
}

struct request *answer_queue_take(struct answer_queue *queue)
{
    struct request *first;
    eventfd_t ignored;

    (void)eventfd_read(queue->descriptor, &ignored);
    (void)pthread_mutex_lock(&queue->mutex);
    first = queue->first;
    queue->first = queue->last = NULL;
    (void)pthread_mutex_unlock(&queue->mutex);
    return first;
}

/* The exchange is the first member of its request. */
void exchange_answer(struct exchange *exchange, struct answer *answer)
{
    struct request *request = (struct request *)exchange;

    request->answer = *answer;
    answer->body = (struct text){0};
    add(request->queue, request);
}

void exchange_answer_line(struct exchange *exchange, unsigned status, const char *line)
{
    struct answer answer = {.status = status, .content_type = "text/plain; charset=utf-8"};

    text_add_format(&answer.body, "%s\n", line);
    exchange_answer(exchange, &answer);
}
