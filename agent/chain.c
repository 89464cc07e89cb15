#include "agent/chain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "platform/random.h"
#include "platform/text.h"

#define STATE_FILE     "state.json"
#define STATE_MAX_SIZE (2U * 1024U * 1024U)

void chain_clear(struct chain *chain)
{
    free(chain->waiting);
    *chain = (struct chain){0};
}

void chain_start_epoch(struct chain *chain)
{
    AUTO(text_clear) struct text epoch = {0};
    uint8_t bits[16];

    random_bytes(bits, sizeof(bits));
    hex_encode(bits, sizeof(bits), &epoch);
    (void)snprintf(chain->epoch, sizeof(chain->epoch), "%s", text_string(&epoch));
    chain->seq = 0;
    chain->has_prev = false;
    chain->has_acknowledged = false;
}

void chain_start(struct chain *chain, const char *machine)
{
    *chain = (struct chain){.minimum_interval_seconds = RECEIPT_MINIMUM_INTERVAL};
    (void)snprintf(chain->machine, sizeof(chain->machine), "%s", machine);
    chain_start_epoch(chain);
}

int chain_load(int collect, const char *machine, struct chain *ret_chain,
               const char **ret_restarted, struct error *err)
{
    AUTO(text_clear) struct text text = {0};
    struct chain chain = {0};
    int r = file_read(collect, STATE_FILE, STATE_MAX_SIZE, &text, err);

    if (r < 0 && r != -ENOENT && r != -EFBIG && r != -EBADF)
        return r;
    *ret_restarted = r == -ENOENT ? "" : "the state of this machine is damaged";
    if (r == 0 && chain_read(text_string(&text), text.length, &chain, err) == 0) {
        if (strcmp(chain.machine, machine) == 0) {
            *ret_chain = chain;
            *ret_restarted = NULL;
            return 0;
        }
        *ret_restarted = ""; /* enrolled again: another machine from now on */
        chain_clear(&chain);
    }
    chain_start(ret_chain, machine);
    return 0;
}

int chain_save(int collect, const struct chain *chain, struct error *err)
{
    AUTO(text_clear) struct text text = {0};

    chain_write(chain, &text);
    return file_write(collect, STATE_FILE, 0600, text.bytes, text.length, err);
}

static void forget_waiting(struct chain *chain, size_t index)
{
    chain->waiting_count--;
    memmove(&chain->waiting[index], &chain->waiting[index + 1],
            (chain->waiting_count - index) * sizeof(*chain->waiting));
}

static void set_prev(struct chain *chain, const struct waiting *waiting)
{
    if (strncmp(waiting->name, chain->epoch, EPOCH_SIZE - 1) != 0)
        return;
    chain->has_prev = true;
    chain->prev = waiting->hash;
}

int chain_reconcile(struct chain *chain, int outbox, struct error *err)
{
    for (size_t i = 0; i < chain->waiting_count;) {
        AUTO(text_clear) struct text bytes = {0};
        struct waiting *waiting = &chain->waiting[i];
        int r;

        if (waiting->has_hash) {
            i++;
            continue;
        }
        r = file_read(outbox, waiting->name, SNAPSHOT_MAX_SIZE, &bytes, err);
        if (r < 0 && r != -ENOENT)
            return r;
        if (r == -ENOENT) {
            forget_waiting(chain, i);
            continue;
        }
        digest_of(bytes.bytes, bytes.length, &waiting->hash);
        waiting->has_hash = true;
        set_prev(chain, waiting);
        i++;
    }
    /* An epoch begins with its first snapshot: one that never was leaves nothing to go on from. */
    if (chain->seq > 0 && !chain->has_prev)
        chain_start_epoch(chain);
    return 0;
}

void chain_reserve(struct chain *chain, const struct state *state, int64_t now, bool full,
                   char ret_name[OUTBOX_NAME_SIZE])
{
    struct waiting *waiting;

    if (chain->waiting_count >= OUTBOX_MAX_FILES)
        forget_waiting(chain, 0);
    chain->waiting = must_grow(chain->waiting, chain->waiting_count + 1, sizeof(*chain->waiting));
    waiting = &chain->waiting[chain->waiting_count++];
    *waiting = (struct waiting){.state = *state};
    chain->seq++;
    chain->made_at = now;
    if (full)
        chain->full_at = now;
    outbox_name(chain->epoch, chain->seq, waiting->name);
    memcpy(ret_name, waiting->name, sizeof(waiting->name));
}

static size_t find_waiting(const struct chain *chain, const char *name)
{
    size_t i = 0;

    while (i < chain->waiting_count && strcmp(chain->waiting[i].name, name) != 0)
        i++;
    return i;
}

const struct waiting *chain_waiting(const struct chain *chain, const char *name)
{
    size_t i = find_waiting(chain, name);

    return i == chain->waiting_count ? NULL : &chain->waiting[i];
}

static const struct state *known_state(const struct chain *chain, const struct digest *wanted)
{
    struct digest digest;

    for (size_t i = 0; i < chain->waiting_count; i++) {
        state_digest(&chain->waiting[i].state, &digest);
        if (memcmp(&digest, wanted, sizeof(digest)) == 0)
            return &chain->waiting[i].state;
    }
    state_digest(&chain->acknowledged, &digest);
    if (chain->has_acknowledged && memcmp(&digest, wanted, sizeof(digest)) == 0)
        return &chain->acknowledged;
    return NULL;
}

/* What the server holds now, when we know it too; else the next snapshot says everything. */
static void learn_state(struct chain *chain, const struct receipt *receipt)
{
    const struct state *state =
        receipt->has_state && !receipt->lacks_base ? known_state(chain, &receipt->state) : NULL;

    chain->has_acknowledged = state != NULL;
    if (state != NULL && state != &chain->acknowledged)
        chain->acknowledged = *state;
}

void chain_learn(struct chain *chain, const char *name, const struct receipt *receipt)
{
    size_t index = find_waiting(chain, name);

    (void)snprintf(chain->nonce, sizeof(chain->nonce), "%s", receipt->nonce);
    chain->received_at = receipt->received_at;
    chain->minimum_interval_seconds = receipt->minimum_interval_seconds;
    if (receipt->result == RECEIPT_ACCEPTED)
        learn_state(chain, receipt);
    if (receipt->result == RECEIPT_REFUSED)
        chain->refused++;
    if (receipt->result == RECEIPT_FORK && strncmp(name, chain->epoch, EPOCH_SIZE - 1) == 0)
        chain_start_epoch(chain);
    if (index < chain->waiting_count)
        forget_waiting(chain, index);
}
