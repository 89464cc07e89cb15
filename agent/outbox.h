#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"
#include "snapshot/snapshot.h"

struct text;

/*
 * The outbox: one file per snapshot, the exact bytes that were signed. Collect writes them and
 * removes them when their receipt is verified; the uploader only reads.
 */
#define OUTBOX_MAX_FILES 64U
#define OUTBOX_MAX_BYTES (8U * 1024U * 1024U)
#define OUTBOX_NAME_SIZE 58U /* epoch "-" seq ".jws" with NUL */

struct outbox_file {
    char name[OUTBOX_NAME_SIZE];
    size_t size;
    int64_t written_at;
    int64_t epoch_written_at; /* the oldest file of its epoch: orders the epochs */
};

struct outbox {
    struct outbox_file *files; /* oldest first */
    size_t count;
    size_t bytes;
};

void outbox_name(const char *epoch, uint64_t seq, char ret_name[OUTBOX_NAME_SIZE]);
/* False for a name that outbox_name would not give. */
bool outbox_name_read(const char *name, char ret_epoch[EPOCH_SIZE], uint64_t *ret_seq);

/* What is in it; files with other names are left alone. The caller clears it. */
int outbox_list(int folder, struct outbox *ret_outbox, struct error *err);
void outbox_clear(struct outbox *outbox);

/* True when one file more, of any size, could exceed the bounds. */
bool outbox_full(const struct outbox *outbox);

/*
 * Removes the oldest files until the bounds hold, and answers how many went. Only right after a
 * full snapshot was added: it replaces all that was before it, and is never removed itself.
 */
int outbox_drop_oldest(int folder, const char *newest, size_t *ret_dropped, struct error *err);
