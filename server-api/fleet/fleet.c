#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/journal.h"
#include "server-api/server.h"
#include "server-api/store/store.h"

#define TOKEN_MAX_SIZE 256U
#define BEARER         "Bearer "

/*
 * Whether the request brings the token of the file admin-token. Digests are compared, so that the
 * time tells nothing about the token. -ENOENT when there is no such file.
 */
static int check_token(const struct exchange *exchange, const char *data_folder, bool *ret_right,
                       struct error *err)
{
    const char *given = exchange->authorization == NULL ? "" : exchange->authorization;
    AUTO(text_clear) struct text token = {0};
    AUTO_CLOSE int folder = directory_open(data_folder, err);
    struct digest expected, actual;
    size_t length;
    int r;

    if (folder < 0)
        return folder;
    r = file_read(folder, SERVER_TOKEN_FILE, TOKEN_MAX_SIZE, &token, err);
    if (r < 0)
        return r;
    length = strcspn(text_string(&token), "\r\n");
    if (strncmp(given, BEARER, strlen(BEARER)) == 0)
        given += strlen(BEARER);
    else
        given = "";
    digest_of(text_string(&token), length, &expected);
    digest_of(given, strlen(given), &actual);
    *ret_right = digest_equal(&expected, &actual) && length > 0;
    return 0;
}

static void answer_failure(struct exchange *exchange, const struct error *err)
{
    journal_write(JOURNAL_ERROR, "the fleet was not answered: %s", err->message);
    exchange_answer_line(exchange, 500, "The server cannot read the fleet; its journal says why.");
}

static void answer_fleet(struct store *store, void *job)
{
    struct exchange *exchange = job;
    const struct server *server = exchange->context;
    struct answer answer = {.status = 200, .content_type = "application/json"};
    struct error err = {0};
    bool right = false;
    int r;

    r = check_token(exchange, server->data_folder, &right, &err);
    if (r == 0 && !right) {
        answer = (struct answer){.status = 401,
                                 .content_type = "text/plain; charset=utf-8",
                                 .extra_header = "WWW-Authenticate: Bearer"};
        text_add_string(&answer.body, "This needs the token in the server's file admin-token.\n");
        exchange_answer(exchange, &answer);
        return;
    }
    if (r == 0)
        r = store_write_fleet(store, NULL, clock_now(), &answer.body, &err);
    if (r < 0) {
        text_clear(&answer.body);
        answer_failure(exchange, &err);
        return;
    }
    exchange_answer(exchange, &answer);
}

static void handle(struct exchange *exchange)
{
    const struct server *server = exchange->context;

    if (exchange->query[0] != '\0')
        exchange_answer_line(exchange, 400, "This address takes no query.");
    else if (workers_submit(server->workers, answer_fleet, exchange) < 0)
        exchange_answer_line(exchange, 503, "The server has too much to do. Try again later.");
}

const struct route fleet_routes[] = {
    {
        .listener = LISTENER_PEOPLE,
        .method = "GET",
        .path = "/v1/fleet",
        .loopback_only = true,
        .handle = handle,
    },
    {.method = NULL},
};
