#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/outbox.h"
#include "platform/digest.h"
#include "platform/error.h"
#include "snapshot/receipt.h"
#include "snapshot/snapshot.h"
#include "snapshot/state.h"

struct text;

/*
 * Where this machine's chain of snapshots stands: collect/state.json. It is written before a
 * snapshot is signed, so that no sequence number is ever used for two different snapshots.
 */

/* A snapshot whose receipt is still to come. */
struct waiting {
    char name[OUTBOX_NAME_SIZE];
    bool has_hash; /* false: written or not, the outbox knows; see chain_reconcile() */
    struct digest hash;
    struct state state; /* of the machine, once this one arrived */
};

struct chain {
    char machine[MACHINE_ID_SIZE];
    char epoch[EPOCH_SIZE];
    uint64_t seq; /* the last that was used; 0 in a new epoch */
    bool has_prev;
    struct digest prev;
    char nonce[NONCE_SIZE];
    bool has_acknowledged; /* false: the next snapshot is full */
    struct state acknowledged;
    int64_t full_at;     /* when the last full one was made */
    int64_t made_at;     /* when the last one was made */
    int64_t received_at; /* server's time in the last verified receipt; 0 for none */
    uint64_t minimum_interval_seconds;
    uint64_t refused;
    struct waiting *waiting; /* at most OUTBOX_MAX_FILES, oldest first */
    size_t waiting_count;
};

/* A new chain for the machine: new epoch, nothing acknowledged. Clear what was there before. */
void chain_start(struct chain *chain, const char *machine);
/* A new epoch in the same chain: the count of refusals and the server's nonce stay. */
void chain_start_epoch(struct chain *chain);
void chain_clear(struct chain *chain);

void chain_write(const struct chain *chain, struct text *out);
/* -EBADMSG on anything that chain_write did not write: the text carries its own SHA-256. */
int chain_read(const char *text, size_t length, struct chain *ret_chain, struct error *err);

/*
 * Loads it from the collect folder. A chain that is damaged, or another machine's, is started anew
 * and *ret_restarted says why in one line ("" when it was simply not there yet, NULL when it is the
 * old one). Only a file that cannot be read at all is an error.
 */
int chain_load(int collect, const char *machine, struct chain *ret_chain,
               const char **ret_restarted, struct error *err);
int chain_save(int collect, const struct chain *chain, struct error *err);

/*
 * Takes in what the outbox shows: snapshots that were written before a crash get their hash and
 * become the one that the next names as before it; reserved ones that never were are forgotten.
 */
int chain_reconcile(struct chain *chain, int outbox, struct error *err);

/* Reserves the next number and remembers the state that it will bring. */
void chain_reserve(struct chain *chain, const struct state *state, int64_t now, bool full,
                   char ret_name[OUTBOX_NAME_SIZE]);

/* The waiting one of this name, or NULL. */
const struct waiting *chain_waiting(const struct chain *chain, const char *name);

/*
 * What a verified receipt says about the snapshot of this name: learns it and forgets the waiting
 * one. The caller saves the chain before it clears the outbox.
 */
void chain_learn(struct chain *chain, const char *name, const struct receipt *receipt);
