#pragma once

#include <stdbool.h>

#include "platform/error.h"
#include "server-api/store/place.h"
#include "server-api/store/store.h"

/* One record of a batch on its way through the transaction. */
enum record_step {
    RECORD_SIGN,      /* a receipt is made and stored with what it is about */
    RECORD_SIGN_ONLY, /* a refusal, or a fork beyond what quarantine keeps: nothing is stored */
    RECORD_ANSWERED,  /* a duplicate whose receipt was found */
    RECORD_TWIN,      /* a duplicate of a record in the same batch: its receipt comes with it */
    RECORD_FAILED,
};

struct record {
    struct ingest_record *ingest;
    struct machine_key key;
    enum record_step step;
    struct receipt receipt; /* for the first two */
};

/*
 * In snapshot.receipt_shared while a receipt is being signed: the row has its final size already,
 * because SQLite would leave half of a page empty to make room for a row that grows.
 */
#define RECEIPT_AWAITED (-1)

/* Decides and stores one record: everything but its receipt's signature. */
int record_decide(struct store *store, struct record *record, struct error *err);

/* Keeps the signed receipt in ingest->receipt with its snapshot. */
int record_keep_receipt(struct store *store, const struct record *record, struct error *err);

/* Adds the receipt that is kept for the record's snapshot: 1, or 0 when there is none yet. */
int record_find_receipt(struct store *store, const struct record *record, bool quarantined,
                        struct error *err);
