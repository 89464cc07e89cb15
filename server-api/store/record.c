#include "server-api/store/record.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "server-api/store/database.h"
#include "server-api/store/machine_state.h"
#include "server-api/store/packed_jws.h"
#include "server-api/store/shared_text.h"

/* A machine that is copied again and again must not fill our disk. */
#define QUARANTINE_MAX 32

static void bind_key(struct statement *statement, const struct machine_key *key)
{
    bind_text(statement, key->organisation);
    bind_text(statement, key->machine);
}

static void bind_place(struct statement *statement, const struct record *record)
{
    bind_key(statement, &record->key);
    bind_text(statement, record->ingest->snapshot->head.epoch);
    bind_integer(statement, (int64_t)record->ingest->snapshot->head.seq);
}

static int refuse(struct store *store, struct record *record, enum refusal_reason reason,
                  struct error *err)
{
    record->step = RECORD_SIGN_ONLY;
    record->ingest->result = RECEIPT_REFUSED;
    record->ingest->reason = reason;
    record->receipt.result = RECEIPT_REFUSED;
    record->receipt.reason = reason;
    return store_repeat_nonce(store, record->key.organisation, record->key.machine,
                              record->receipt.nonce, err);
}

static int answer_again(struct store *store, struct record *record, enum receipt_result result,
                        struct error *err)
{
    int r = record_find_receipt(store, record, result == RECEIPT_FORK, err);

    record->ingest->result = result;
    record->step = r == 1 ? RECORD_ANSWERED : RECORD_TWIN;
    return r < 0 ? r : 0;
}

/* 1 when it is in quarantine already. */
static int in_quarantine(struct store *store, const struct record *record, int64_t *ret_count,
                         struct error *err)
{
    AUTO(statement_end)
    struct statement find = statement_start(
        store, "SELECT count(*), coalesce(sum(hash = ?3), 0) FROM quarantine WHERE organisation = "
               "?1 AND machine = ?2");
    int r;

    bind_key(&find, &record->key);
    bind_digest(&find, &record->ingest->hash);
    r = statement_row(&find, err);
    if (r < 0)
        return r;
    *ret_count = column_integer(&find, 0);
    return column_integer(&find, 1) > 0;
}

static int put_in_quarantine(struct store *store, const struct record *record, struct error *err)
{
    AUTO(statement_end)
    struct statement add = statement_start(
        store, "INSERT INTO quarantine (organisation, machine, epoch, seq, hash, received_at, "
               "bytes) VALUES (?, ?, ?, ?, ?, ?, ?)");

    bind_place(&add, record);
    bind_digest(&add, &record->ingest->hash);
    bind_integer(&add, record->ingest->received_at);
    bind_bytes(&add, record->ingest->bytes, record->ingest->length);
    return statement_run(&add, err);
}

static int advance(struct store *store, const struct record *record,
                   const struct chain_decision *decision, struct place *place, struct error *err)
{
    const struct ingest_record *ingest = record->ingest;
    const struct arrival arrival = {
        .key = record->key,
        .head = &ingest->snapshot->head,
        .hash = ingest->hash,
        .received_at = ingest->received_at,
    };

    return place_advance(store, &arrival, decision, place, err);
}

static int store_fork(struct store *store, struct record *record, struct place *place,
                      const struct chain_decision *decision, struct error *err)
{
    struct ingest_record *ingest = record->ingest;
    int64_t kept = 0;
    int r = in_quarantine(store, record, &kept, err);

    if (r != 0)
        return r < 0 ? r : answer_again(store, record, RECEIPT_FORK, err);
    record->step = kept < QUARANTINE_MAX ? RECORD_SIGN : RECORD_SIGN_ONLY;
    if (record->step == RECORD_SIGN)
        r = put_in_quarantine(store, record, err);
    if (r == 0)
        r = advance(store, record, decision, place, err);
    ingest->result = RECEIPT_FORK;
    record->receipt.result = RECEIPT_FORK;
    return r;
}

/* The state that the snapshot leads to: 1 when it could be built, 0 when its base is not here. */
static int build_state(struct store *store, const struct record *record, struct state *ret_state,
                       struct error *err)
{
    const struct snapshot *snapshot = record->ingest->snapshot;
    struct state base = {0};
    int r = 1;

    if (snapshot->head.has_base)
        r = machine_state_load(store, &record->key, &snapshot->head.base, &base, err);
    if (r <= 0)
        return r;
    r = snapshot_apply(snapshot, &base, ret_state, err);
    return r < 0 ? r : 1;
}

static int add_snapshot(struct store *store, const struct record *record, const struct place *place,
                        bool applied, struct error *err)
{
    AUTO(statement_end)
    struct statement add = statement_start(
        store, "INSERT INTO snapshot (organisation, machine, epoch, seq, arrival, hash, prev, "
               "base, state, applied, flags, nonce, received_at, shared, bytes, receipt_shared, "
               "receipt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    static const uint8_t no_receipt[PACKED_SIGNATURE_SIZE] = {0};
    AUTO(packed_jws_clear) struct packed_jws packed = {0};
    bool is_packed = packed_jws_make(record->ingest->bytes, record->ingest->length, NULL, &packed);
    const struct snapshot_head *head = &record->ingest->snapshot->head;
    int64_t shared = 0;
    int r = 0;

    if (is_packed)
        r = shared_text_keep(store, record->key.organisation, &packed.shared, &shared, err);
    if (r < 0)
        return r;
    bind_place(&add, record);
    bind_integer(&add, place->arrivals);
    bind_digest(&add, &record->ingest->hash);
    bind_digest(&add, head->has_prev ? &head->prev : NULL);
    bind_digest(&add, head->has_base ? &head->base : NULL);
    bind_digest(&add, &head->state);
    bind_integer(&add, applied);
    bind_integer(&add, place->flags);
    bind_text(&add, place->nonce);
    bind_integer(&add, record->ingest->received_at);
    if (is_packed)
        bind_integer(&add, shared);
    else
        bind_text(&add, NULL);
    bind_bytes(&add, is_packed ? packed.own.bytes : record->ingest->bytes,
               is_packed ? packed.own.length : record->ingest->length);
    bind_integer(&add, RECEIPT_AWAITED);
    bind_bytes(&add, no_receipt, sizeof(no_receipt));
    return statement_run(&add, err);
}

static int keep_state(struct store *store, struct record *record, const struct place *place,
                      const struct state *state, bool newest, struct error *err)
{
    const struct snapshot *snapshot = record->ingest->snapshot;
    struct sighting sighting = {
        .head = &snapshot->head,
        .received_at = record->ingest->received_at,
    };
    int r = machine_state_keep(store, &record->key, snapshot, state, err);

    record->receipt.has_state = true;
    record->receipt.state = snapshot->head.state;
    if (r < 0 || !newest)
        return r;
    sighting.seen_at =
        chain_made_at(&snapshot->head, &place->known.nonce, place->joined_at, sighting.received_at);
    return machine_state_set_current(store, &record->key, state, &sighting, &record->receipt, err);
}

static int store_snapshot(struct store *store, struct record *record, struct place *place,
                          struct chain_decision *decision, struct error *err)
{
    struct ingest_record *ingest = record->ingest;
    struct state state = {0};
    bool applied;
    int r = build_state(store, record, &state, err);

    if (r == -EBADMSG)
        return refuse(store, record, REFUSAL_MALFORMED, err);
    if (r < 0)
        return r;
    applied = r == 1;
    if (!applied)
        decision->flags |= CHAIN_NO_BASE;
    r = advance(store, record, decision, place, err);
    if (r == 0)
        r = add_snapshot(store, record, place, applied, err);
    if (r == 0 && applied)
        r = keep_state(store, record, place, &state, decision->newest, err);
    record->receipt.lacks_base = !applied;
    record->step = RECORD_SIGN;
    ingest->result = RECEIPT_ACCEPTED;
    return r;
}

static int decide(struct store *store, struct record *record, struct place *place,
                  struct error *err)
{
    struct ingest_record *ingest = record->ingest;
    struct chain_decision decision;

    chain_decide(&place->known, &ingest->snapshot->head, &ingest->hash, ingest->received_at,
                 &decision);
    switch (decision.action) {
    case CHAIN_DUPLICATE:
        return answer_again(store, record, RECEIPT_ACCEPTED, err);
    case CHAIN_SPLIT:
        return store_fork(store, record, place, &decision, err);
    case CHAIN_ACCEPT:
        return store_snapshot(store, record, place, &decision, err);
    }
    return -EINVAL;
}

int record_decide(struct store *store, struct record *record, struct error *err)
{
    struct ingest_record *ingest = record->ingest;
    const struct snapshot_head *head = &ingest->snapshot->head;
    struct place place;
    int r;

    record->key = (struct machine_key){ingest->organisation, head->machine};
    record->receipt = (struct receipt){
        .result = RECEIPT_ACCEPTED,
        .snapshot = ingest->hash,
        .received_at = ingest->received_at,
        .minimum_interval_seconds = RECEIPT_MINIMUM_INTERVAL,
    };
    memcpy(record->receipt.machine, head->machine, MACHINE_ID_SIZE);
    r = place_load(store, &record->key, head, &place, err);
    if (r < 0)
        return r;
    if (place.revoked)
        return refuse(store, record, REFUSAL_REVOKED, err);
    r = decide(store, record, &place, err);
    if (record->step == RECORD_SIGN || ingest->result == RECEIPT_FORK)
        memcpy(record->receipt.nonce, place.nonce, NONCE_SIZE);
    return r;
}
