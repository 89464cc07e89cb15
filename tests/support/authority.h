#pragma once

#include <stdint.h>

#include "snapshot/signature.h"

/*
 * A certificate authority in memory, with the same profiles as the real one. What cannot be made
 * fails the test.
 */
#define TEST_MACHINE       "3f0c8a52-7d1e-4b9a-8c65-0e2f4a6b8d10"
#define TEST_OTHER_MACHINE "91d2b7c4-5a3f-4e08-b6d1-7c9e0f2a4b68"
#define TEST_ORGANISATION  "abcdefghij234567"

#define TEST_NOT_BEFORE 1735689600 /* 2025-01-01T00:00:00Z */
#define TEST_NOW        1796000000 /* 2026-11-30T00:53:20Z */
#define TEST_NOT_AFTER  1893456000 /* 2030-01-01T00:00:00Z */

struct authority {
    struct signing_key *root_key;
    struct certificate *root;
    struct signing_key *intermediate_key;
    struct certificate *intermediate;
};

struct authority *authority_new(void);
void authority_free(struct authority *authority);
void auto_authority_free(struct authority **authority);

/* A leaf for this purpose, issued by the intermediate to TEST_MACHINE of TEST_ORGANISATION. */
struct certificate *authority_issue(const struct authority *authority,
                                    enum certificate_purpose purpose,
                                    const struct signing_key *key);

/* Extensions in the words of x509v3_config(5); a NULL member is left out. */
struct profile {
    const char *basic_constraints;
    const char *key_usage;
    const char *extended_key_usage;
    const char *organisation;
    const char *common_name;
    const char *country; /* no certificate of ours has one */
    int64_t not_before;
    int64_t not_after;
};

/* What authority_issue() uses, to vary. */
struct profile authority_profile(enum certificate_purpose purpose);

struct certificate *authority_issue_profile(const struct authority *authority,
                                            const struct profile *profile,
                                            const struct signing_key *key);

/* The same by any issuer; issuer NULL makes it self-signed. */
struct certificate *certify(const struct certificate *issuer, const struct signing_key *issuer_key,
                            const struct profile *profile, const struct signing_key *key);
