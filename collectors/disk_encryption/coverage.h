#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collectors/disk_encryption/luks_reader.h"
#include "collectors/disk_encryption/mapping.h"
#include "platform/block_devices.h"
#include "snapshot/section.h"

struct sysroot;

/*
 * Whether all that is stored on a device ends up encrypted: a walk down to every device that it
 * is made of. Encrypted only if an encryption layer is on each way down; one way without is
 * enough for plain.
 */
enum coverage_state {
    COVERAGE_ENCRYPTED,
    COVERAGE_PLAIN,
    COVERAGE_PARTLY,    /* some ways are encrypted: the rest is plain, so the whole is */
    COVERAGE_VOLATILE,  /* in memory only: gone without power */
    COVERAGE_ELSEWHERE, /* on another machine */
    COVERAGE_UNKNOWN,   /* see reason */
};

/* Three-valued, where "unknown" has a reason. */
enum answer { ANSWER_NO, ANSWER_YES, ANSWER_UNKNOWN };

enum header_place { HEADER_NONE, HEADER_ATTACHED, HEADER_DETACHED, HEADER_UNKNOWN };

/* What is known of the layer that encrypts; of several, what they agree on. */
struct encryption {
    enum encryption_method method; /* METHOD_NONE when nothing encrypts */
    enum unknown_reason method_reason;
    enum header_place header;
    enum unknown_reason header_reason; /* also for what only a header tells */
    char cipher[LUKS_CIPHER_SIZE];     /* "" when not known */
    enum unknown_reason cipher_reason;
    unsigned key_bits; /* 0 when not known */
    enum unknown_reason key_reason;
    enum answer tpm2_unlock, tpm2_pin, reencryption;
    enum unknown_reason tpm2_reason;
};

struct coverage {
    enum coverage_state state;
    enum unknown_reason reason; /* with COVERAGE_UNKNOWN */
    bool removable;             /* every disk below comes out */
    bool empty;                 /* a whole that no part was added to yet */
    struct encryption encryption;
};

/* Puts the parts of one whole together. Start with coverage_start(). */
struct coverage coverage_start(void);
void coverage_add(struct coverage *whole, const struct coverage *part);
struct coverage coverage_unknown(enum unknown_reason reason);

bool coverage_is_plain(const struct coverage *coverage); /* or partly */

/* Where the file behind a loop device or swap file is stored. */
typedef struct coverage (*coverage_of_path)(void *context, const char *path);

/* The devices that were looked at so far; each is judged once. */
struct block_graph;

/*
 * headers may be NULL. file_coverage answers for files, with the context. root and headers must
 * outlive the graph.
 */
struct block_graph *block_graph_new(const struct sysroot *root, const struct luks_headers *headers,
                                    coverage_of_path file_coverage, void *context);
void block_graph_free(struct block_graph *graph);

struct coverage block_graph_cover(struct block_graph *graph, struct block_number number);

/* By a path below /dev. */
struct coverage block_graph_cover_path(struct block_graph *graph, const char *path);
