/* Enrolment over Secure Transport (RFC 7030 with RFC 8951): /cacerts and /simpleenroll, with one
 * label for each of the two keys of a machine. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/journal.h"
#include "platform/memory.h"
#include "server-api/enrolment/certificates_only.h"
#include "server-api/enrolment/credentials.h"
#include "server-api/enrolment/csr.h"
#include "server-api/server.h"
#include "server-api/store/store.h"

#define REQUEST_TYPE "application/pkcs10"
#define ANSWER_TYPE  "application/pkcs7-mime; smime-type=certs-only"
#define BASE64       "Content-Transfer-Encoding: base64"
#define PLAIN_TEXT   "text/plain; charset=utf-8"
#define CHAIN_LENGTH 2

struct enrolment {
    struct exchange *exchange;
    enum certificate_purpose purpose;
    char token_id[TOKEN_ID_SIZE];
    struct digest secret;
};

static void answer_line(struct exchange *exchange, unsigned status, const char *line,
                        const char *extra_header)
{
    struct answer answer = {
        .status = status,
        .content_type = PLAIN_TEXT,
        .extra_header = extra_header,
    };

    text_add_format(&answer.body, "%s\n", line);
    exchange_answer(exchange, &answer);
}

static void answer_busy(struct exchange *exchange, const char *line)
{
    answer_line(exchange, 503, line, "Retry-After: 60");
}

/* The same for no credentials, unknown ones, spent ones and a wrong secret. */
static void answer_unauthorized(struct exchange *exchange)
{
    answer_line(
        exchange, 401,
        "The join code is not valid, or was used already, or is too old. Ask for a new one.",
        "WWW-Authenticate: Basic realm=\"est\"");
}

static void answer_certificates(struct exchange *exchange,
                                const struct certificate *const *certificates, size_t count)
{
    struct answer answer = {
        .status = 200,
        .content_type = ANSWER_TYPE,
        .extra_header = BASE64,
    };
    struct error err = {0};

    if (certificates_only_write(certificates, count, &answer.body, &err) < 0) {
        journal_write(JOURNAL_ERROR, "certificates were not answered: %s", err.message);
        exchange_answer_line(exchange, 500, "The server cannot answer; its journal says why.");
        return;
    }
    exchange_answer(exchange, &answer);
}

static void handle_cacerts(struct exchange *exchange)
{
    const struct server *server = exchange->context;
    const struct certificate *const chain[CHAIN_LENGTH] = {
        keeper_root(server->keeper),
        keeper_intermediate(server->keeper),
    };

    answer_certificates(exchange, chain, CHAIN_LENGTH);
}

static int issue(const struct enrolment *enrolment, struct store *store,
                 const struct token_use *use, const uint8_t spki[P256_SPKI_SIZE],
                 struct certificate **ret_certificate, struct error *err)
{
    AUTO(auto_certificate_free) struct certificate *certificate = NULL;
    const struct server *server = enrolment->exchange->context;
    int64_t now = clock_now();
    struct certificate_order order = {
        .purpose = use->purpose,
        .spki = spki,
        .spki_length = P256_SPKI_SIZE,
        .now = now,
        .lifetime_seconds = KEEPER_LIFETIME_MAX,
    };
    int r;

    memcpy(order.organisation, use->organisation, sizeof(order.organisation));
    memcpy(order.machine, use->machine, sizeof(order.machine));
    r = keeper_issue(server->keeper, &order, &certificate, err);
    if (r == 0)
        r = store_add_certificate(store, use->organisation, use->machine, certificate, now, err);
    if (r == 0)
        *ret_certificate = TAKE(certificate);
    return r;
}

/* The certificate for a request whose token is good: the one it got before, or a new one. */
static int certify(const struct enrolment *enrolment, struct store *store,
                   const uint8_t spki[P256_SPKI_SIZE], struct certificate **ret_certificate,
                   struct error *err)
{
    struct token_use use = {
        .token_id = enrolment->token_id,
        .secret = enrolment->secret,
        .purpose = enrolment->purpose,
    };
    int r;

    digest_of(spki, P256_SPKI_SIZE, &use.spki);
    r = store_use_join_token(store, &use, clock_now(), err);
    if (r == 0 && use.certificate.length == 0) {
        r = issue(enrolment, store, &use, spki, ret_certificate, err);
        if (r == -EEXIST) /* the same request, sent again, was faster */
            r = store_use_join_token(store, &use, clock_now(), err);
    }
    if (r == 0 && *ret_certificate == NULL)
        r = certificate_from_der(text_string(&use.certificate), use.certificate.length,
                                 ret_certificate, err);
    text_clear(&use.certificate);
    return r;
}

static void answer_failure(struct exchange *exchange, int code, const struct error *err)
{
    switch (code) {
    case -EACCES:
        answer_unauthorized(exchange);
        return;
    case -EEXIST:
        exchange_answer_line(exchange, 409, "Another machine has this key already.");
        return;
    default:
        journal_write(JOURNAL_ERROR, "a machine was not enrolled: %s", err->message);
        answer_busy(exchange, "The server cannot enrol this machine now. Try again later.");
    }
}

/* On a worker thread. */
static void enrol(struct store *store, void *job)
{
    AUTO_FREE struct enrolment *enrolment = job;
    struct exchange *exchange = enrolment->exchange;
    const struct server *server = exchange->context;
    AUTO(auto_certificate_free) struct certificate *certificate = NULL;
    const struct certificate *chain[CHAIN_LENGTH];
    uint8_t spki[P256_SPKI_SIZE];
    struct error err = {0};
    int r = csr_read(exchange->body, exchange->body_length, spki, &err);

    if (r < 0) {
        exchange_answer_line(exchange, 400, err.message);
        return;
    }
    r = certify(enrolment, store, spki, &certificate, &err);
    if (r < 0) {
        answer_failure(exchange, r, &err);
        return;
    }
    chain[0] = certificate;
    chain[1] = keeper_intermediate(server->keeper);
    answer_certificates(exchange, chain, CHAIN_LENGTH);
}

static void handle_enrol(struct exchange *exchange, enum certificate_purpose purpose)
{
    const struct server *server = exchange->context;
    struct enrolment *enrolment = must_allocate(1, sizeof(*enrolment));

    enrolment->exchange = exchange;
    enrolment->purpose = purpose;
    if (!credentials_read(exchange->authorization, enrolment->token_id, &enrolment->secret)) {
        answer_unauthorized(exchange);
    } else if (exchange->content_type == NULL ||
               strcmp(exchange->content_type, REQUEST_TYPE) != 0) {
        exchange_answer_line(exchange, 415, "The body must be " REQUEST_TYPE ".");
    } else if (workers_submit(server->workers, enrol, enrolment) < 0) {
        answer_busy(exchange, "The server has too much to do. Try again later.");
    } else {
        return;
    }
    free(enrolment);
}

static void handle_enrol_tls(struct exchange *exchange)
{
    handle_enrol(exchange, CERTIFICATE_TLS_CLIENT);
}

static void handle_enrol_signing(struct exchange *exchange)
{
    handle_enrol(exchange, CERTIFICATE_SIGNING);
}

#define CACERTS_ROUTE(address)                                                                     \
    {                                                                                              \
        .listener = LISTENER_AGENTS, .method = "GET", .path = (address), .handle = handle_cacerts  \
    }
#define ENROL_ROUTE(address, handler)                                                              \
    {                                                                                              \
        .listener = LISTENER_AGENTS, .method = "POST", .path = (address),                          \
        .max_body = CSR_TEXT_MAX, .handle = (handler)                                              \
    }

const struct route enrolment_routes[] = {
    CACERTS_ROUTE("/.well-known/est/cacerts"),
    CACERTS_ROUTE("/.well-known/est/tls/cacerts"),
    CACERTS_ROUTE("/.well-known/est/signing/cacerts"),
    ENROL_ROUTE("/.well-known/est/tls/simpleenroll", handle_enrol_tls),
    ENROL_ROUTE("/.well-known/est/signing/simpleenroll", handle_enrol_signing),
    {.method = NULL},
};
