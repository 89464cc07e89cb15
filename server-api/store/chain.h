#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "platform/digest.h"
#include "snapshot/snapshot.h"

/*
 * What to make of a snapshot's place in its machine's chain. Only what contradicts the chain is
 * turned away (a fork: the machine was cloned, or rolled back to an older copy); everything else
 * is accepted and flagged. A pure decision: the store asks it inside its transaction, with what it
 * knows of the machine.
 */

/* Remarkable about an accepted snapshot. Stored as numbers: values are never reused. */
enum chain_flag {
    CHAIN_GAP = 1,      /* snapshots before it never arrived */
    CHAIN_LATE = 2,     /* newer ones arrived before it */
    CHAIN_RESET = 4,    /* a new epoch: the machine lost its memory, or was restored */
    CHAIN_ROLLBACK = 8, /* it repeats a nonce older than one that already came back */
    CHAIN_CLOCK = 16,   /* its clock is more than 10 minutes from ours */
    CHAIN_FORK = 32,    /* it contradicts the chain; also kept for the machine for 30 days */
    CHAIN_NO_BASE = 64, /* it builds on a state that we do not have */
};
#define CHAIN_FLAG_COUNT      7
#define CHAIN_CLOCK_TOLERANCE 600 /* seconds */
#define CHAIN_FORK_REMEMBERED (30 * 86400)

/* The name of one flag, as /v1/fleet writes it: "gap", "late", … */
const char *chain_flag_name(enum chain_flag flag);

/* When a nonce was issued; arrival counts the machine's answers. */
struct nonce_mark {
    int64_t arrival; /* 0: no such nonce */
    int64_t issued_at;
};

/* What is known around the place that a snapshot claims. */
struct chain_known {
    bool started;           /* this machine has a chain */
    char epoch[EPOCH_SIZE]; /* where it stands: the newest snapshot accepted in its order */
    uint64_t seq;
    struct digest hash;
    int64_t epoch_arrival; /* the first arrival of that epoch */

    bool knows_epoch; /* some snapshot of the claimed epoch is kept */
    bool has_same;    /* one at exactly the claimed place */
    struct digest same;
    bool has_before; /* at seq - 1 */
    struct digest before;
    bool has_after; /* at seq + 1, and what it names as the one before it */
    struct digest after_prev;

    struct nonce_mark echoed; /* the newest nonce that came back so far */
    struct nonce_mark nonce;  /* the one that this snapshot brings */
};

enum chain_action { CHAIN_DUPLICATE, CHAIN_SPLIT, CHAIN_ACCEPT };

struct chain_decision {
    enum chain_action action;
    bool newest;    /* it is now where the chain stands */
    unsigned flags; /* of enum chain_flag */
};

void chain_decide(const struct chain_known *known, const struct snapshot_head *head,
                  const struct digest *hash, int64_t received_at, struct chain_decision *ret);

/*
 * When the snapshot's facts were true, as far as that can be known: by the machine's clock where
 * it fits between the time its nonce was issued (or it joined) and now, else that earlier time. A
 * snapshot that waited for a connection is as old as it is, whatever a wrong clock says.
 */
int64_t chain_made_at(const struct snapshot_head *head, const struct nonce_mark *nonce,
                      int64_t joined_at, int64_t received_at);
