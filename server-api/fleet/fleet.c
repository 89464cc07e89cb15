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
#define QUERY          "organisation="

/*
 * -EACCES unless the request brings the token of the file admin-token. Digests are compared, so
 * that the time tells nothing about the token.
 */
static int check_token(const struct exchange *exchange, const char *data_folder, struct error *err)
{
    const char *given = exchange->authorization == NULL ? "" : exchange->authorization;
    AUTO(text_clear) struct text token = {0};
    AUTO_CLOSE int folder = directory_open(data_folder, err);
    struct digest expected, actual;
    size_t length;
    int r;

    if (folder < 0)
        return -EIO;
    r = file_read(folder, SERVER_TOKEN_FILE, TOKEN_MAX_SIZE, &token, err);
    if (r < 0)
        return error_set(err, EIO, "%s/" SERVER_TOKEN_FILE " cannot be read: %s", data_folder,
                         strerror(-r));
    length = strcspn(text_string(&token), "\r\n");
    if (strncmp(given, BEARER, strlen(BEARER)) == 0)
        given += strlen(BEARER);
    else
        given = "";
    digest_of(text_string(&token), length, &expected);
    digest_of(given, strlen(given), &actual);
    return digest_equal(&expected, &actual) && length > 0 ? 0 : -EACCES;
}

/* "" for all organisations. -EINVAL when the query is another one, -ENOENT for an unknown one. */
static int read_query(struct store *store, const char *query,
                      char ret_organisation[ORGANISATION_ID_SIZE], struct error *err)
{
    ret_organisation[0] = '\0';
    if (query[0] == '\0')
        return 0;
    if (strncmp(query, QUERY, strlen(QUERY)) != 0)
        return error_set(err, EINVAL, "The query is not like " QUERY "IDENTIFIER.");
    return store_find_organisation(store, query + strlen(QUERY), ret_organisation, err);
}

static void refuse(struct exchange *exchange, int code, const struct error *err)
{
    struct answer answer = {.status = 401,
                            .content_type = "text/plain; charset=utf-8",
                            .extra_header = "WWW-Authenticate: Bearer"};

    if (code == -EACCES) {
        text_add_string(&answer.body, "This needs the token in the server's file admin-token.\n");
        exchange_answer(exchange, &answer);
    } else if (code == -EINVAL) {
        exchange_answer_line(exchange, 400, err->message);
    } else if (code == -ENOENT) {
        exchange_answer_line(exchange, 404, err->message);
    } else {
        journal_write(JOURNAL_ERROR, "the fleet was not answered: %s", err->message);
        exchange_answer_line(exchange, 500,
                             "The server cannot read the fleet; its journal says "
                             "why.");
    }
}

static void answer_fleet(struct store *store, void *job)
{
    struct exchange *exchange = job;
    const struct server *server = exchange->context;
    struct answer answer = {.status = 200, .content_type = "application/json"};
    char organisation[ORGANISATION_ID_SIZE];
    struct error err = {0};
    int r;

    r = check_token(exchange, server->data_folder, &err);
    if (r == 0)
        r = read_query(store, exchange->query, organisation, &err);
    if (r == 0)
        r = store_write_fleet(store, organisation[0] == '\0' ? NULL : organisation, clock_now(),
                              &answer.body, &err);
    if (r == 0) {
        exchange_answer(exchange, &answer);
    } else {
        text_clear(&answer.body);
        refuse(exchange, r, &err);
    }
}

static void handle(struct exchange *exchange)
{
    const struct server *server = exchange->context;

    if (workers_submit(server->workers, answer_fleet, exchange) < 0)
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
