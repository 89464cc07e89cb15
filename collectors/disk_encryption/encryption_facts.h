#pragma once

#include "collectors/disk_encryption/coverage.h"
#include "collectors/disk_encryption/volumes.h"

struct facts;

/* How coverage and encryption are written as facts. */

extern const struct fact volume_facts[];
extern const struct fact swap_facts[];

/* True, false, or null: what is in memory or elsewhere has nothing to encrypt here. */
void set_encrypted(struct facts *facts, const char *name, const struct coverage *coverage);

void add_volume(struct facts *facts, const struct volume *volume);

/* kind: one of partition, file, zram. */
void add_swap(struct facts *facts, const char *kind, const struct coverage *coverage);
