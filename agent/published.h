#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "agent/chain.h"
#include "agent/layout.h"
#include "agent/outbox.h"
#include "platform/error.h"
#include "snapshot/receipt.h"

struct json;
struct inspection;

/*
 * What every user of this machine may see, in public/: the exact files that were made for sending
 * (sent/<month>/, 13 months), the facts of the last look with their verdicts (facts.json), and how
 * the delivery stands (delivery.json).
 */
#define SENT_MONTHS 13U

/* Copies an outbox file when its copy is not there yet. The copy keeps its name for ever. */
int published_keep(const struct layout *layout, int outbox, const struct outbox_file *file,
                   struct error *err);
/* Marks the copy of a snapshot that was refused for good: its name gets ".refused". */
int published_mark_refused(const struct layout *layout, const struct outbox_file *file,
                           struct error *err);
/* Removes the months that are over the limit. */
int published_expire(const struct layout *layout, int64_t now, struct error *err);

/* Writes facts.json; a check that has the verdict it had keeps the time since when. */
int published_write_facts(const struct layout *layout, const struct inspection *inspection,
                          int64_t now, struct error *err);

/* How the delivery stands. */
struct delivery {
    char made[OUTBOX_NAME_SIZE]; /* the last snapshot; "" while there is none */
    char made_month[8];          /* where its copy is: "2026-11" */
    int64_t made_at;
    char received[OUTBOX_NAME_SIZE]; /* the last one with a verified receipt; "" for none */
    int64_t received_at;             /* when that was verified, by this machine's clock */
    int64_t waiting;                 /* in the outbox */
    int64_t waiting_since;           /* 0 when none waits */
    int64_t refused;
    enum refusal_reason refusal; /* the last one's reason, and when it was verified */
    int64_t refused_at;
};

/* Everything 0 when there is none yet, or it is damaged: it is written anew at each check-in. */
void published_read_delivery(const struct layout *layout, struct delivery *ret_delivery);
/* Completes it from the chain and the outbox, and writes it. */
int published_write_delivery(const struct layout *layout, int outbox, const struct chain *chain,
                             struct delivery *delivery, struct error *err);

/* facts.json as a tree that the caller frees: -ENOENT when nothing was collected yet. */
int published_read_facts(const struct layout *layout, struct json **ret_document,
                         struct error *err);

/* The bytes of the last snapshot made. */
int published_read_last(const struct layout *layout, const struct delivery *delivery,
                        struct text *out, struct error *err);
