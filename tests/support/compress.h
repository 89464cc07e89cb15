#pragma once

#include <stddef.h>

struct text;

/* Compresses in the ways that apt keeps its lists, for tests of what reads them. */
enum compression {
    COMPRESSION_NONE,
    COMPRESSION_GZIP,
    COMPRESSION_XZ,
    COMPRESSION_LZ4,
    COMPRESSION_ZSTD,
    COMPRESSION_COUNT
};

/* The ending of a file's name, as ".gz". */
const char *compression_ending(enum compression compression);

/* Adds one whole compressed frame. */
void compress_bytes(enum compression compression, const void *bytes, size_t length,
                    struct text *out);
