#include "tests/support/answers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/memory.h"
#include "tests/support/test.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t answered = PTHREAD_COND_INITIALIZER;
static struct answers *waiting;

int keeper_sign_receipts(struct keeper *keeper, const struct receipt *receipts,
                         struct text *ret_compact, size_t count, struct error *err)
{
    struct store_signer signer = store_world_signer((struct store_world *)keeper);

    return signer.sign(signer.context, receipts, ret_compact, count, err);
}

void exchange_answer(struct exchange *exchange, struct answer *answer)
{
    (void)exchange;
    (void)pthread_mutex_lock(&lock);
    waiting->status = answer->status;
    (void)snprintf(waiting->content_type, sizeof(waiting->content_type), "%s",
                   answer->content_type == NULL ? "" : answer->content_type);
    (void)snprintf(waiting->extra_header, sizeof(waiting->extra_header), "%s",
                   answer->extra_header == NULL ? "" : answer->extra_header);
    text_clear(&waiting->body);
    waiting->body = answer->body;
    waiting = NULL;
    (void)pthread_cond_signal(&answered);
    (void)pthread_mutex_unlock(&lock);
}

void exchange_answer_line(struct exchange *exchange, unsigned status, const char *line)
{
    struct answer answer = {.status = status, .content_type = "text/plain"};

    text_add_format(&answer.body, "%s\n", line);
    exchange_answer(exchange, &answer);
}

struct answers *answers_new(struct store_world *world)
{
    struct answers *answers = must_allocate(1, sizeof(*answers));
    struct keeper *keeper = (struct keeper *)world;
    struct error err = {0};

    answers->server.keeper = keeper;
    answers->server.data_folder = world->folder;
    if (workers_start(world->database, 2, &answers->server.workers, &err) < 0 ||
        ingest_start(world->database, keeper, &answers->server.ingest, &err) < 0)
        fail_msg("%s", err.message);
    return answers;
}

void answers_free(struct answers *answers)
{
    workers_stop(answers->server.workers);
    ingest_stop(answers->server.ingest);
    text_clear(&answers->body);
    free(answers);
}

void auto_answers_free(struct answers **answers)
{
    answers_free(*answers);
}

void answers_ask(struct answers *answers, const struct route *route, struct exchange *exchange)
{
    exchange->context = &answers->server;
    (void)pthread_mutex_lock(&lock);
    waiting = answers;
    (void)pthread_mutex_unlock(&lock);
    route->handle(exchange);
    (void)pthread_mutex_lock(&lock);
    while (waiting != NULL)
        (void)pthread_cond_wait(&answered, &lock);
    (void)pthread_mutex_unlock(&lock);
}
