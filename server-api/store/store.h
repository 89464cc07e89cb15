#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/digest.h"
#include "platform/error.h"
#include "platform/text.h"
#include "snapshot/join_code.h"
#include "snapshot/receipt.h"
#include "snapshot/signature.h"
#include "snapshot/snapshot.h"

struct peer;

/*
 * Everything the server remembers, in one database, every key of it starting with the
 * organisation. A handle belongs to one thread; several may be open at once. Calls block on the
 * disk: never from a loop thread. Errors: -ENOENT not there, -EEXIST already there, -EACCES not
 * allowed (spent, expired, revoked), -ENOSPC disk full, -EIO everything else of the database.
 */
struct store;

/* Opens the database file and migrates it; create makes it (0600) when it is not there. */
int store_open(const char *path, bool create, struct store **ret_store, struct error *err);
void store_close(struct store *store);
void auto_store_close(struct store **store);
/* Whether the database can be read at all. */
int store_check(struct store *store, struct error *err);

#define ORGANISATION_NAME_SIZE 129U
#define SYSTEM_NAME_SIZE       97U /* "Debian GNU/Linux 12 (bookworm)" */

int store_add_organisation(struct store *store, const char *name, int64_t now,
                           char ret_organisation[ORGANISATION_ID_SIZE], struct error *err);
/* By identifier or by exact name; -ENOENT when there is none. */
int store_find_organisation(struct store *store, const char *id_or_name,
                            char ret_organisation[ORGANISATION_ID_SIZE], struct error *err);

struct organisation_row {
    char id[ORGANISATION_ID_SIZE];
    char name[ORGANISATION_NAME_SIZE];
    int64_t created_at;
    int64_t machines; /* not revoked */
};
typedef void store_organisation_fn(void *context, const struct organisation_row *row);
/* All of them by name; each is called while the database is being read. */
int store_each_organisation(struct store *store, store_organisation_fn *each, void *context,
                            struct error *err);

/* A random name of ours (identifiers, tokens): size - 1 characters of [a-z2-7]. */
void store_new_name(char *ret_name, size_t size);

/* ---- Enrolment. */
struct join_token {
    char id[TOKEN_ID_SIZE]; /* with the organisation before the dot */
    struct digest secret;   /* SHA-256 of the secret */
    char label[MACHINE_LABEL_SIZE];
    int64_t expires_at;
};
int store_add_join_token(struct store *store, const struct join_token *token, int64_t now,
                         struct error *err);

/*
 * Uses a token for one of its two keys and answers the machine it is for (made at the first use).
 * The same token with the same key within 24 hours answers the certificate that was issued then
 * (DER); otherwise certificate stays empty and the caller issues one and calls
 * store_add_certificate. -EACCES for an unknown, expired or spent token and for a wrong secret
 * alike, and after the same work. -EEXIST for a key that another machine of the organisation has.
 */
struct token_use {
    const char *token_id; /* as it came from outside */
    struct digest secret; /* SHA-256 of the secret that came with it */
    enum certificate_purpose purpose;
    struct digest spki;

    /* Answered: */
    char organisation[ORGANISATION_ID_SIZE];
    char machine[MACHINE_ID_SIZE];
    struct text certificate; /* the caller clears it */
};
int store_use_join_token(struct store *store, struct token_use *use, int64_t now,
                         struct error *err);
/* -EEXIST when the key got a certificate within the last 24 hours: another request of the machine
 * was faster, and the machine may have that one. */
int store_add_certificate(struct store *store, const char *organisation, const char *machine,
                          const struct certificate *certificate, int64_t now, struct error *err);

/* ---- Who is it? Asked at every request. */
struct machine_identity {
    bool revoked;
    char label[MACHINE_LABEL_SIZE];
    /* NULL while none was issued; the handle's, until it is asked again. */
    const struct certificate *signing;
};
/* -EACCES when the key is not the machine's TLS key. */
int store_identify(struct store *store, const struct peer *peer, struct machine_identity *ret,
                   struct error *err);

/* ---- Ingest. */
struct ingest_record {
    char organisation[ORGANISATION_ID_SIZE];
    struct digest hash; /* of the exact bytes */
    const char *bytes;  /* the snapshot file */
    size_t length;
    const struct snapshot *snapshot; /* verified and read */
    int64_t received_at;

    /* Answered: */
    struct text receipt; /* starts as {0}; compact JWS, as stored; the caller clears it */
    enum receipt_result result;
    enum refusal_reason reason; /* for RECEIPT_REFUSED */
    int code;                   /* 0, or why this record could not be decided; nothing was stored */
    struct error why;
};

/* Who signs receipts, inside the transaction: keeper_sign_receipts() adds each to its text. */
struct store_signer {
    void *context;
    int (*sign)(void *context, const struct receipt *receipts, struct text *ret_compact,
                size_t count, struct error *err);
};

/*
 * Decides the chain of each record (security: duplicates, gaps, forks, new epochs), stores what is
 * accepted, quarantines forks, evaluates verdicts, signs the receipts and commits everything in one
 * transaction. A duplicate answers the receipt it got before, byte for byte. What is signed but
 * contradicts itself is RECEIPT_REFUSED and not stored. One record that fails has its code and does
 * not harm the others; when the transaction fails, so does the call, and nothing was stored.
 */
int store_ingest(struct store *store, struct ingest_record *records, size_t count,
                 const struct store_signer *signer, struct error *err);

/* The nonce for an answer that does not count in the chain (a refusal): the last one again, or for
 * a machine without a chain a new one that nobody remembers. */
int store_repeat_nonce(struct store *store, const char *organisation, const char *machine,
                       char ret_nonce[NONCE_SIZE], struct error *err);

/*
 * Gives back what a machine sent and what it was answered, in the order in which it came in: the
 * very bytes that were signed. each may fail, which ends the walk. -EIO when what the database
 * keeps no longer has the digest under which it was accepted.
 */
struct kept_snapshot {
    char epoch[EPOCH_SIZE];
    uint64_t seq;
    struct text bytes;   /* the snapshot file; both belong to the walk */
    struct text receipt; /* compact JWS */
};
typedef int store_snapshot_fn(void *context, const struct kept_snapshot *snapshot,
                              struct error *err);
int store_each_snapshot(struct store *store, const char *organisation, const char *machine,
                        store_snapshot_fn *each, void *context, struct error *err);

/* The signing certificates that a machine had, oldest first, as DER that belongs to the walk. */
typedef int store_certificate_fn(void *context, int64_t number, const void *der, size_t length,
                                 struct error *err);
int store_each_signing_certificate(struct store *store, const char *organisation,
                                   const char *machine, store_certificate_fn *each, void *context,
                                   struct error *err);

/* ---- Fleet. */
int store_revoke_machine(struct store *store, const char *organisation, const char *machine,
                         int64_t now, struct error *err);

struct machine_row {
    char organisation[ORGANISATION_ID_SIZE];
    char organisation_name[ORGANISATION_NAME_SIZE];
    char id[MACHINE_ID_SIZE];
    char label[MACHINE_LABEL_SIZE];
    char system[SYSTEM_NAME_SIZE]; /* "" while no snapshot came */
    int64_t created_at;
    int64_t revoked_at; /* 0: it is not */
    int64_t seen_at;    /* 0: no snapshot came yet */
};
typedef void store_machine_fn(void *context, const struct machine_row *row);
/* By organisation and label; organisation NULL for all. */
int store_each_machine(struct store *store, const char *organisation, store_machine_fn *each,
                       void *context, struct error *err);

/*
 * The fleet as /v1/fleet answers it (docs/fleet-api.md); organisation NULL for all. What is past
 * its time at now comes out as unknown, whatever was stored.
 */
int store_write_fleet(struct store *store, const char *organisation, int64_t now,
                      struct text *out_json, struct error *err);
