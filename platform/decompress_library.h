#pragma once

#include <lz4frame.h>
#include <lzma.h>
#include <zlib.h>

#include "platform/error.h"

/*
 * The libraries that only some package lists need, loaded when one does: most machines keep their
 * lists plain, and three libraries more cost every look 0.4 MiB. Each load answers 0 or
 * -EOPNOTSUPP when the library or a function is not there, and then needs no library_unload().
 */
struct gzip_library {
    void *handle;
    __typeof__(inflateInit2_) *init;
    __typeof__(inflateReset) *reset;
    __typeof__(inflate) *inflate;
    __typeof__(inflateEnd) *end;
};
int gzip_library_load(struct gzip_library *ret_library, struct error *err);

struct xz_library {
    void *handle;
    __typeof__(lzma_stream_decoder) *decoder;
    __typeof__(lzma_code) *code;
    __typeof__(lzma_end) *end;
};
int xz_library_load(struct xz_library *ret_library, struct error *err);

struct lz4_library {
    void *handle;
    __typeof__(LZ4F_createDecompressionContext) *create;
    __typeof__(LZ4F_decompress) *decompress;
    __typeof__(LZ4F_freeDecompressionContext) *free;
    __typeof__(LZ4F_isError) *is_error;
    __typeof__(LZ4F_getErrorName) *error_name;
};
int lz4_library_load(struct lz4_library *ret_library, struct error *err);

/* Takes the handle of any of them; NULL is nothing to do. */
void library_unload(void **handle);
