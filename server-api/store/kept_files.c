/* What was signed, kept in little room and given back as it was. */
#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "server-api/store/database.h"
#include "server-api/store/packed_jws.h"
#include "server-api/store/record.h"
#include "server-api/store/shared_text.h"
#include "server-api/store/store.h"

static void bind_key(struct statement *statement, const struct record *record)
{
    bind_text(statement, record->key.organisation);
    bind_text(statement, record->key.machine);
}

static void bind_place(struct statement *statement, const struct record *record)
{
    bind_key(statement, record);
    bind_text(statement, record->ingest->snapshot->head.epoch);
    bind_integer(statement, (int64_t)record->ingest->snapshot->head.seq);
}

static void bind_quarantined(struct statement *statement, const struct record *record)
{
    bind_key(statement, record);
    bind_digest(statement, &record->ingest->hash);
}

/* What the snapshot's row knows of its receipt, in the receipt's words. */
struct row_words {
    char hash[DIGEST_HEX_SIZE];
    char state[DIGEST_HEX_SIZE];
    char received_at[CLOCK_TEXT_SIZE];
    char nonce[NONCE_SIZE];
};

static struct packed_values values_of(const struct row_words *words, const char *machine)
{
    return (struct packed_values){{
        [PACKED_MACHINE] = machine,
        [PACKED_HASH] = words->hash,
        [PACKED_RECEIVED_AT] = words->received_at,
        [PACKED_NONCE] = words->nonce,
        [PACKED_STATE] = words->state,
    }};
}

static int damaged(const char *machine, struct error *err)
{
    return error_set(err, EIO, "the database keeps a damaged snapshot of machine %s", machine);
}

/* Columns of a row that is given back; those of a snapshot's bytes come last. */
enum row_column {
    ROW_HASH,
    ROW_STATE,
    ROW_RECEIVED_AT,
    ROW_NONCE,
    ROW_RECEIPT,
    ROW_RECEIPT_NUMBER,
    ROW_RECEIPT_SHARED,
    ROW_RECEIPT_SHARED_DIGEST,
    ROW_EPOCH,
    ROW_SEQ,
    ROW_BYTES,
    ROW_BYTES_NUMBER,
    ROW_BYTES_SHARED,
    ROW_BYTES_SHARED_DIGEST,
};

#define ROW_RECEIPT_COLUMNS                                                                        \
    "s.hash, s.state, s.received_at, s.nonce, s.receipt, s.receipt_shared, r.text, r.digest"
#define ROW_RECEIPT_TABLES                                                                         \
    "snapshot AS s LEFT JOIN shared_text AS r ON r.organisation = s.organisation AND "             \
    "r.number = s.receipt_shared"

/* A receipt has no digest of its own, but the words that it shares with others have one. */
static bool read_shared(const struct statement *row, int first, struct text *out)
{
    struct digest kept, actual;
    size_t length;
    const char *bytes = column_text(row, first, &length);

    text_add(out, bytes, length);
    digest_of(text_string(out), length, &actual);
    return column_digest(row, first + 1, &kept) && digest_equal(&kept, &actual);
}

/* Adds what four columns hold: bytes, a number or null, and the text of that number and its digest.
 */
static bool put_together(const struct statement *row, int first, const struct packed_values *values,
                         struct text *out)
{
    AUTO(text_clear) struct text own = {0}, shared = {0};
    size_t length;
    const char *bytes = column_text(row, first, &length);

    text_add(&own, bytes, length);
    if (column_is_null(row, first + 1)) {
        text_add(out, own.bytes, own.length);
        return true;
    }
    return read_shared(row, first + 2, &shared) && packed_jws_write(&shared, &own, values, out);
}

static int read_receipt(const struct statement *row, const char *machine, struct text *out,
                        struct error *err)
{
    struct row_words words = {0};
    struct packed_values values = values_of(&words, machine);
    struct digest hash, state;

    if (!column_digest(row, ROW_HASH, &hash) || !column_digest(row, ROW_STATE, &state))
        return damaged(machine, err);
    digest_to_hex(&hash, words.hash);
    digest_to_hex(&state, words.state);
    clock_to_text(column_integer(row, ROW_RECEIVED_AT), words.received_at);
    column_copy(row, ROW_NONCE, words.nonce, sizeof(words.nonce));
    return put_together(row, ROW_RECEIPT, &values, out) ? 0 : damaged(machine, err);
}

/* Only what has the digest under which it was accepted is given out. */
static int read_files(const struct statement *row, const char *machine,
                      struct kept_snapshot *ret_files, struct error *err)
{
    struct digest kept = {0}, hash;

    column_copy(row, ROW_EPOCH, ret_files->epoch, sizeof(ret_files->epoch));
    ret_files->seq = (uint64_t)column_integer(row, ROW_SEQ);
    if (!put_together(row, ROW_BYTES, NULL, &ret_files->bytes))
        return damaged(machine, err);
    digest_of(text_string(&ret_files->bytes), ret_files->bytes.length, &hash);
    if (!column_digest(row, ROW_HASH, &kept) || !digest_equal(&kept, &hash))
        return damaged(machine, err);
    return read_receipt(row, machine, &ret_files->receipt, err);
}

static void clear_files(struct kept_snapshot *files)
{
    text_clear(&files->bytes);
    text_clear(&files->receipt);
}

int store_each_snapshot(struct store *store, const char *organisation, const char *machine,
                        store_snapshot_fn *each, void *context, struct error *err)
{
    AUTO(statement_end)
    struct statement list = statement_start(
        store, "SELECT " ROW_RECEIPT_COLUMNS
               ", s.epoch, s.seq, s.bytes, s.shared, b.text, b.digest FROM " ROW_RECEIPT_TABLES
               " LEFT JOIN shared_text AS b ON b.organisation = s.organisation "
               "AND b.number = s.shared WHERE s.organisation = ? AND s.machine = ? ORDER BY "
               "s.arrival");
    int r;

    bind_text(&list, organisation);
    bind_text(&list, machine);
    while ((r = statement_row(&list, err)) == 1) {
        AUTO(clear_files) struct kept_snapshot files = {0};

        r = read_files(&list, machine, &files, err);
        if (r == 0)
            r = each(context, &files, err);
        if (r < 0)
            return r;
    }
    return r;
}

static int find_quarantined(struct store *store, const struct record *record, struct error *err)
{
    AUTO(statement_end)
    struct statement find = statement_start(
        store, "SELECT receipt FROM quarantine WHERE organisation = ? AND machine = ? AND hash = ? "
               "AND receipt IS NOT NULL");
    const char *bytes;
    size_t length;
    int r;

    bind_quarantined(&find, record);
    r = statement_row(&find, err);
    if (r <= 0)
        return r;
    bytes = column_text(&find, 0, &length);
    text_add(&record->ingest->receipt, bytes, length);
    return 1;
}

int record_find_receipt(struct store *store, const struct record *record, bool quarantined,
                        struct error *err)
{
    AUTO(statement_end)
    struct statement find = statement_start(
        store,
        "SELECT " ROW_RECEIPT_COLUMNS " FROM " ROW_RECEIPT_TABLES " WHERE s.organisation = ? AND "
        "s.machine = ? AND s.epoch = ? AND s.seq = ? AND s.receipt IS NOT NULL AND "
        "coalesce(s.receipt_shared, 0) <> ?");
    int r;

    if (quarantined)
        return find_quarantined(store, record, err);
    bind_place(&find, record);
    bind_integer(&find, RECEIPT_AWAITED);
    r = statement_row(&find, err);
    if (r == 1)
        r = read_receipt(&find, record->key.machine, &record->ingest->receipt, err);
    else
        return r;
    return r < 0 ? r : 1;
}

/* Packs the receipt; false when it has to be kept as it is. */
static bool pack(const struct record *record, struct packed_jws *ret_packed)
{
    const struct ingest_record *ingest = record->ingest;
    struct row_words words = {0};
    struct packed_values values = values_of(&words, record->key.machine);

    digest_to_hex(&ingest->hash, words.hash);
    digest_to_hex(&ingest->snapshot->head.state, words.state);
    clock_to_text(ingest->received_at, words.received_at);
    memcpy(words.nonce, record->receipt.nonce, sizeof(words.nonce));
    return packed_jws_make(ingest->receipt.bytes, ingest->receipt.length, &values, ret_packed);
}

static int keep_packed(struct store *store, const struct record *record, struct error *err)
{
    AUTO(statement_end)
    struct statement put = statement_start(
        store, "UPDATE snapshot SET receipt_shared = ?, receipt = ? WHERE organisation = ? AND "
               "machine = ? AND epoch = ? AND seq = ?");
    AUTO(packed_jws_clear) struct packed_jws packed = {0};
    const struct text *receipt = &record->ingest->receipt;
    int64_t shared = 0;
    int r = 0;

    if (pack(record, &packed)) {
        r = shared_text_keep(store, record->key.organisation, &packed.shared, &shared, err);
        bind_integer(&put, shared);
        receipt = &packed.own;
    } else {
        bind_text(&put, NULL);
    }
    if (r < 0)
        return r;
    bind_bytes(&put, receipt->bytes, receipt->length);
    bind_place(&put, record);
    return statement_run(&put, err);
}

static int keep_quarantined(struct store *store, const struct record *record, struct error *err)
{
    AUTO(statement_end)
    struct statement put =
        statement_start(store, "UPDATE quarantine SET receipt = ? WHERE organisation = ? AND "
                               "machine = ? AND hash = ?");

    bind_bytes(&put, record->ingest->receipt.bytes, record->ingest->receipt.length);
    bind_quarantined(&put, record);
    return statement_run(&put, err);
}

int record_keep_receipt(struct store *store, const struct record *record, struct error *err)
{
    int r = record->ingest->result == RECEIPT_FORK ? keep_quarantined(store, record, err)
                                                   : keep_packed(store, record, err);

    if (r == 0 && database_changes(store) != 1)
        r = error_set(err, EIO, "a receipt has lost its snapshot");
    return r;
}
