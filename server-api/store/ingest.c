#include <errno.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "server-api/store/database.h"
#include "server-api/store/record.h"
#include "server-api/store/store.h"

struct batch {
    struct record *records;
    size_t count;
    struct receipt *receipts; /* those to sign, side by side */
    struct text *signed_receipts;
    size_t *record_of; /* receipt -> record */
    size_t sign_count;
};

static struct batch batch_new(struct ingest_record *records, size_t count)
{
    struct batch batch = {
        .records = must_allocate(count, sizeof(*batch.records)),
        .count = count,
        .receipts = must_allocate(count, sizeof(*batch.receipts)),
        .signed_receipts = must_allocate(count, sizeof(*batch.signed_receipts)),
        .record_of = must_allocate(count, sizeof(*batch.record_of)),
    };

    for (size_t i = 0; i < count; i++) {
        batch.records[i].ingest = &records[i];
        text_clear(&records[i].receipt);
        records[i].code = 0;
        records[i].reason = REFUSAL_NONE;
    }
    return batch;
}

static void batch_free(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        text_clear(&batch->signed_receipts[i]);
    free(batch->records);
    free(batch->receipts);
    free(batch->signed_receipts);
    free(batch->record_of);
}

/* Undoes what a record left half done; the savepoint ends either way. */
static int decide_one(struct store *store, struct record *record, struct error *err)
{
    int r = database_repeat(store, "SAVEPOINT record", err);

    if (r < 0)
        return r;
    r = record_decide(store, record, &record->ingest->why);
    if (r < 0) {
        record->step = RECORD_FAILED;
        record->ingest->code = r;
        text_clear(&record->ingest->receipt);
        r = database_run(store, "ROLLBACK TO record", err);
        if (r < 0)
            return r;
    }
    return database_repeat(store, "RELEASE record", err);
}

static int decide_all(struct store *store, struct batch *batch, struct error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < batch->count; i++) {
        struct record *record = &batch->records[i];

        r = decide_one(store, record, err);
        if (r < 0 || record->step > RECORD_SIGN_ONLY)
            continue;
        batch->record_of[batch->sign_count] = i;
        batch->receipts[batch->sign_count++] = record->receipt;
    }
    return r;
}

static int sign_all(struct store *store, struct batch *batch, const struct store_signer *signer,
                    struct error *err)
{
    int r = 0;

    if (batch->sign_count > 0)
        r = signer->sign(signer->context, batch->receipts, batch->signed_receipts,
                         batch->sign_count, err);
    for (size_t i = 0; r == 0 && i < batch->sign_count; i++) {
        struct record *record = &batch->records[batch->record_of[i]];

        record->ingest->receipt = batch->signed_receipts[i];
        batch->signed_receipts[i] = (struct text){0};
        if (record->step == RECORD_SIGN)
            r = record_keep_receipt(store, record, err);
    }
    return r;
}

/* What came twice in one batch has its receipt now. */
static int answer_twins(struct store *store, struct batch *batch, struct error *err)
{
    int r = 0;

    for (size_t i = 0; r >= 0 && i < batch->count; i++) {
        struct record *record = &batch->records[i];

        if (record->step != RECORD_TWIN)
            continue;
        r = record_find_receipt(store, record, record->ingest->result == RECEIPT_FORK, err);
        if (r == 0)
            r = error_set(err, EIO, "the database keeps a snapshot without its receipt");
    }
    return r < 0 ? r : 0;
}

int store_ingest(struct store *store, struct ingest_record *records, size_t count,
                 const struct store_signer *signer, struct error *err)
{
    AUTO(transaction_end) struct transaction transaction = {0};
    AUTO(batch_free) struct batch batch = batch_new(records, count);
    int r;

    r = transaction_begin(store, &transaction, err);
    if (r == 0)
        r = decide_all(store, &batch, err);
    if (r == 0)
        r = sign_all(store, &batch, signer, err);
    if (r == 0)
        r = answer_twins(store, &batch, err);
    if (r == 0)
        r = transaction_commit(&transaction, err);
    for (size_t i = 0; r < 0 && i < count; i++) {
        text_clear(&records[i].receipt);
        records[i].code = r;
        if (err != NULL)
            records[i].why = *err;
    }
    return r;
}
