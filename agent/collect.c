#include "agent/collect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/chain.h"
#include "agent/identity.h"
#include "agent/inspection.h"
#include "agent/lock.h"
#include "agent/moment.h"
#include "agent/outbox.h"
#include "agent/privileges.h"
#include "agent/published.h"
#include "agent/settings.h"
#include "agent/status_page.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/journal.h"
#include "platform/text.h"

#define FULL_EVERY_SECONDS (30 * 86400)
#define NO_MACHINE         "00000000-0000-0000-0000-000000000000"

/* What one run works with. */
struct run {
    const struct layout *layout;
    struct enrolment enrolment;
    struct signer signer;
    struct inspection inspection;
    struct settings settings;
    struct chain chain;
    int collect;
    int outbox;
    int lock;
};

static void run_clear(struct run *run)
{
    signer_clear(&run->signer);
    inspection_clear(&run->inspection);
    settings_clear(&run->settings);
    chain_clear(&run->chain);
    auto_close(&run->collect);
    auto_close(&run->outbox);
    auto_close(&run->lock);
}

/* Everything that may need privileges happens here; they are gone when it returns. */
static int look(struct run *run, const char *root, struct error *err)
{
    int r = settings_load(run->layout, &run->settings, err);

    if (r == 0)
        r = inspection_prepare(root, &run->settings, &run->inspection, err);
    if (r == 0)
        r = privileges_drop(err);
    return r;
}

static int open_chain(struct run *run, struct error *err)
{
    const char *restarted = NULL;
    int r = directory_remove_leftovers(run->collect, err);

    if (r == 0)
        r = directory_remove_leftovers(run->outbox, err);
    if (r == 0)
        r = chain_load(run->collect, run->enrolment.machine, &run->chain, &restarted, err);
    if (r == 0 && restarted != NULL && restarted[0] != '\0')
        journal_write(JOURNAL_WARNING, "%s: starting anew with a full snapshot", restarted);
    if (r == 0)
        r = chain_reconcile(&run->chain, run->outbox, err);
    return r;
}

static bool is_due(const struct chain *chain, int64_t now)
{
    int64_t next = chain->made_at + (int64_t)chain->minimum_interval_seconds;

    return now >= next || now < chain->made_at; /* a clock that was put back must not silence us */
}

static bool must_be_full(const struct chain *chain, const struct outbox *outbox, int64_t now)
{
    return !chain->has_acknowledged || now - chain->full_at >= FULL_EVERY_SECONDS ||
           now < chain->full_at || outbox_full(outbox);
}

static void describe(const struct run *run, struct snapshot_head *head)
{
    const struct chain *chain = &run->chain;

    *head = (struct snapshot_head){.seq = chain->seq + 1,
                                   .has_prev = chain->has_prev,
                                   .prev = chain->prev,
                                   .refused = chain->refused};
    (void)snprintf(head->organisation, sizeof(head->organisation), "%s",
                   run->enrolment.organisation);
    (void)snprintf(head->machine, sizeof(head->machine), "%s", run->enrolment.machine);
    (void)snprintf(head->epoch, sizeof(head->epoch), "%s", chain->epoch);
    (void)snprintf(head->nonce, sizeof(head->nonce), "%s", chain->nonce);
    moment_describe(head);
}

static void write_payload(const struct run *run, const struct snapshot_head *head,
                          const struct state *acknowledged, struct text *out,
                          struct state *ret_state)
{
    struct snapshot_writer *writer = snapshot_writer_new(head);

    inspection_add_to(&run->inspection, writer);
    snapshot_writer_payload(writer, acknowledged, out, ret_state);
    snapshot_writer_free(writer);
}

/* The number is on disk before anything is signed with it. */
static int make_snapshot(struct run *run, bool full, char ret_name[OUTBOX_NAME_SIZE],
                         struct error *err)
{
    AUTO(text_clear) struct text payload = {0}, bytes = {0};
    struct snapshot_head head;
    struct state state = {0};
    int r;

    describe(run, &head);
    write_payload(run, &head, full ? NULL : &run->chain.acknowledged, &payload, &state);
    chain_reserve(&run->chain, &state, head.wall_time, full, ret_name);
    r = chain_save(run->collect, &run->chain, err);
    if (r == 0)
        r = snapshot_sign(run->signer.key, &run->signer.certificate_der, run->enrolment.machine,
                          payload.bytes, payload.length, &bytes, err);
    if (r == 0)
        r = file_write(run->outbox, ret_name, 0640, bytes.bytes, bytes.length, err);
    return r;
}

/* Also what a crash left without its copy. */
static int keep_copies(const struct run *run, struct error *err)
{
    AUTO(outbox_clear) struct outbox outbox = {0};
    int r = outbox_list(run->outbox, &outbox, err);

    for (size_t i = 0; r == 0 && i < outbox.count; i++)
        r = published_keep(run->layout, run->outbox, &outbox.files[i], err);
    return r;
}

/*
 * What left the machine is forgotten by the server's signed time: a clock that jumps ahead must
 * not empty the folder, nor may a server that claims to live in the future.
 */
static int64_t expiry_time(const struct run *run)
{
    int64_t now = run->inspection.machine.now;

    return run->chain.received_at < now ? run->chain.received_at : now;
}

static int publish(struct run *run, struct error *err)
{
    struct delivery delivery;
    int r = keep_copies(run, err);

    if (r == 0)
        r = published_write_facts(run->layout, &run->inspection, run->inspection.machine.now, err);
    if (r == 0) {
        published_read_delivery(run->layout, &delivery);
        r = published_write_delivery(run->layout, run->outbox, &run->chain, &delivery, err);
    }
    if (r == 0)
        r = status_page_publish(run->layout, run->inspection.machine.now, err);
    if (r == 0)
        r = published_expire(run->layout, expiry_time(run), err);
    return r;
}

static int add_to_outbox(struct run *run, struct error *err)
{
    AUTO(outbox_clear) struct outbox outbox = {0};
    char name[OUTBOX_NAME_SIZE];
    size_t dropped = 0;
    bool full;
    int r = outbox_list(run->outbox, &outbox, err);

    if (r < 0)
        return r;
    full = must_be_full(&run->chain, &outbox, run->inspection.machine.now);
    r = make_snapshot(run, full, name, err);
    if (r == 0 && full)
        r = outbox_drop_oldest(run->outbox, name, &dropped, err);
    if (dropped > 0)
        journal_write(JOURNAL_WARNING,
                      "the outbox is full: the oldest %zu snapshots made room for a complete one",
                      dropped);
    return r;
}

/* A full disk is the one failure that the machine's user can mend at once. */
static int explain_space(int r, struct error *err)
{
    if (r == -ENOSPC || r == -EDQUOT)
        return error_wrap(err, r, "the disk is full: free some space, nothing was lost");
    return r;
}

static int open_run(struct run *run, struct error *err)
{
    int r = enrolment_load(run->layout, &run->enrolment, err);

    if (r == 0)
        r = run->collect = layout_open(run->layout, FOLDER_COLLECT, err);
    if (r >= 0)
        r = run->lock = lock_take(run->collect, err);
    if (r >= 0)
        r = run->outbox = layout_open(run->layout, FOLDER_OUTBOX, err);
    return r < 0 ? r : 0;
}

int collect_run(const struct layout *layout, const char *root, bool only_if_due, bool *ret_made,
                struct error *err)
{
    AUTO(run_clear)
    struct run run = {
        .layout = layout, .collect = -1, .outbox = -1, .lock = -1, .inspection.root.fd = -1};
    int r = open_run(&run, err);

    if (r == 0)
        r = look(&run, root, err);
    if (r == 0)
        r = open_chain(&run, err);
    if (r < 0)
        return explain_space(r, err);
    *ret_made = !only_if_due || is_due(&run.chain, run.inspection.machine.now);
    if (!*ret_made)
        return 0;
    inspection_collect(&run.inspection, &run.settings);
    /* Only now: what libcrypto needs finds the room that the collectors gave back. */
    r = identity_load_signer(run.collect, run.enrolment.identity, &run.signer, err);
    if (r == 0)
        r = add_to_outbox(&run, err);
    if (r == 0)
        r = publish(&run, err);
    return explain_space(r, err);
}

int collect_preview(const struct layout *layout, const char *root, struct text *out_payload,
                    struct error *err)
{
    AUTO(run_clear)
    struct run run = {
        .layout = layout, .collect = -1, .outbox = -1, .lock = -1, .inspection.root.fd = -1};
    struct snapshot_head head;
    struct state state = {0};
    int r = look(&run, root, err);

    if (r < 0)
        return r;
    if (enrolment_load(layout, &run.enrolment, NULL) < 0)
        (void)snprintf(run.enrolment.machine, sizeof(run.enrolment.machine), NO_MACHINE);
    chain_start(&run.chain, run.enrolment.machine);
    inspection_collect(&run.inspection, &run.settings);
    describe(&run, &head);
    write_payload(&run, &head, NULL, out_payload, &state);
    return 0;
}
