#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "platform/error.h"
#include "server-api/store/place.h"
#include "snapshot/receipt.h"
#include "snapshot/snapshot.h"
#include "snapshot/state.h"

/*
 * The states of a machine and the sections that they are made of, by their digests: every state
 * that was ever acknowledged can be built upon.
 */

/* 1 when the state is kept, 0 when it is not. */
int machine_state_load(struct store *store, const struct machine_key *key,
                       const struct digest *digest, struct state *ret_state, struct error *err);

/* Keeps the snapshot's sections and the state that it leads to. */
int machine_state_keep(struct store *store, const struct machine_key *key,
                       const struct snapshot *snapshot, const struct state *state,
                       struct error *err);

/* When a state was true, when we heard of it, and what came with it. */
struct sighting {
    const struct snapshot_head *head;
    int64_t seen_at;
    int64_t received_at;
};

/*
 * Makes this the machine's current state: judges it, keeps the verdicts (each with the time since
 * when it has been so), and adds them to the receipt.
 */
int machine_state_set_current(struct store *store, const struct machine_key *key,
                              const struct state *state, const struct sighting *sighting,
                              struct receipt *receipt, struct error *err);
