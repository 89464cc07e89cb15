#pragma once

#include "server-api/store/store.h"
#include "tests/support/snapshots.h"

/*
 * A store in a folder of its own with one organisation and TEST_MACHINE in it, a key that signs
 * receipts, and a machine that checks in: the real snapshots and receipts, without a network.
 */
struct store_world {
    char *folder;
    char *database;
    struct store *store;
    struct authority *authority;
    struct signing_key *receipt_key;
    struct certificate *receipt_certificate;
    int64_t now;
    unsigned signatures; /* how many receipts were signed */
    bool signer_fails;
};

struct store_world *store_world_new(void);
void store_world_free(struct store_world *world);
void auto_store_world_free(struct store_world **world);
void store_world_reopen(struct store_world *world);
struct store_signer store_world_signer(struct store_world *world);

/* What one machine remembers between check-ins. */
struct test_agent {
    struct signing_key *key;
    struct certificate *certificate;
    struct snapshot_head head; /* of the next snapshot */
    bool has_acknowledged;
    struct state acknowledged;
    struct state sent; /* the state of the last snapshot */
    struct digest sent_digest;
    int64_t number;       /* a fact of section "alpha" */
    bool restart_pending; /* a fact that the baseline reads */
};

struct test_agent *test_agent_new(const struct store_world *world);
void test_agent_free(struct test_agent *agent);
void auto_test_agent_free(struct test_agent **agent);

/* A snapshot file on its way; bytes, snapshot and receipt belong to it. */
struct parcel {
    struct text bytes;
    struct snapshot snapshot;
    struct ingest_record record;
    struct receipt receipt; /* as the machine read it; zero when there was none */
};
void parcel_clear(struct parcel *parcel);

/* Makes the agent's next snapshot and moves its chain on. */
void test_agent_look(struct test_agent *agent, const struct store_world *world,
                     struct parcel *ret_parcel);
/* Hands parcels to the store in one batch; answers what it did. */
int store_world_ingest(struct store_world *world, struct parcel **parcels, size_t count);
/* The machine verifies the receipt and remembers what it says. */
void test_agent_take_receipt(struct test_agent *agent, const struct store_world *world,
                             struct parcel *parcel);
/* All three; the caller clears the parcel. */
void test_agent_check_in(struct test_agent *agent, struct store_world *world,
                         struct parcel *ret_parcel);

/* One number from the database, for what no function tells. */
int64_t store_world_number(const struct store_world *world, const char *sql);
