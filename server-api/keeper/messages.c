#include "server-api/keeper/messages.h"

#include <errno.h>
#include <string.h>

#define ERROR_WORDS_MAX 255U

static void put_number(struct text *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i) & 0xff);

        text_add(out, &byte, 1);
    }
}

static void put_bytes(struct text *out, const void *bytes, size_t length)
{
    put_number(out, length, 4);
    text_add(out, bytes, length);
}

static void put_string(struct text *out, const char *string)
{
    put_bytes(out, string, strlen(string));
}

static void put_head(struct text *out, enum keeper_message kind)
{
    put_number(out, KEEPER_MESSAGE_VERSION, 1);
    put_number(out, kind, 1);
}

/* Reads on until something does not fit, and from then on answers nothing. */
struct reader {
    const uint8_t *next;
    size_t left;
    bool broken;
};

static const uint8_t *get(struct reader *reader, size_t length)
{
    const uint8_t *bytes = reader->next;

    if (reader->broken || length > reader->left) {
        reader->broken = true;
        return NULL;
    }
    reader->next += length;
    reader->left -= length;
    return bytes;
}

static uint64_t get_number(struct reader *reader, size_t size)
{
    const uint8_t *bytes = get(reader, size);
    uint64_t value = 0;

    for (size_t i = 0; bytes != NULL && i < size; i++)
        value |= (uint64_t)bytes[i] << (8 * i);
    return value;
}

/* A number that is at most the maximum, else the message is broken. */
static uint64_t get_bounded(struct reader *reader, size_t size, uint64_t maximum)
{
    uint64_t value = get_number(reader, size);

    if (value <= maximum)
        return value;
    reader->broken = true;
    return 0;
}

static size_t get_length(struct reader *reader, size_t maximum)
{
    return (size_t)get_bounded(reader, 4, maximum);
}

/* Text without NUL inside, into an array of this size. */
static void get_string(struct reader *reader, char *ret_string, size_t size)
{
    size_t length = get_length(reader, size - 1);
    const uint8_t *bytes = get(reader, length);

    if (bytes == NULL || memchr(bytes, '\0', length) != NULL) {
        reader->broken = true;
        return;
    }
    memcpy(ret_string, bytes, length);
    ret_string[length] = '\0';
}

static void get_digest(struct reader *reader, struct digest *ret_digest)
{
    const uint8_t *bytes = get(reader, DIGEST_SIZE);

    if (bytes != NULL)
        memcpy(ret_digest->bytes, bytes, DIGEST_SIZE);
}

static struct reader start(const void *bytes, size_t length, enum keeper_message kind)
{
    struct reader reader = {bytes, length, false};

    if (message_kind(bytes, length) != kind)
        reader.broken = true;
    (void)get(&reader, 2);
    return reader;
}

static int finish(const struct reader *reader, struct error *err)
{
    if (reader->broken || reader->left > 0)
        return error_set(err, EBADMSG,
                         "a message between the API process and the keeper is malformed");
    return 0;
}

unsigned message_kind(const void *bytes, size_t length)
{
    const uint8_t *head = bytes;

    if (length < 2 || head[0] != KEEPER_MESSAGE_VERSION || head[1] > KEEPER_SIGNED)
        return 0;
    return head[1];
}

void message_write_ready(struct text *out)
{
    put_head(out, KEEPER_READY);
}

void message_write_failure(int code, const char *words, struct text *out)
{
    size_t length = strlen(words);

    put_head(out, KEEPER_FAILED);
    put_number(out, (uint64_t)code, 4);
    put_bytes(out, words, length > ERROR_WORDS_MAX ? ERROR_WORDS_MAX : length);
}

int message_read_failure(const void *bytes, size_t length, struct error *err)
{
    struct reader reader = start(bytes, length, KEEPER_FAILED);
    int code = (int)get_bounded(&reader, 4, 4095); /* errno values end there, see errno(3) */
    char words[ERROR_WORDS_MAX + 1];

    get_string(&reader, words, sizeof(words));
    if (finish(&reader, err) < 0 || code == 0)
        return error_set(err, EBADMSG, "the keeper's answer is malformed");
    return error_set(err, code, "%s", words);
}

int message_write_order(const struct certificate_order *order, struct text *out, struct error *err)
{
    size_t count = 0;

    while (order->names != NULL && order->names[count] != NULL)
        if (strlen(order->names[count++]) >= KEEPER_NAME_SIZE || count > KEEPER_NAMES_MAX)
            return error_set(err, EINVAL, "a certificate has at most %u names of %u characters",
                             KEEPER_NAMES_MAX, KEEPER_NAME_SIZE - 1);
    if (order->spki_length != P256_SPKI_SIZE)
        return error_set(err, EINVAL, "only P-256 keys are certified");
    put_head(out, KEEPER_ISSUE);
    put_number(out, order->purpose, 1);
    put_string(out, order->organisation);
    put_string(out, order->machine);
    text_add(out, order->spki, P256_SPKI_SIZE);
    put_number(out, (uint64_t)order->now, 8);
    put_number(out, (uint64_t)order->lifetime_seconds, 8);
    put_number(out, count, 1);
    for (size_t i = 0; i < count; i++)
        put_string(out, order->names[i]);
    return 0;
}

int message_read_order(const void *bytes, size_t length, struct order_message *ret_order,
                       struct error *err)
{
    struct reader reader = start(bytes, length, KEEPER_ISSUE);
    struct certificate_order *order = &ret_order->order;
    const uint8_t *spki;
    size_t count;

    *ret_order = (struct order_message){0};
    order->purpose = (enum certificate_purpose)get_bounded(&reader, 1, CERTIFICATE_UNKNOWN);
    get_string(&reader, order->organisation, sizeof(order->organisation));
    get_string(&reader, order->machine, sizeof(order->machine));
    spki = get(&reader, P256_SPKI_SIZE);
    if (spki != NULL)
        memcpy(ret_order->spki, spki, P256_SPKI_SIZE);
    order->spki = ret_order->spki;
    order->spki_length = P256_SPKI_SIZE;
    order->now = (int64_t)get_number(&reader, 8);
    order->lifetime_seconds = (int64_t)get_number(&reader, 8);
    count = (size_t)get_bounded(&reader, 1, KEEPER_NAMES_MAX);
    for (size_t i = 0; i < count; i++) {
        get_string(&reader, ret_order->names[i], KEEPER_NAME_SIZE);
        ret_order->name_list[i] = ret_order->names[i];
    }
    order->names = ret_order->name_list;
    return finish(&reader, err);
}

void message_write_certificate(const struct certificate *certificate, struct text *out)
{
    put_head(out, KEEPER_CERTIFICATE);
    certificate_to_der(certificate, out);
}

int message_read_certificate(const void *bytes, size_t length, struct certificate **ret_certificate,
                             struct error *err)
{
    struct reader reader = start(bytes, length, KEEPER_CERTIFICATE);

    if (reader.broken || reader.left > KEEPER_CERTIFICATE_SIZE)
        return error_set(err, EBADMSG, "the keeper's answer is malformed");
    return certificate_from_der(reader.next, reader.left, ret_certificate, err);
}

static void put_receipt(const struct receipt *receipt, struct text *out)
{
    put_string(out, receipt->machine);
    text_add(out, receipt->snapshot.bytes, DIGEST_SIZE);
    put_number(out, receipt->result, 1);
    put_number(out, receipt->reason, 1);
    put_number(out, (uint64_t)receipt->received_at, 8);
    put_string(out, receipt->nonce);
    put_number(out, receipt->has_state, 1);
    text_add(out, receipt->state.bytes, DIGEST_SIZE);
    put_number(out, receipt->lacks_base, 1);
    put_number(out, receipt->minimum_interval_seconds, 8);
    put_number(out, receipt->verdict_count, 1);
    for (size_t i = 0; i < receipt->verdict_count; i++) {
        put_string(out, receipt->verdicts[i].check);
        put_number(out, receipt->verdicts[i].state, 1);
    }
}

static void get_receipt(struct reader *reader, struct receipt *receipt)
{
    *receipt = (struct receipt){0};
    get_string(reader, receipt->machine, sizeof(receipt->machine));
    get_digest(reader, &receipt->snapshot);
    receipt->result = (enum receipt_result)get_bounded(reader, 1, RECEIPT_FORK);
    receipt->reason = (enum refusal_reason)get_bounded(reader, 1, REFUSAL_VERSION);
    receipt->received_at = (int64_t)get_number(reader, 8);
    get_string(reader, receipt->nonce, sizeof(receipt->nonce));
    receipt->has_state = get_bounded(reader, 1, 1) == 1;
    get_digest(reader, &receipt->state);
    receipt->lacks_base = get_bounded(reader, 1, 1) == 1;
    receipt->minimum_interval_seconds = get_number(reader, 8);
    receipt->verdict_count = (size_t)get_bounded(reader, 1, RECEIPT_VERDICTS_MAX);
    for (size_t i = 0; i < receipt->verdict_count; i++) {
        struct receipt_verdict *verdict = &receipt->verdicts[i];

        get_string(reader, verdict->check, sizeof(verdict->check));
        verdict->state = (enum verdict_state)get_bounded(reader, 1, VERDICT_STATE_COUNT - 1);
    }
}

void message_write_receipts(const struct receipt *receipts, size_t count, struct text *out)
{
    put_head(out, KEEPER_SIGN);
    put_number(out, count, 1);
    for (size_t i = 0; i < count; i++)
        put_receipt(&receipts[i], out);
}

int message_read_receipts(const void *bytes, size_t length, struct receipt *receipts,
                          size_t *ret_count, struct error *err)
{
    struct reader reader = start(bytes, length, KEEPER_SIGN);
    size_t count = (size_t)get_bounded(&reader, 1, KEEPER_RECEIPTS_MAX);

    for (size_t i = 0; i < count; i++)
        get_receipt(&reader, &receipts[i]);
    *ret_count = count;
    return finish(&reader, err);
}

void message_write_signed(const struct text *compact, size_t count, struct text *out)
{
    put_head(out, KEEPER_SIGNED);
    put_number(out, count, 1);
    for (size_t i = 0; i < count; i++)
        put_bytes(out, text_string(&compact[i]), compact[i].length);
}

int message_read_signed(const void *bytes, size_t length, struct text *compact, size_t count,
                        struct error *err)
{
    struct reader reader = start(bytes, length, KEEPER_SIGNED);

    if (get_number(&reader, 1) != count)
        reader.broken = true;
    for (size_t i = 0; i < count && !reader.broken; i++) {
        size_t part_length = get_length(&reader, RECEIPT_MAX_SIZE);
        const uint8_t *part = get(&reader, part_length);

        if (part != NULL)
            text_add(&compact[i], part, part_length);
    }
    return finish(&reader, err);
}
