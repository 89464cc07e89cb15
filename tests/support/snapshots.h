#pragma once

#include <stdint.h>

#include "platform/text.h"
#include "snapshot/section.h"
#include "snapshot/snapshot.h"
#include "tests/support/authority.h"

/* Snapshots of a machine that does not exist, for the tests of both sides. */

#define TEST_EPOCH "0123456789abcdef0123456789abcdef"
#define TEST_BOOT  "fedcba9876543210fedcba9876543210"

/* The head of TEST_MACHINE's first snapshot, at TEST_NOW. */
struct snapshot_head test_head(void);

/* A section with one fact, a number; the caller frees it. */
struct section *test_section(const char *name, int64_t value);

/* What test_snapshot() takes: the payload goes the same way as in the agent. */
struct test_machine {
    const struct signing_key *key;
    const struct certificate *certificate;
};

/* Adds the snapshot file with these sections, and answers the state after it. */
struct state test_snapshot(const struct test_machine *machine, const struct snapshot_head *head,
                           const struct state *acknowledged, struct section *const *sections,
                           size_t section_count, struct text *out);
