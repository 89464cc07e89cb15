#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/encoding.h"
#include "platform/journal.h"
#include "platform/memory.h"
#include "server-api/ingest/queue.h"

#define RECEIPT_TYPE "application/jose"

static unsigned status_of(enum receipt_result result, enum refusal_reason reason)
{
    if (result == RECEIPT_ACCEPTED)
        return 200;
    if (result == RECEIPT_FORK)
        return 409;
    switch (reason) {
    case REFUSAL_SIGNATURE:
    case REFUSAL_REVOKED:
        return 403;
    case REFUSAL_TOO_LARGE:
        return 413;
    case REFUSAL_NONE:
    case REFUSAL_MALFORMED:
    case REFUSAL_WRONG_DIGEST:
    case REFUSAL_VERSION:
        break;
    }
    return 400;
}

void upload_answer(struct exchange *exchange, enum receipt_result result,
                   enum refusal_reason reason, struct text *receipt)
{
    struct answer answer = {
        .status = status_of(result, reason),
        .content_type = RECEIPT_TYPE,
        .body = *receipt,
    };

    *receipt = (struct text){0};
    exchange_answer(exchange, &answer);
}

void upload_answer_later(struct exchange *exchange, const char *line)
{
    struct answer answer = {
        .status = 503,
        .content_type = "text/plain; charset=utf-8",
        .extra_header = "Retry-After: 60",
    };

    text_add_format(&answer.body, "%s\n", line);
    exchange_answer(exchange, &answer);
}

/* A refusal for good, signed like any receipt: without that a machine would not believe it. */
static void refuse(struct store *store, const struct upload *upload, enum refusal_reason reason)
{
    const struct server *server = upload->exchange->context;
    struct receipt receipt = {
        .snapshot = upload->hash,
        .result = RECEIPT_REFUSED,
        .reason = reason,
        .received_at = upload->received_at,
        .minimum_interval_seconds = RECEIPT_MINIMUM_INTERVAL,
    };
    AUTO(text_clear) struct text compact = {0};
    struct error err = {0};
    int r;

    memcpy(receipt.machine, upload->exchange->peer.machine, MACHINE_ID_SIZE);
    r = store_repeat_nonce(store, upload->organisation, receipt.machine, receipt.nonce, &err);
    if (r == 0)
        r = keeper_sign_receipts(server->keeper, &receipt, &compact, 1, &err);
    if (r < 0) {
        journal_write(JOURNAL_ERROR, "a refusal was not signed: %s", err.message);
        upload_answer_later(upload->exchange, "The server could not answer. Try again later.");
        return;
    }
    upload_answer(upload->exchange, RECEIPT_REFUSED, reason, &compact);
}

static enum refusal_reason reason_of(int code)
{
    switch (code) {
    case -EKEYREJECTED:
        return REFUSAL_SIGNATURE;
    case -EFBIG:
        return REFUSAL_TOO_LARGE;
    case -EPROTONOSUPPORT:
        return REFUSAL_VERSION;
    default:
        return REFUSAL_MALFORMED;
    }
}

static void auto_upload_free(struct upload **upload)
{
    upload_free(*upload);
}

/* Everything that needs no transaction: who it is, and whether it is what it says. */
static enum refusal_reason verify(struct upload *upload, const struct machine_identity *identity)
{
    const struct exchange *exchange = upload->exchange;
    const char *body = (const char *)exchange->body;
    int r;

    if (identity->revoked)
        return REFUSAL_REVOKED;
    r = snapshot_read(body, exchange->body_length, exchange->peer.machine, identity->signing,
                      &upload->snapshot, NULL);
    return r < 0 ? reason_of(r) : REFUSAL_NONE;
}

static bool is_what_was_named(const struct upload *upload)
{
    struct digest digest;

    digest_of(upload->exchange->body, upload->exchange->body_length, &digest);
    return digest_equal(&digest, &upload->hash);
}

static void receive(struct store *store, void *job)
{
    AUTO(auto_upload_free) struct upload *upload = job;
    const struct server *server = upload->exchange->context;
    struct machine_identity identity = {0};
    enum refusal_reason reason;
    struct error err = {0};
    int r;

    /* Not signed, like nothing about bytes that did not come: a broken uploader could take such a
     * refusal to its machine, which would throw a good snapshot away. */
    if (!is_what_was_named(upload)) {
        exchange_answer_line(upload->exchange, 400,
                             "The body is not what the address says: its SHA-256 is another.");
        return;
    }
    r = store_identify(store, &upload->exchange->peer, &identity, &err);
    if (r == -EACCES) {
        exchange_answer_line(upload->exchange, 403, err.message);
        return;
    }
    if (r < 0) {
        journal_write(JOURNAL_ERROR, "a machine was not looked up: %s", err.message);
        upload_answer_later(upload->exchange, "The server cannot look this machine up.");
        return;
    }
    if (identity.signing == NULL && !identity.revoked) {
        exchange_answer_line(upload->exchange, 403,
                             "This machine has no signing certificate yet; run dijkwacht enrol.");
        return;
    }
    reason = verify(upload, &identity);
    if (reason != REFUSAL_NONE) {
        refuse(store, upload, reason);
        return;
    }
    if (ingest_submit(server->ingest, upload) == 0)
        upload = NULL;
    else
        upload_answer_later(upload->exchange, "The server has too much to do. Try again later.");
}

static void handle(struct exchange *exchange)
{
    const struct server *server = exchange->context;
    struct upload *upload;
    struct digest hash;

    if (!hex_decode(exchange->parameter, strlen(exchange->parameter), hash.bytes, DIGEST_SIZE)) {
        exchange_answer_line(exchange, 400,
                             "The address of a snapshot ends in its SHA-256 in lower case.");
        return;
    }
    upload = must_allocate(1, sizeof(*upload));
    upload->exchange = exchange;
    upload->hash = hash;
    upload->received_at = clock_now();
    memcpy(upload->organisation, exchange->peer.organisation, ORGANISATION_ID_SIZE);
    if (workers_submit(server->workers, receive, upload) == 0)
        return;
    upload_free(upload);
    upload_answer_later(exchange, "The server has too much to do. Try again later.");
}

const struct route ingest_routes[] = {
    {
        .listener = LISTENER_AGENTS,
        .method = "PUT",
        .path = "/v1/snapshots/{}",
        .max_body = SNAPSHOT_MAX_SIZE,
        .needs_certificate = true,
        .handle = handle,
    },
    {.method = NULL},
};
