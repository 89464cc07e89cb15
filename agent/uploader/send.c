#include "agent/uploader/send.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/identity.h"
#include "agent/identity_tls.h"
#include "agent/outbox.h"
#include "agent/settings.h"
#include "agent/uploader/patience.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/http_client.h"
#include "platform/journal.h"
#include "platform/text.h"
#include "platform/text_list.h"
#include "snapshot/receipt.h"

#define REQUEST_SECONDS     120U
#define RECEIPTS_LISTED_MAX 10000U

struct sending {
    struct enrolment enrolment;
    struct identity identity;
    struct settings settings;
    struct text root_pem;
    struct outbox files;
    struct http_session *session;
    struct tls_setup tls;
    int outbox;
    int receipts;
};

static void sending_clear(struct sending *sending)
{
    http_session_free(sending->session);
    identity_clear(&sending->identity);
    settings_clear(&sending->settings);
    text_clear(&sending->root_pem);
    outbox_clear(&sending->files);
    auto_close(&sending->outbox);
    auto_close(&sending->receipts);
}

static int load_trust(const struct layout *layout, struct text *out_pem, struct error *err)
{
    AUTO(auto_certificate_free) struct certificate *root = NULL;
    int r = trust_load(layout, &root, err);

    if (r == 0)
        certificate_to_pem(root, out_pem);
    return r;
}

static int load_identity(const struct layout *layout, struct sending *sending, struct error *err)
{
    AUTO_CLOSE int folder = layout_open(layout, FOLDER_TLS, err);

    if (folder < 0)
        return folder;
    return identity_load(folder, IDENTITY_TLS, sending->enrolment.identity, &sending->identity,
                         err);
}

static int open_sending(const struct layout *layout, struct sending *sending, struct error *err)
{
    int r = enrolment_load(layout, &sending->enrolment, err);

    if (r == 0)
        r = settings_load(layout, &sending->settings, err);
    if (r == 0)
        r = load_trust(layout, &sending->root_pem, err);
    if (r == 0)
        r = load_identity(layout, sending, err);
    if (r == 0)
        r = sending->outbox = layout_open(layout, FOLDER_OUTBOX, err);
    if (r >= 0)
        r = sending->receipts = layout_open(layout, FOLDER_RECEIPTS, err);
    if (r >= 0)
        r = outbox_list(sending->outbox, &sending->files, err);
    if (r >= 0)
        r = directory_remove_leftovers(sending->receipts, err);
    if (r < 0)
        return r;
    sending->session = http_session_new();
    sending->tls = (struct tls_setup){.identity = &sending->identity};
    return 0;
}

static bool in_outbox(const struct sending *sending, const char *name)
{
    for (size_t i = 0; i < sending->files.count; i++)
        if (strcmp(sending->files.files[i].name, name) == 0)
            return true;
    return false;
}

/* Collect may not write here, so what it is done with is removed by us, one run later. */
static int remove_old_receipts(const struct sending *sending, struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    char epoch[EPOCH_SIZE];
    uint64_t seq;
    int r = directory_list(sending->receipts, RECEIPTS_LISTED_MAX, &names, err);

    for (size_t i = 0; r == 0 && i < names.count; i++)
        if (outbox_name_read(names.items[i], epoch, &seq) && !in_outbox(sending, names.items[i]))
            r = file_remove(sending->receipts, names.items[i], err);
    return r;
}

static int put(struct sending *sending, const struct text *bytes, struct http_answer *ret_answer,
               struct error *err)
{
    AUTO(text_clear) struct text url = {0};
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];
    struct http_request request = {
        .session = sending->session,
        .method = "PUT",
        .body = bytes->bytes,
        .body_length = bytes->length,
        .content_type = "application/jose",
        .proxy = sending->settings.proxy,
        .max_answer = RECEIPT_MAX_SIZE,
        .timeout_seconds = REQUEST_SECONDS,
        .root_pem = text_string(&sending->root_pem),
        .configure_tls = identity_configure_tls,
        .tls_context = &sending->tls,
    };
    int r;

    digest_of(bytes->bytes, bytes->length, &digest);
    digest_to_hex(&digest, hex);
    text_add_format(&url, "%s/v1/snapshots/%s", sending->enrolment.url, hex);
    request.url = text_string(&url);
    r = http_perform(&request, ret_answer, err);
    if (r != -EKEYEXPIRED || sending->tls.verify_time != 0)
        return r;
    /* A wrong clock is a fact to report, not a lock-out: judge at the last time we know of. */
    sending->tls.verify_time = patience_server_time(sending->receipts);
    if (sending->tls.verify_time == 0)
        sending->tls.verify_time = certificate_not_before(sending->identity.certificate) + 3600;
    return http_perform(&request, ret_answer, err);
}

static bool looks_like_receipt(const struct text *body)
{
    struct jws jws = {0};
    bool fits = body->length > 0 && jws_split(body->bytes, body->length, &jws, NULL) == 0;

    jws_clear(&jws);
    return fits;
}

static int explain_status(const struct http_answer *answer, const char *url, struct error *err)
{
    const char *body = text_string(&answer->body);
    size_t line = strcspn(body, "\r\n");

    if (answer->status == 401 || answer->status == 403)
        return error_set(err, EACCES,
                         "%.100s does not accept this machine's certificate (%.*s): it was revoked "
                         "or is too old; ask your organisation for a new join code",
                         url, line > 80 ? 80 : (int)line, body);
    return error_set(err, EPROTO, "%.100s answered %u (%.*s): the snapshot waits", url,
                     answer->status, line > 80 ? 80 : (int)line, body);
}

/* Only this one is refused; the next may be welcome. */
static bool is_about_one_snapshot(unsigned status)
{
    return status == 400 || status == 409 || status == 413 || status == 422;
}

static int keep_answer(struct sending *sending, const char *name, const struct http_answer *answer,
                       struct error *err)
{
    int r;

    if (looks_like_receipt(&answer->body)) {
        r = file_write(sending->receipts, name, 0640, answer->body.bytes, answer->body.length, err);
        if (r == 0)
            patience_note_time(sending->receipts, &answer->body);
        return r;
    }
    if (answer->retry_after_seconds > 0)
        patience_ask(sending->receipts, clock_now(), answer->retry_after_seconds);
    return explain_status(answer, sending->enrolment.url, err);
}

/* *ret_stop is false when a failure is about this snapshot alone. */
static int send_one(struct sending *sending, const char *name, bool *ret_stop, struct error *err)
{
    AUTO(text_clear) struct text bytes = {0};
    struct http_answer answer = {0};
    int r = file_read(sending->outbox, name, SNAPSHOT_MAX_SIZE, &bytes, err);

    *ret_stop = true;
    if (r == 0)
        r = put(sending, &bytes, &answer, err);
    if (r < 0)
        return r;
    r = keep_answer(sending, name, &answer, err);
    *ret_stop = r < 0 && !is_about_one_snapshot(answer.status);
    text_clear(&answer.body);
    return r;
}

static int send_all(struct sending *sending, struct send_result *result, struct error *err)
{
    bool stop = false;
    int worst = 0;

    for (size_t i = 0; !stop && i < sending->files.count; i++) {
        int r = send_one(sending, sending->files.files[i].name, &stop, err);

        if (r == 0)
            result->answered++;
        else if (!stop)
            journal_write(JOURNAL_WARNING, "snapshot %s: %s", sending->files.files[i].name,
                          err->message);
        worst = r < 0 ? r : worst;
    }
    result->waiting = sending->files.count - result->answered;
    return worst;
}

int send_outbox(const struct layout *layout, struct send_result *ret_result, struct error *err)
{
    AUTO(sending_clear) struct sending sending = {.outbox = -1, .receipts = -1};
    int r = open_sending(layout, &sending, err);

    *ret_result = (struct send_result){.waiting = sending.files.count};
    if (r == 0)
        r = remove_old_receipts(&sending, err);
    if (r == 0 && sending.files.count > 0)
        r = patience_check(sending.receipts, clock_now(), err);
    return r < 0 ? r : send_all(&sending, ret_result, err);
}
