#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/digest.h"
#include "platform/error.h"
#include "snapshot/signature.h"
#include "snapshot/state.h"

struct json;
struct section;
struct text;

/*
 * A snapshot: what a machine saw, chained to the one before it and signed. docs/snapshot-format.md
 * describes every byte. The file that was signed is the file that is kept, sent and stored.
 */
#define SNAPSHOT_VERSION     1
#define SNAPSHOT_MAX_SIZE    JWS_MAX_SIZE         /* the compact JWS */
#define SNAPSHOT_MAX_DECODED (4U * 1024U * 1024U) /* the payload, decompressed */
#define EPOCH_SIZE           33U                  /* 32 hexadecimal digits with NUL */
#define NONCE_SIZE           33U                  /* at most 32 characters of base64url with NUL */
#define BOOT_ID_SIZE         33U
#define AGENT_VERSION_SIZE   33U

enum clock_state { CLOCK_SYNCED, CLOCK_UNSYNCED, CLOCK_UNKNOWN };
#define CLOCK_STATE_COUNT 3
extern const char *const clock_state_names[CLOCK_STATE_COUNT + 1]; /* ended by NULL */
const char *clock_state_name(enum clock_state state);

/* 1 to 32 characters of base64url. */
bool nonce_valid(const char *nonce, size_t length);

/* Everything in a payload but the sections. */
struct snapshot_head {
    char organisation[ORGANISATION_ID_SIZE]; /* of the certificate; not in the payload */
    char machine[MACHINE_ID_SIZE];
    char agent[AGENT_VERSION_SIZE];
    char epoch[EPOCH_SIZE];
    uint64_t seq;              /* 1, 2, 3 ... within the epoch */
    bool has_prev;             /* false for the first of an epoch, and for that alone */
    struct digest prev;        /* SHA-256 of the snapshot file before this one */
    char nonce[NONCE_SIZE];    /* of the last verified receipt; "" when there was none */
    char boot[BOOT_ID_SIZE];   /* "" where the machine could not tell */
    int64_t wall_time;         /* seconds since 1970 by the machine's clock */
    int64_t boot_time_seconds; /* CLOCK_BOOTTIME */
    enum clock_state clock;
    uint64_t refused;    /* snapshots of this machine that were refused for good so far */
    bool has_base;       /* false: full, sections is everything */
    struct digest base;  /* digest of the acknowledged state that this builds on */
    struct digest state; /* digest of the state after applying this */
};

/* One section in a payload: exact bytes of facts and unknown. */
struct snapshot_section {
    char name[SECTION_NAME_SIZE];
    unsigned schema;
    int64_t collected_at;
    int64_t duration_us;
    int64_t cpu_us;
    struct digest digest;
    const char *facts; /* into the decoded payload */
    size_t facts_length;
    const char *unknown;
    size_t unknown_length;
};

/* ---- Writing. */
struct snapshot_writer;

/* head is copied; base and state are computed when written. */
struct snapshot_writer *snapshot_writer_new(const struct snapshot_head *head);
void snapshot_writer_free(struct snapshot_writer *writer);
void auto_snapshot_writer_free(struct snapshot_writer **writer); /* for AUTO() */
/* Every collected section goes in once, changed or not, and is copied. */
void snapshot_writer_add(struct snapshot_writer *writer, const struct section *section,
                         int64_t collected_at, int64_t duration_us, int64_t cpu_us);

/*
 * Adds the payload JSON to out: only the sections that acknowledged does not have like this, and
 * the names that it has and nobody collected any more. acknowledged NULL makes it full. Answers the
 * state after this snapshot.
 */
void snapshot_writer_payload(const struct snapshot_writer *writer, const struct state *acknowledged,
                             struct text *out, struct state *ret_state);

/*
 * Compresses (one zstd frame with its size) and signs a payload: the snapshot file's bytes. Fails
 * with -EKEYREJECTED when the certificate is not this machine's for signing with this key
 * (own_certificate_fits), -EFBIG when the payload or the file is too large.
 */
int snapshot_sign(const struct signing_key *key, const struct text *certificate_der,
                  const char *machine, const char *payload, size_t payload_length, struct text *out,
                  struct error *err);

/* ---- Reading. */
struct snapshot {
    struct snapshot_head head;
    struct snapshot_section *sections;
    size_t section_count;
    char (*removed)[SECTION_NAME_SIZE];
    size_t removed_count;
    char *payload; /* the decoded JSON that the sections point into, NUL-terminated */
    size_t payload_length;
};

/*
 * Verifies and reads a snapshot file: exactly the header that this machine and certificate give,
 * the signature, and only then the frame and the payload. The certificate is the one that the
 * caller issued or verified; its times are not judged. Fails with -EKEYREJECTED when it is not this
 * machine's, -EBADMSG or -EFBIG when its content is not a snapshot, -EPROTONOSUPPORT when it is of
 * another version, each with one clear line. The caller clears it.
 */
int snapshot_read(const char *compact, size_t length, const char *machine,
                  const struct certificate *certificate, struct snapshot *ret_snapshot,
                  struct error *err);
/* The payload's half alone, for fuzzing and for reading one's own files. */
int snapshot_read_payload(const char *payload, size_t length, struct snapshot *ret_snapshot,
                          struct error *err);
void snapshot_clear(struct snapshot *snapshot);

/* Decodes and decompresses without verifying: to show a machine's own file to its user. */
int snapshot_decode(const char *compact, size_t length, struct text *out_payload,
                    struct error *err);

/*
 * Applies a snapshot to the state that it builds on; a full one needs none (base is not read, and
 * may be NULL). Fails with
 * -ESTALE when base is not the digest of that state, -EBADMSG when the result does not have the
 * digest that the head promises or a removed section was not there.
 */
int snapshot_apply(const struct snapshot *snapshot, const struct state *base,
                   struct state *ret_state, struct error *err);
