#include "snapshot/receipt.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/encoding.h"
#include "platform/json.h"
#include "platform/json_writer.h"
#include "platform/text.h"
#include "snapshot/closed_object.h"

#define RECEIPT_VERSION 1
#define HEADER_START    "{\"alg\":\"ES256\",\"typ\":\"dijkwacht-receipt+jws\",\"x5c\":[\""
#define HEADER_MIDDLE   "\",\""
#define HEADER_END      "\"]}"

static const struct json_limits receipt_limits = {
    .max_size = RECEIPT_MAX_SIZE,
    .max_values = 200,
    .max_depth = 4,
};

static const char *const result_names[] = {
    [RECEIPT_ACCEPTED] = "accepted",
    [RECEIPT_REFUSED] = "refused",
    [RECEIPT_FORK] = "fork",
    NULL,
};

/* A reason's place here is its value less one: no reason is written null. */
static const char *const reason_names[] = {
    [REFUSAL_MALFORMED - 1] = "malformed",
    [REFUSAL_SIGNATURE - 1] = "signature",
    [REFUSAL_WRONG_DIGEST - 1] = "wrong_digest",
    [REFUSAL_REVOKED - 1] = "revoked",
    [REFUSAL_TOO_LARGE - 1] = "too_large",
    [REFUSAL_VERSION - 1] = "version",
    NULL,
};

static const char *const state_names[] = {
    [VERDICT_PASS] = "pass",         [VERDICT_FAIL] = "fail",
    [VERDICT_UNKNOWN] = "unknown",   [VERDICT_NOT_APPLICABLE] = "not_applicable",
    [VERDICT_ACCEPTED] = "accepted", [VERDICT_STATE_COUNT] = NULL,
};

const char *refusal_reason_name(enum refusal_reason reason)
{
    return reason == REFUSAL_NONE ? "none" : reason_names[reason - 1];
}

const char *refusal_reason_text(enum refusal_reason reason)
{
    switch (reason) {
    case REFUSAL_NONE:
        return "It was not refused.";
    case REFUSAL_MALFORMED:
        return "The server could not read what this machine signed; report this to your IT "
               "volunteer.";
    case REFUSAL_SIGNATURE:
        return "It was not signed with the key that the server knows for this machine; the machine "
               "may need a new join code.";
    case REFUSAL_WRONG_DIGEST:
        return "It was damaged on its way to the server.";
    case REFUSAL_REVOKED:
        return "This machine was taken off the server; to bring it back it needs a new join code.";
    case REFUSAL_TOO_LARGE:
        return "It is larger than the server takes; report this to your IT volunteer.";
    case REFUSAL_VERSION:
        return "The server does not know this version of the agent yet; the server has to be "
               "upgraded.";
    }
    return "";
}

const char *verdict_state_name(enum verdict_state state)
{
    return state_names[state];
}

bool verdict_state_from_name(const char *name, enum verdict_state *ret_state)
{
    for (int i = 0; i < VERDICT_STATE_COUNT; i++) {
        if (strcmp(state_names[i], name) != 0)
            continue;
        *ret_state = (enum verdict_state)i;
        return true;
    }
    return false;
}

static void add_digest(struct json_writer *json, const char *name, const struct digest *digest)
{
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(digest, hex);
    json_add_text(json, name, hex);
}

void receipt_write_payload(const struct receipt *receipt, struct text *out)
{
    struct json_writer json = {0};
    char time[CLOCK_TEXT_SIZE];

    clock_to_text(receipt->received_at, time);
    json_begin_object(&json);
    json_add_integer(&json, "v", RECEIPT_VERSION);
    json_add_text(&json, "machine", receipt->machine);
    add_digest(&json, "snapshot", &receipt->snapshot);
    json_add_text(&json, "result", result_names[receipt->result]);
    json_add_text_or_null(&json, "reason",
                          receipt->result == RECEIPT_REFUSED ? refusal_reason_name(receipt->reason)
                                                             : NULL);
    json_add_text(&json, "received_at", time);
    json_add_text(&json, "nonce", receipt->nonce);
    if (receipt->has_state)
        add_digest(&json, "state", &receipt->state);
    else
        json_add_null(&json, "state");
    json_add_bool(&json, "lacks_base", receipt->lacks_base);
    json_add_integer(&json, "minimum_interval_s", (int64_t)receipt->minimum_interval_seconds);
    json_write_name(&json, "verdicts");
    json_begin_object(&json);
    for (size_t i = 0; i < receipt->verdict_count; i++)
        json_add_text(&json, receipt->verdicts[i].check, state_names[receipt->verdicts[i].state]);
    json_end_object(&json);
    json_end_object(&json);
    text_add(out, json.out.bytes, json.out.length);
    text_clear(&json.out);
}

static void add_certificate(const struct certificate *certificate, struct text *out)
{
    AUTO(text_clear) struct text der = {0};

    certificate_to_der(certificate, &der);
    base64_encode(der.bytes, der.length, out);
}

void receipt_write_header(const struct certificate *receipt_certificate,
                          const struct certificate *intermediate, struct text *out)
{
    text_add_string(out, HEADER_START);
    add_certificate(receipt_certificate, out);
    text_add_string(out, HEADER_MIDDLE);
    add_certificate(intermediate, out);
    text_add_string(out, HEADER_END);
}

/* The certificate up to the mark, behind which *at then stands. */
static int read_certificate(const char **at, const char *mark, struct certificate **ret_certificate,
                            struct error *err)
{
    AUTO(text_clear) struct text der = {0};
    const char *end = strstr(*at, mark);

    if (end == NULL || !base64_decode(*at, (size_t)(end - *at), &der) || der.length == 0)
        return error_set(err, EBADMSG, "receipt: its header holds no certificates");
    *at = end + strlen(mark);
    if (certificate_from_der(der.bytes, der.length, ret_certificate, NULL) < 0)
        return error_set(err, EBADMSG, "receipt: its header holds a malformed certificate");
    return 0;
}

/* A wrong clock is no reason to refuse: then an earlier time that was right counts. */
static int check_chain(const struct certificate *leaf, const struct certificate *intermediate,
                       const struct certificate *root, int64_t now, int64_t fallback_time,
                       struct error *err)
{
    struct error at_now = {0};
    int r = certificate_verify(leaf, intermediate, root, CERTIFICATE_RECEIPT, now, &at_now);

    if (r == -EKEYEXPIRED)
        r = certificate_verify(leaf, intermediate, root, CERTIFICATE_RECEIPT, fallback_time, NULL);
    return r == 0 ? 0 : error_set(err, EKEYREJECTED, "receipt: %.200s", at_now.message);
}

/* What the certificates are taken from is believed only when they give exactly these bytes. */
static int read_header(const char *header, struct certificate **ret_leaf,
                       struct certificate **ret_intermediate, struct error *err)
{
    AUTO(auto_certificate_free) struct certificate *leaf = NULL, *intermediate = NULL;
    AUTO(text_clear) struct text again = {0};
    const char *at = header + strlen(HEADER_START);
    int r;

    if (strncmp(header, HEADER_START, strlen(HEADER_START)) != 0)
        return error_set(err, EBADMSG, "receipt: its header is not a receipt's");
    r = read_certificate(&at, HEADER_MIDDLE, &leaf, err);
    if (r == 0)
        r = read_certificate(&at, HEADER_END, &intermediate, err);
    if (r < 0)
        return r;
    receipt_write_header(leaf, intermediate, &again);
    if (strcmp(again.bytes, header) != 0)
        return error_set(err, EBADMSG, "receipt: its header is not a receipt's");
    *ret_leaf = TAKE(leaf);
    *ret_intermediate = TAKE(intermediate);
    return 0;
}

/* NOLINTNEXTLINE(readability-function-size): each parameter is one more thing that must fit */
int receipt_read(const char *compact, size_t length, const struct certificate *root,
                 const char *machine, const struct digest *snapshot, int64_t now,
                 int64_t fallback_time, struct receipt *ret_receipt, struct error *err)
{
    AUTO(jws_clear) struct jws jws = {0};
    AUTO(auto_certificate_free) struct certificate *leaf = NULL, *intermediate = NULL;
    struct receipt receipt = {0};
    int r;

    if (length > RECEIPT_MAX_SIZE)
        return error_set(err, EBADMSG, "receipt: larger than %u bytes", RECEIPT_MAX_SIZE);
    r = jws_split(compact, length, &jws, err);
    if (r == 0)
        r = read_header(jws.header, &leaf, &intermediate, err);
    if (r == 0)
        r = check_chain(leaf, intermediate, root, now, fallback_time, err);
    if (r == 0)
        r = jws_verify(&jws, leaf, err);
    if (r == 0)
        r = receipt_read_payload((const char *)jws.payload, jws.payload_length, &receipt, err);
    if (r < 0)
        return r;
    if (strcmp(receipt.machine, machine) != 0)
        return error_set(err, ESTALE, "receipt: it is for another machine");
    if (memcmp(receipt.snapshot.bytes, snapshot->bytes, DIGEST_SIZE) != 0)
        return error_set(err, ESTALE, "receipt: it is for another snapshot");
    *ret_receipt = receipt;
    return 0;
}

static uint64_t within_bounds(uint64_t seconds)
{
    if (seconds < RECEIPT_MINIMUM_INTERVAL)
        return RECEIPT_MINIMUM_INTERVAL;
    return seconds > RECEIPT_MAXIMUM_INTERVAL ? RECEIPT_MAXIMUM_INTERVAL : seconds;
}

static int read_verdict(struct json_bytes name, struct json_bytes value, struct receipt *receipt,
                        struct error *err)
{
    struct receipt_verdict *verdict = &receipt->verdicts[receipt->verdict_count];
    char state[sizeof("not_applicable")] = "";
    struct json_bytes text;

    if (receipt->verdict_count >= RECEIPT_VERDICTS_MAX)
        return error_set(err, EBADMSG, "receipt: more than %u verdicts", RECEIPT_VERDICTS_MAX);
    if (!section_name_valid(name.start, name.length))
        return error_set(err, EBADMSG, "receipt: a verdict has no valid name");
    if (plain_text(value, &text) && text.length < sizeof(state))
        memcpy(state, text.start, text.length);
    if (!verdict_state_from_name(state, &verdict->state))
        return error_set(err, EBADMSG, "receipt: a verdict that does not exist");
    memcpy(verdict->check, name.start, name.length);
    receipt->verdict_count++;
    return 0;
}

static int read_verdicts(struct json_bytes verdicts, struct receipt *receipt, struct error *err)
{
    struct json_bytes name, value;
    size_t position = 0;
    int r = 0;

    while (r == 0 && json_each_member(verdicts, &position, &name, &value))
        r = read_verdict(name, value, receipt, err);
    return r;
}

/* A reason belongs to a refusal, and only to that. */
static enum refusal_reason read_reason(struct closed_object *payload, enum receipt_result result)
{
    char name[sizeof("wrong_digest")];

    if (result == RECEIPT_REFUSED)
        return (enum refusal_reason)(closed_choice(payload, "reason", reason_names) + 1);
    closed_text_or_null(payload, "reason", section_name_valid, name, sizeof(name));
    if (name[0] != '\0')
        closed_refuse(payload, "reason");
    return REFUSAL_NONE;
}

int receipt_read_payload(const char *payload, size_t length, struct receipt *ret_receipt,
                         struct error *err)
{
    struct closed_object members;
    struct receipt receipt = {0};
    struct json_bytes verdicts;
    int r = json_check(payload, length, &receipt_limits, err);

    if (r < 0)
        return error_wrap(err, -EBADMSG, "receipt");
    members = closed_begin((struct json_bytes){payload, length}, "receipt", err);
    (void)closed_number(&members, "v", RECEIPT_VERSION, RECEIPT_VERSION);
    closed_text(&members, "machine", machine_id_valid, receipt.machine, sizeof(receipt.machine));
    closed_digest(&members, "snapshot", &receipt.snapshot);
    receipt.result = (enum receipt_result)closed_choice(&members, "result", result_names);
    receipt.reason = read_reason(&members, receipt.result);
    receipt.received_at = closed_time(&members, "received_at");
    closed_text(&members, "nonce", nonce_valid, receipt.nonce, sizeof(receipt.nonce));
    receipt.has_state = closed_digest_or_null(&members, "state", &receipt.state);
    receipt.lacks_base = closed_bool(&members, "lacks_base");
    receipt.minimum_interval_seconds =
        within_bounds(closed_number(&members, "minimum_interval_s", 0, CLOSED_NUMBER_MAX));
    verdicts = closed_inner(&members, "verdicts");
    r = closed_end(&members);
    if (r == 0)
        r = read_verdicts(verdicts, &receipt, err);
    if (r == 0)
        *ret_receipt = receipt;
    return r;
}
