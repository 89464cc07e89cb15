#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/chain.h"
#include "agent/collect.h"
#include "agent/identity.h"
#include "agent/lock.h"
#include "agent/outbox.h"
#include "agent/published.h"
#include "agent/status_page.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/journal.h"
#include "platform/text.h"

/* What the receipts step works with. */
struct run {
    const struct layout *layout;
    struct enrolment enrolment;
    struct certificate *root;
    struct chain chain;
    struct delivery delivery;
    int64_t fallback_time;
    int64_t now;
    int collect;
    int outbox;
    int receipts;
    int lock;
};

static void run_clear(struct run *run)
{
    certificate_free(run->root);
    chain_clear(&run->chain);
    auto_close(&run->collect);
    auto_close(&run->outbox);
    auto_close(&run->receipts);
    auto_close(&run->lock);
}

static int hash_of(const struct run *run, const char *name, struct digest *ret_hash,
                   struct error *err)
{
    AUTO(text_clear) struct text bytes = {0};
    int r = file_read(run->outbox, name, SNAPSHOT_MAX_SIZE, &bytes, err);

    if (r == 0)
        digest_of(bytes.bytes, bytes.length, ret_hash);
    return r;
}

/* -ENOENT when no receipt came for it; any other failure means that what came is none. */
static int read_receipt(const struct run *run, const char *name, struct receipt *ret_receipt,
                        struct error *err)
{
    AUTO(text_clear) struct text compact = {0};
    struct digest hash;
    int r = file_read(run->receipts, name, RECEIPT_MAX_SIZE, &compact, err);

    if (r == 0)
        r = hash_of(run, name, &hash, err);
    if (r < 0)
        return r;
    return receipt_read(text_string(&compact), compact.length, run->root, run->enrolment.machine,
                        &hash, run->now, run->fallback_time, ret_receipt, err);
}

static void learn(struct run *run, const struct outbox_file *file, const struct receipt *receipt)
{
    struct delivery *delivery = &run->delivery;

    chain_learn(&run->chain, file->name, receipt);
    (void)snprintf(delivery->received, sizeof(delivery->received), "%s", file->name);
    delivery->received_at = run->now;
    if (receipt->result == RECEIPT_ACCEPTED)
        return;
    if (receipt->result == RECEIPT_REFUSED) {
        delivery->refusal = receipt->reason;
        delivery->refused_at = run->now;
        journal_write(JOURNAL_WARNING, "snapshot %s was refused: %s", file->name,
                      refusal_reason_text(receipt->reason));
    } else {
        journal_write(JOURNAL_WARNING,
                      "snapshot %s does not fit what the server holds: starting anew", file->name);
    }
}

/*
 * What was learned is on disk before the file goes: a crash between the two leaves a file whose
 * receipt is read again and teaches nothing new.
 */
static int settle(struct run *run, const struct outbox_file *file, const struct receipt *receipt,
                  struct error *err)
{
    bool counted =
        chain_waiting(&run->chain, file->name) == NULL && receipt->result != RECEIPT_ACCEPTED;
    int r = published_keep(run->layout, run->outbox, file, err);

    if (r == 0 && !counted) {
        learn(run, file, receipt);
        r = chain_save(run->collect, &run->chain, err);
    }
    if (r == 0 && receipt->result == RECEIPT_REFUSED)
        r = published_mark_refused(run->layout, file, err);
    if (r == 0)
        r = file_remove(run->outbox, file->name, err);
    return r;
}

static int settle_all(struct run *run, struct error *err)
{
    AUTO(outbox_clear) struct outbox outbox = {0};
    int r = outbox_list(run->outbox, &outbox, err);

    for (size_t i = 0; r == 0 && i < outbox.count; i++) {
        struct error why = {0};
        struct receipt receipt = {0};
        int found = read_receipt(run, outbox.files[i].name, &receipt, &why);

        if (found == 0)
            r = settle(run, &outbox.files[i], &receipt, err);
        else if (found != -ENOENT)
            journal_write(JOURNAL_WARNING, "ignored what came as a receipt for %s: %s",
                          outbox.files[i].name, why.message);
    }
    return r;
}

/* Certificates are judged at the last time that the server told us, or when we joined. */
static int find_fallback_time(struct run *run, struct error *err)
{
    AUTO(identity_clear) struct identity identity = {0};
    int r;

    run->fallback_time = run->chain.received_at;
    if (run->fallback_time > 0)
        return 0;
    r = identity_load(run->collect, IDENTITY_SIGNING, run->enrolment.identity, &identity, err);
    if (r == 0)
        run->fallback_time = certificate_not_before(identity.certificate);
    return r;
}

static int open_run(struct run *run, struct error *err)
{
    const char *restarted = NULL;
    int r = enrolment_load(run->layout, &run->enrolment, err);

    if (r == 0)
        r = trust_load(run->layout, &run->root, err);
    if (r == 0)
        r = run->collect = layout_open(run->layout, FOLDER_COLLECT, err);
    if (r >= 0)
        r = run->lock = lock_take(run->collect, err);
    if (r >= 0)
        r = run->outbox = layout_open(run->layout, FOLDER_OUTBOX, err);
    if (r >= 0)
        r = run->receipts = layout_open(run->layout, FOLDER_RECEIPTS, err);
    if (r >= 0)
        r = chain_load(run->collect, run->enrolment.machine, &run->chain, &restarted, err);
    if (r >= 0)
        r = chain_reconcile(&run->chain, run->outbox, err);
    if (r >= 0)
        r = find_fallback_time(run, err);
    return r;
}

int collect_receipts(const struct layout *layout, struct error *err)
{
    AUTO(run_clear)
    struct run run = {.layout = layout,
                      .now = clock_now(),
                      .collect = -1,
                      .outbox = -1,
                      .receipts = -1,
                      .lock = -1};
    int r = open_run(&run, err);

    if (r < 0)
        return r;
    published_read_delivery(layout, &run.delivery);
    r = settle_all(&run, err);
    if (r == 0)
        r = published_write_delivery(layout, run.outbox, &run.chain, &run.delivery, err);
    if (r == 0)
        r = status_page_publish(layout, run.now, err);
    return r;
}
