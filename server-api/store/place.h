#pragma once

#include <stdint.h>

#include "platform/error.h"
#include "server-api/store/chain.h"

struct store;

/* A machine in every key. */
struct machine_key {
    const char *organisation;
    const char *machine;
};

/* Where a machine's chain stands, as stored, and what is kept around the place of one snapshot. */
struct place {
    struct chain_known known;
    int64_t joined_at;
    bool revoked;
    int64_t arrivals;
    char nonce[NONCE_SIZE]; /* the last one that was issued */
    int64_t nonce_at;
    char echoed_nonce[NONCE_SIZE];
    unsigned flags;
    int64_t forked_at;
};

/* -ENOENT when the machine is not there. */
int place_load(struct store *store, const struct machine_key *key, const struct snapshot_head *head,
               struct place *ret_place, struct error *err);

/* 128 random bits in base64url. */
void nonce_new(char ret_nonce[NONCE_SIZE]);

/* One snapshot of one machine, as it came in. */
struct arrival {
    struct machine_key key;
    const struct snapshot_head *head;
    struct digest hash;
    int64_t received_at;
};

/* Moves the chain on after a decision, with a new nonce for the answer in place->nonce. */
int place_advance(struct store *store, const struct arrival *arrival,
                  const struct chain_decision *decision, struct place *place, struct error *err);
