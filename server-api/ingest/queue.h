#pragma once

#include "server-api/server.h"
#include "server-api/store/store.h"

/*
 * Snapshots that were verified, on their way to the thread that commits them. Whatever waits is
 * committed together: one write to the disk for many machines.
 */
#define INGEST_QUEUE_MAX 1024U
#define INGEST_BATCH_MAX 256U
#define INGEST_BYTES_MAX (64U * 1024U * 1024U) /* decoded: a small file may hold much */

struct upload {
    struct exchange *exchange; /* answered by the thread */
    char organisation[ORGANISATION_ID_SIZE];
    struct digest hash;
    struct snapshot snapshot;
    int64_t received_at;
    struct upload *next;
};

void upload_free(struct upload *upload);

/* Takes the upload over; -EBUSY when too many wait already, or too much. */
int ingest_submit(struct ingest *ingest, struct upload *upload);

/* The HTTP status of an answer, and the answer itself as a signed receipt that it takes over. */
void upload_answer(struct exchange *exchange, enum receipt_result result,
                   enum refusal_reason reason, struct text *receipt);
/* "Try later": not signed, so the machine keeps its snapshot. */
void upload_answer_later(struct exchange *exchange, const char *line);
