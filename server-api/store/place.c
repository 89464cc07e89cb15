#include "server-api/store/place.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/random.h"
#include "platform/text.h"
#include "server-api/store/database.h"
#include "server-api/store/store.h"

#define NONCE_BYTES 16U

static void bind_key(struct statement *statement, const struct machine_key *key)
{
    bind_text(statement, key->organisation);
    bind_text(statement, key->machine);
}

static int load_chain(struct store *store, const struct machine_key *key, struct place *place,
                      struct error *err)
{
    AUTO(statement_end)
    struct statement find = statement_start(
        store, "SELECT m.created_at, m.revoked_at, c.epoch, c.epoch_arrival, c.seq, c.hash, "
               "c.arrivals, c.nonce, c.nonce_at, c.echoed_arrival, c.echoed_nonce, c.echoed_at, "
               "c.flags, c.forked_at FROM machine AS m LEFT JOIN chain AS c ON c.organisation = "
               "m.organisation AND c.machine = m.machine WHERE m.organisation = ? AND "
               "m.machine = ?");
    struct chain_known *known = &place->known;
    int r;

    bind_key(&find, key);
    r = statement_row(&find, err);
    if (r <= 0)
        return r < 0 ? r : error_set(err, ENOENT, "there is no machine %s", key->machine);
    place->joined_at = column_integer(&find, 0);
    place->revoked = !column_is_null(&find, 1);
    known->started = !column_is_null(&find, 2);
    if (!known->started)
        return 0;
    column_copy(&find, 2, known->epoch, sizeof(known->epoch));
    known->epoch_arrival = column_integer(&find, 3);
    known->seq = (uint64_t)column_integer(&find, 4);
    (void)column_digest(&find, 5, &known->hash);
    place->arrivals = column_integer(&find, 6);
    column_copy(&find, 7, place->nonce, sizeof(place->nonce));
    place->nonce_at = column_integer(&find, 8);
    known->echoed.arrival = column_integer(&find, 9);
    column_copy(&find, 10, place->echoed_nonce, sizeof(place->echoed_nonce));
    known->echoed.issued_at = column_integer(&find, 11);
    place->flags = (unsigned)column_integer(&find, 12);
    place->forked_at = column_integer(&find, 13);
    return 0;
}

/* A row of the claimed epoch: the one before, at, or after the claimed place. */
static void keep_neighbour(struct chain_known *known, const struct statement *row, uint64_t claimed)
{
    uint64_t seq = (uint64_t)column_integer(row, 0);

    if (seq == claimed)
        known->has_same = column_digest(row, 1, &known->same);
    else if (seq < claimed)
        known->has_before = column_digest(row, 1, &known->before);
    else
        known->has_after = column_digest(row, 2, &known->after_prev);
}

static int load_neighbours(struct store *store, const struct machine_key *key,
                           const struct snapshot_head *head, struct chain_known *known,
                           struct error *err)
{
    AUTO(statement_end)
    struct statement find =
        statement_start(store, "SELECT seq, hash, prev FROM snapshot WHERE organisation = ? AND "
                               "machine = ? AND epoch = ? AND seq BETWEEN ? AND ?");
    int r;

    bind_key(&find, key);
    bind_text(&find, head->epoch);
    bind_integer(&find, (int64_t)head->seq - 1);
    bind_integer(&find, (int64_t)head->seq + 1);
    while ((r = statement_row(&find, err)) == 1)
        keep_neighbour(known, &find, head->seq);
    return r;
}

static int load_epoch(struct store *store, const struct machine_key *key,
                      const struct snapshot_head *head, struct chain_known *known,
                      struct error *err)
{
    AUTO(statement_end)
    struct statement find =
        statement_start(store, "SELECT 1 FROM snapshot WHERE organisation = ? AND machine = ? AND "
                               "epoch = ? LIMIT 1");
    int r;

    bind_key(&find, key);
    bind_text(&find, head->epoch);
    r = statement_row(&find, err);
    known->knows_epoch = r == 1;
    return r < 0 ? r : 0;
}

/* Neither the last one issued nor the last one that came back: rare, so there is no index. */
static int search_nonce(struct store *store, const struct machine_key *key,
                        const struct snapshot_head *head, struct nonce_mark *mark,
                        struct error *err)
{
    AUTO(statement_end)
    struct statement find =
        statement_start(store, "SELECT arrival, received_at FROM snapshot WHERE organisation = ? "
                               "AND machine = ? AND nonce = ?");
    int r;

    bind_key(&find, key);
    bind_text(&find, head->nonce);
    r = statement_row(&find, err);
    if (r <= 0)
        return r;
    mark->arrival = column_integer(&find, 0);
    mark->issued_at = column_integer(&find, 1);
    return 0;
}

static int load_nonce(struct store *store, const struct machine_key *key,
                      const struct snapshot_head *head, struct place *place, struct error *err)
{
    struct chain_known *known = &place->known;

    if (head->nonce[0] == '\0' || !known->started)
        return 0;
    if (strcmp(head->nonce, place->nonce) == 0) {
        known->nonce = (struct nonce_mark){place->arrivals, place->nonce_at};
        return 0;
    }
    if (strcmp(head->nonce, place->echoed_nonce) == 0) {
        known->nonce = known->echoed;
        return 0;
    }
    return search_nonce(store, key, head, &known->nonce, err);
}

int place_load(struct store *store, const struct machine_key *key, const struct snapshot_head *head,
               struct place *ret_place, struct error *err)
{
    struct place place = {0};
    int r = load_chain(store, key, &place, err);

    if (r == 0 && place.known.started)
        r = load_neighbours(store, key, head, &place.known, err);
    if (r == 0 && place.known.started && strcmp(place.known.epoch, head->epoch) != 0)
        r = load_epoch(store, key, head, &place.known, err);
    if (r == 0)
        r = load_nonce(store, key, head, &place, err);
    if (r == 0)
        *ret_place = place;
    return r;
}

static int save(struct store *store, const struct machine_key *key, const struct place *place,
                struct error *err)
{
    AUTO(statement_end)
    struct statement put = statement_start(
        store, "INSERT OR REPLACE INTO chain (organisation, machine, epoch, epoch_arrival, seq, "
               "hash, arrivals, nonce, nonce_at, echoed_arrival, echoed_nonce, echoed_at, flags, "
               "forked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    const struct chain_known *known = &place->known;

    bind_key(&put, key);
    bind_text(&put, known->epoch);
    bind_integer(&put, known->epoch_arrival);
    bind_integer(&put, (int64_t)known->seq);
    bind_digest(&put, &known->hash);
    bind_integer(&put, place->arrivals);
    bind_text(&put, place->nonce);
    bind_integer(&put, place->nonce_at);
    bind_integer(&put, known->echoed.arrival);
    bind_text(&put, place->echoed_nonce);
    bind_integer(&put, known->echoed.issued_at);
    bind_integer(&put, place->flags);
    bind_integer(&put, place->forked_at);
    return statement_run(&put, err);
}

void nonce_new(char ret_nonce[NONCE_SIZE])
{
    AUTO(text_clear) struct text text = {0};
    uint8_t bytes[NONCE_BYTES];

    random_bytes(bytes, sizeof(bytes));
    base64url_encode(bytes, sizeof(bytes), &text);
    memcpy(ret_nonce, text.bytes, text.length + 1);
}

int store_repeat_nonce(struct store *store, const char *organisation, const char *machine,
                       char ret_nonce[NONCE_SIZE], struct error *err)
{
    AUTO(statement_end)
    struct statement find =
        statement_start(store, "SELECT nonce FROM chain WHERE organisation = ? AND machine = ?");
    int r;

    bind_text(&find, organisation);
    bind_text(&find, machine);
    r = statement_row(&find, err);
    if (r < 0)
        return r;
    if (r == 1)
        column_copy(&find, 0, ret_nonce, NONCE_SIZE);
    else
        nonce_new(ret_nonce);
    return 0;
}

int place_advance(struct store *store, const struct arrival *arrival,
                  const struct chain_decision *decision, struct place *place, struct error *err)
{
    const struct snapshot_head *head = arrival->head;
    struct chain_known *known = &place->known;

    if (known->nonce.arrival > known->echoed.arrival) {
        known->echoed = known->nonce;
        memcpy(place->echoed_nonce, head->nonce, sizeof(place->echoed_nonce));
    }
    place->arrivals++;
    nonce_new(place->nonce);
    place->nonce_at = arrival->received_at;
    place->flags = decision->flags;
    if (decision->action == CHAIN_SPLIT)
        place->forked_at = arrival->received_at;
    if (decision->newest) {
        if (!known->started || strcmp(known->epoch, head->epoch) != 0)
            known->epoch_arrival = place->arrivals;
        known->started = true;
        memcpy(known->epoch, head->epoch, sizeof(known->epoch));
        known->seq = head->seq;
        known->hash = arrival->hash;
    }
    return save(store, &arrival->key, place, err);
}
