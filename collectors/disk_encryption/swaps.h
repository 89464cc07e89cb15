#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "platform/error.h"

struct sysroot;

#define SWAPS_MAX 64U

/* One line of /proc/swaps. */
struct swap {
    char *path;   /* unescaped; of a device or a file */
    bool is_file; /* else a block device */
    bool deleted;
};

/* Start with {0}; end with swaps_clear(). */
struct swaps {
    struct swap items[SWAPS_MAX];
    size_t count;
};

int swaps_read(const struct sysroot *root, struct swaps *swaps, struct error *err);
/* Fails with -EBADMSG and the line, -EFBIG above SWAPS_MAX. Exposed for tests and fuzzing. */
int swaps_parse(const char *text, struct swaps *swaps, struct error *err);
void swaps_clear(struct swaps *swaps);
