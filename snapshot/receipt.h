#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/digest.h"
#include "platform/error.h"
#include "snapshot/signature.h"
#include "snapshot/snapshot.h"

struct text;

/*
 * What the server answers to a snapshot, signed by a receipt certificate that the pinned root
 * certified. A closed set of fields: a receipt can make a machine remember, wait or start over,
 * never run, fetch or change anything.
 */
enum receipt_result {
    RECEIPT_ACCEPTED,
    RECEIPT_REFUSED, /* for good: see reason */
    RECEIPT_FORK,    /* the chain split: the machine starts a new epoch */
};

/* Why a snapshot was refused for good. The list is closed. */
enum refusal_reason {
    REFUSAL_NONE,
    REFUSAL_MALFORMED,    /* signed by this machine, but no snapshot */
    REFUSAL_SIGNATURE,    /* not signed by this machine */
    REFUSAL_WRONG_DIGEST, /* not the bytes that the address names */
    REFUSAL_REVOKED,      /* this machine is no longer welcome */
    REFUSAL_TOO_LARGE,
    REFUSAL_VERSION, /* a format that this server does not know */
};
const char *refusal_reason_name(enum refusal_reason reason);
/* What it means for the machine's user, one sentence. */
const char *refusal_reason_text(enum refusal_reason reason);

enum verdict_state {
    VERDICT_PASS,
    VERDICT_FAIL,
    VERDICT_UNKNOWN,
    VERDICT_NOT_APPLICABLE,
    VERDICT_ACCEPTED,
};
#define VERDICT_STATE_COUNT 5
const char *verdict_state_name(enum verdict_state state);
bool verdict_state_from_name(const char *name, enum verdict_state *ret_state);

#define RECEIPT_MAX_SIZE         16384U
#define RECEIPT_VERDICTS_MAX     64U
#define CHECK_ID_SIZE            49U    /* as a section name */
#define RECEIPT_MINIMUM_INTERVAL 60U    /* seconds; what a receipt asks for is brought */
#define RECEIPT_MAXIMUM_INTERVAL 86400U /* into these bounds */

struct receipt_verdict {
    char check[CHECK_ID_SIZE];
    enum verdict_state state;
};

struct receipt {
    char machine[MACHINE_ID_SIZE];
    char nonce[NONCE_SIZE];
    bool has_state;         /* the server holds this state now */
    bool lacks_base;        /* the next snapshot must be full */
    struct digest snapshot; /* SHA-256 of the snapshot file */
    struct digest state;
    enum receipt_result result;
    enum refusal_reason reason;
    int64_t received_at;
    uint64_t minimum_interval_seconds;
    struct receipt_verdict verdicts[RECEIPT_VERDICTS_MAX];
    size_t verdict_count;
};

/* The payload JSON of a receipt, and its JWS header with the certificate and its issuer. */
void receipt_write_payload(const struct receipt *receipt, struct text *out);
void receipt_write_header(const struct certificate *receipt_certificate,
                          const struct certificate *intermediate, struct text *out);

/*
 * Verifies a receipt for this machine and this snapshot against the pinned root. The chain is
 * judged at now, and if that fails for time alone, at fallback_time (the last verified receipt, or
 * the build). Fails with -EKEYREJECTED when it is not the server's, -EBADMSG when it is malformed,
 * -ESTALE when it is another machine's or another snapshot's.
 */
int receipt_read(const char *compact, size_t length, const struct certificate *root,
                 const char *machine, const struct digest *snapshot, int64_t now,
                 int64_t fallback_time, struct receipt *ret_receipt, struct error *err);
/* The payload's half alone, for fuzzing. */
int receipt_read_payload(const char *payload, size_t length, struct receipt *ret_receipt,
                         struct error *err);
