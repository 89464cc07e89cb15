#include "server-api/ingest/queue.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/journal.h"
#include "platform/memory.h"

struct ingest {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct upload *first;
    struct upload **last;
    size_t count;
    size_t bytes; /* decoded, of all that wait */
    bool stopping;
    int64_t busy_since;
    struct store *store;
    struct keeper *keeper;
    pthread_t thread;
};

void upload_free(struct upload *upload)
{
    if (upload == NULL)
        return;
    snapshot_clear(&upload->snapshot);
    free(upload);
}

/* Waits for uploads and takes up to INGEST_BATCH_MAX of them; 0 when there will be none. */
static size_t take_batch(struct ingest *ingest, struct upload **uploads)
{
    size_t count = 0;

    (void)pthread_mutex_lock(&ingest->lock);
    ingest->busy_since = 0;
    while (ingest->count == 0 && !ingest->stopping)
        (void)pthread_cond_wait(&ingest->changed, &ingest->lock);
    ingest->busy_since = clock_since_boot();
    while (count < INGEST_BATCH_MAX && ingest->first != NULL) {
        uploads[count] = ingest->first;
        ingest->first = uploads[count]->next;
        ingest->count--;
        ingest->bytes -= uploads[count]->snapshot.payload_length;
        count++;
    }
    if (ingest->first == NULL)
        ingest->last = &ingest->first;
    (void)pthread_mutex_unlock(&ingest->lock);
    return count;
}

static int sign(void *context, const struct receipt *receipts, struct text *ret_compact,
                size_t count, struct error *err)
{
    return keeper_sign_receipts(context, receipts, ret_compact, count, err);
}

static void answer(struct upload *upload, struct ingest_record *record)
{
    if (record->code < 0) {
        journal_write(JOURNAL_ERROR, "a snapshot of machine %s was not stored: %s",
                      upload->snapshot.head.machine, record->why.message);
        upload_answer_later(upload->exchange,
                            record->code == -ENOSPC
                                ? "The disk of the server is full. The snapshot was not stored."
                                : "The server could not store the snapshot. Try again later.");
    } else {
        upload_answer(upload->exchange, record->result, record->reason, &record->receipt);
    }
    text_clear(&record->receipt);
    upload_free(upload);
}

static void commit(struct ingest *ingest, struct upload **uploads, size_t count,
                   struct ingest_record *records)
{
    const struct store_signer signer = {.context = ingest->keeper, .sign = sign};
    struct error err = {0};

    for (size_t i = 0; i < count; i++) {
        struct upload *upload = uploads[i];

        records[i] = (struct ingest_record){
            .hash = upload->hash,
            .bytes = (const char *)upload->exchange->body,
            .length = upload->exchange->body_length,
            .snapshot = &upload->snapshot,
            .received_at = upload->received_at,
        };
        memcpy(records[i].organisation, upload->organisation, ORGANISATION_ID_SIZE);
    }
    /* A failure of the whole is in each record too. */
    (void)store_ingest(ingest->store, records, count, &signer, &err);
    for (size_t i = 0; i < count; i++)
        answer(uploads[i], &records[i]);
}

static void *run(void *argument)
{
    struct ingest *ingest = argument;
    AUTO_FREE struct ingest_record *records = must_allocate(INGEST_BATCH_MAX, sizeof(*records));
    struct upload *uploads[INGEST_BATCH_MAX];
    size_t count;

    (void)pthread_setname_np(pthread_self(), "ingest");
    while ((count = take_batch(ingest, uploads)) > 0)
        commit(ingest, uploads, count, records);
    return NULL;
}

static bool has_room(const struct ingest *ingest, const struct upload *upload)
{
    return ingest->count < INGEST_QUEUE_MAX &&
           ingest->bytes + upload->snapshot.payload_length <= INGEST_BYTES_MAX;
}

int ingest_submit(struct ingest *ingest, struct upload *upload)
{
    int r = 0;

    (void)pthread_mutex_lock(&ingest->lock);
    if (!has_room(ingest, upload) || ingest->stopping) {
        r = -EBUSY;
    } else {
        upload->next = NULL;
        *ingest->last = upload;
        ingest->last = &upload->next;
        ingest->count++;
        ingest->bytes += upload->snapshot.payload_length;
        (void)pthread_cond_signal(&ingest->changed);
    }
    (void)pthread_mutex_unlock(&ingest->lock);
    return r;
}

int64_t ingest_busy_since(struct ingest *ingest)
{
    int64_t since;

    (void)pthread_mutex_lock(&ingest->lock);
    since = ingest->busy_since;
    (void)pthread_mutex_unlock(&ingest->lock);
    return since;
}

static void release(struct ingest *ingest)
{
    store_close(ingest->store);
    (void)pthread_cond_destroy(&ingest->changed);
    (void)pthread_mutex_destroy(&ingest->lock);
    free(ingest);
}

int ingest_start(const char *database, struct keeper *keeper, struct ingest **ret_ingest,
                 struct error *err)
{
    struct ingest *ingest = must_allocate(1, sizeof(*ingest));
    int r;

    ingest->keeper = keeper;
    ingest->last = &ingest->first;
    (void)pthread_mutex_init(&ingest->lock, NULL);
    (void)pthread_cond_init(&ingest->changed, NULL);
    r = store_open(database, false, &ingest->store, err);
    if (r == 0) {
        r = -pthread_create(&ingest->thread, NULL, run, ingest);
        if (r < 0)
            (void)error_set(err, -r, "cannot start a thread: %s", strerror(-r));
    }
    if (r < 0) {
        release(ingest);
        return r;
    }
    *ret_ingest = ingest;
    return 0;
}

void ingest_stop(struct ingest *ingest)
{
    if (ingest == NULL)
        return;
    (void)pthread_mutex_lock(&ingest->lock);
    ingest->stopping = true;
    (void)pthread_cond_broadcast(&ingest->changed);
    (void)pthread_mutex_unlock(&ingest->lock);
    (void)pthread_join(ingest->thread, NULL);
    release(ingest);
}
