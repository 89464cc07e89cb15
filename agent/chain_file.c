/* The text of a chain: one line with the SHA-256 of the rest, then the rest as JSON. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/chain.h"
#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/json.h"
#include "platform/json_writer.h"
#include "platform/memory.h"
#include "platform/text.h"

#define STATE_VERSION 1
#define MEMBER_COUNT  14U
#define HEX_LENGTH    (DIGEST_HEX_SIZE - 1)

static void write_digest(struct json_writer *writer, const char *name, bool present,
                         const struct digest *digest)
{
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(digest, hex);
    json_add_text_or_null(writer, name, present ? hex : NULL);
}

static void write_state(struct json_writer *writer, const char *name, const struct state *state)
{
    AUTO(text_clear) struct text text = {0};

    state_to_text(state, &text);
    json_add_text(writer, name, text_string(&text));
}

static void write_members(struct json_writer *writer, const struct chain *chain)
{
    json_add_integer(writer, "version", STATE_VERSION);
    json_add_text(writer, "machine", chain->machine);
    json_add_text(writer, "epoch", chain->epoch);
    json_add_integer(writer, "seq", (int64_t)chain->seq);
    write_digest(writer, "prev", chain->has_prev, &chain->prev);
    json_add_text(writer, "nonce", chain->nonce);
    if (chain->has_acknowledged)
        write_state(writer, "acknowledged", &chain->acknowledged);
    else
        json_add_null(writer, "acknowledged");
    json_add_integer(writer, "full_at", chain->full_at);
    json_add_integer(writer, "made_at", chain->made_at);
    json_add_integer(writer, "received_at", chain->received_at);
    json_add_integer(writer, "minimum_interval_seconds", (int64_t)chain->minimum_interval_seconds);
    json_add_integer(writer, "refused", (int64_t)chain->refused);
}

/* Most waiting snapshots of an unchanged machine bring the same state: each is written once. */
static void write_waiting(struct json_writer *writer, const struct chain *chain)
{
    int64_t state_index = -1;

    json_write_name(writer, "waiting");
    json_begin_array(writer);
    for (size_t i = 0; i < chain->waiting_count; i++) {
        const struct waiting *waiting = &chain->waiting[i];

        if (i == 0 || memcmp(&waiting->state, &waiting[-1].state, sizeof(waiting->state)) != 0)
            state_index++;
        json_begin_object(writer);
        json_add_text(writer, "name", waiting->name);
        write_digest(writer, "hash", waiting->has_hash, &waiting->hash);
        json_add_integer(writer, "state", state_index);
        json_end_object(writer);
    }
    json_end_array(writer);

    json_write_name(writer, "states");
    json_begin_array(writer);
    for (size_t i = 0; i < chain->waiting_count; i++) {
        const struct waiting *waiting = &chain->waiting[i];
        AUTO(text_clear) struct text text = {0};

        if (i > 0 && memcmp(&waiting->state, &waiting[-1].state, sizeof(waiting->state)) == 0)
            continue;
        state_to_text(&waiting->state, &text);
        json_write_text(writer, text_string(&text));
    }
    json_end_array(writer);
}

void chain_write(const struct chain *chain, struct text *out)
{
    struct json_writer writer = {0};
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];

    json_begin_object(&writer);
    write_members(&writer, chain);
    write_waiting(&writer, chain);
    json_end_object(&writer);
    digest_of(writer.out.bytes, writer.out.length, &digest);
    digest_to_hex(&digest, hex);
    text_add_format(out, "%s\n", hex);
    text_add(out, writer.out.bytes, writer.out.length);
    text_clear(&writer.out);
}

static bool read_text(const struct json *object, const char *name, char *ret, size_t size)
{
    const char *text = json_text(json_member(object, name));

    if (text == NULL || strlen(text) >= size)
        return false;
    (void)snprintf(ret, size, "%s", text);
    return true;
}

static bool read_number(const struct json *object, const char *name, uint64_t *ret_number)
{
    int64_t number;

    if (!json_integer(json_member(object, name), &number) || number < 0)
        return false;
    *ret_number = (uint64_t)number;
    return true;
}

static bool read_digest(const struct json *object, const char *name, bool *ret_present,
                        struct digest *ret_digest)
{
    const struct json *value = json_member(object, name);
    const char *hex = json_text(value);

    *ret_present = hex != NULL;
    if (hex == NULL)
        return json_is(value, JSON_NULL);
    return hex_decode(hex, strlen(hex), ret_digest->bytes, DIGEST_SIZE);
}

static bool read_state(const struct json *value, struct state *ret_state)
{
    const char *text = json_text(value);

    return text != NULL && state_from_text(text, strlen(text), ret_state, NULL) == 0;
}

static bool read_acknowledged(const struct json *document, struct chain *chain)
{
    const struct json *value = json_member(document, "acknowledged");

    chain->has_acknowledged = !json_is(value, JSON_NULL);
    return !chain->has_acknowledged || read_state(value, &chain->acknowledged);
}

static bool read_members(const struct json *document, struct chain *chain)
{
    uint64_t version;

    return json_count(document) == MEMBER_COUNT && read_number(document, "version", &version) &&
           version == STATE_VERSION &&
           read_text(document, "machine", chain->machine, sizeof(chain->machine)) &&
           read_text(document, "epoch", chain->epoch, sizeof(chain->epoch)) &&
           read_number(document, "seq", &chain->seq) &&
           read_digest(document, "prev", &chain->has_prev, &chain->prev) &&
           read_text(document, "nonce", chain->nonce, sizeof(chain->nonce)) &&
           read_acknowledged(document, chain) &&
           json_integer(json_member(document, "full_at"), &chain->full_at) &&
           json_integer(json_member(document, "made_at"), &chain->made_at) &&
           json_integer(json_member(document, "received_at"), &chain->received_at) &&
           read_number(document, "minimum_interval_seconds", &chain->minimum_interval_seconds) &&
           read_number(document, "refused", &chain->refused);
}

static const struct json *element(const struct json *array, uint64_t index)
{
    const struct json *value = json_first(array);

    while (value != NULL && index-- > 0)
        value = json_next(value);
    return value;
}

static bool read_waiting_one(const struct json *value, const struct json *states,
                             struct waiting *waiting)
{
    char epoch[EPOCH_SIZE];
    uint64_t index, seq;

    return json_count(value) == 3 &&
           read_text(value, "name", waiting->name, sizeof(waiting->name)) &&
           outbox_name_read(waiting->name, epoch, &seq) &&
           read_digest(value, "hash", &waiting->has_hash, &waiting->hash) &&
           read_number(value, "state", &index) &&
           read_state(element(states, index), &waiting->state);
}

static bool read_waiting(const struct json *document, struct chain *chain)
{
    const struct json *list = json_member(document, "waiting");
    const struct json *states = json_member(document, "states");

    if (!json_is(list, JSON_ARRAY) || !json_is(states, JSON_ARRAY) ||
        json_count(list) > OUTBOX_MAX_FILES)
        return false;
    chain->waiting = must_allocate(json_count(list) + 1, sizeof(*chain->waiting));
    for (const struct json *value = json_first(list); value != NULL; value = json_next(value))
        if (!read_waiting_one(value, states, &chain->waiting[chain->waiting_count++]))
            return false;
    return true;
}

static bool checksum_fits(const char *text, size_t length)
{
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];

    if (length <= HEX_LENGTH + 1 || text[HEX_LENGTH] != '\n')
        return false;
    digest_of(text + HEX_LENGTH + 1, length - HEX_LENGTH - 1, &digest);
    digest_to_hex(&digest, hex);
    return memcmp(hex, text, HEX_LENGTH) == 0;
}

int chain_read(const char *text, size_t length, struct chain *ret_chain, struct error *err)
{
    AUTO(auto_json_free) struct json *document = NULL;
    AUTO(chain_clear) struct chain chain = {0};
    int r;

    if (!checksum_fits(text, length))
        return error_set(err, EBADMSG, "state.json does not have the checksum it carries");
    r = json_parse(text + HEX_LENGTH + 1, length - HEX_LENGTH - 1, &json_default_limits, &document,
                   err);
    if (r < 0)
        return error_wrap(err, r, "state.json");
    if (!read_members(document, &chain) || !read_waiting(document, &chain) ||
        strspn(chain.epoch, "0123456789abcdef") != EPOCH_SIZE - 1)
        return error_set(err, EBADMSG, "state.json has another form than this version writes");
    *ret_chain = chain;
    chain = (struct chain){0};
    return 0;
}
