#include "platform/decompress.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "platform/cleanup.h"
#include "platform/decompress_library.h"
#include "platform/memory.h"

#define INPUT_SIZE      65536U
#define WINDOW_LOG_MAX  23U          /* 8 MiB */
#define XZ_MEMORY_LIMIT (12U << 20U) /* a window of 8 MiB and what liblzma needs beside it */
#define GZIP_WINDOW     (15 + 16)    /* inflateInit2(): the largest window, gzip header */

/*
 * A decoder takes from the input and writes to out. It says how much it wrote, and sets
 * at_boundary when a frame ended, so that an end of the file elsewhere is a cut.
 */
struct stream {
    int fd;
    size_t max_decoded;
    size_t decoded;
    bool input_ended;
    bool at_boundary;
    uint8_t *input;
    size_t start; /* of what is not decoded yet, in input */
    size_t end;
    const struct decoder *decoder;
    struct gzip_library zlib;
    z_stream gzip;
    struct xz_library liblzma;
    lzma_stream xz;
    struct lz4_library liblz4;
    LZ4F_dctx *lz4;
    ZSTD_DStream *zstd;
};

struct decoder {
    const char *magic;
    size_t magic_length;
    int (*start)(struct stream *stream, struct error *err);
    int (*decode)(struct stream *stream, void *out, size_t size, size_t *ret_written,
                  struct error *err);
    void (*stop)(struct stream *stream);
};

static int damaged(struct error *err, const char *kind, const char *why)
{
    return error_set(err, EBADMSG, "the %s data is damaged: %s", kind, why);
}

static size_t smaller(size_t left, size_t right)
{
    return left < right ? left : right;
}

static int no_memory(struct error *err)
{
    return error_set(err, ENOMEM, "cannot start to decompress");
}

static int plain_start(struct stream *stream, struct error *err)
{
    (void)err;
    stream->at_boundary = true; /* nothing tells where a plain file should end */
    return 0;
}

static int plain_decode(struct stream *stream, void *out, size_t size, size_t *ret_written,
                        struct error *err)
{
    size_t length = smaller(size, stream->end - stream->start);

    (void)err;
    memcpy(out, stream->input + stream->start, length);
    stream->start += length;
    *ret_written = length;
    return 0;
}

static void plain_stop(struct stream *stream)
{
    (void)stream;
}

static int gzip_start(struct stream *stream, struct error *err)
{
    int r = gzip_library_load(&stream->zlib, err);

    if (r < 0)
        return r;
    /* What the macro inflateInit2() calls. */
    r = stream->zlib.init(&stream->gzip, GZIP_WINDOW, ZLIB_VERSION, (int)sizeof(stream->gzip));
    return r == Z_OK ? 0 : no_memory(err);
}

static int gzip_decode(struct stream *stream, void *out, size_t size, size_t *ret_written,
                       struct error *err)
{
    z_stream *gzip = &stream->gzip;
    int r;

    if (stream->at_boundary && stream->zlib.reset(gzip) != Z_OK)
        return damaged(err, "gzip", "it cannot start again");
    gzip->next_in = stream->input + stream->start;
    gzip->avail_in = (uInt)(stream->end - stream->start);
    gzip->next_out = out;
    gzip->avail_out = (uInt)smaller(size, UINT32_MAX);
    r = stream->zlib.inflate(gzip, Z_NO_FLUSH);
    if (r != Z_OK && r != Z_STREAM_END && r != Z_BUF_ERROR)
        return damaged(err, "gzip", gzip->msg == NULL ? "it needs a dictionary" : gzip->msg);
    stream->start = stream->end - gzip->avail_in;
    stream->at_boundary = r == Z_STREAM_END;
    *ret_written = (size_t)(gzip->next_out - (Bytef *)out);
    return 0;
}

static void gzip_stop(struct stream *stream)
{
    (void)stream->zlib.end(&stream->gzip);
}

static int xz_start(struct stream *stream, struct error *err)
{
    int r = xz_library_load(&stream->liblzma, err);
    lzma_ret started;

    if (r < 0)
        return r;
    stream->xz = (lzma_stream)LZMA_STREAM_INIT;
    started = stream->liblzma.decoder(&stream->xz, XZ_MEMORY_LIMIT, LZMA_CONCATENATED);
    return started == LZMA_OK ? 0 : no_memory(err);
}

static int xz_decode(struct stream *stream, void *out, size_t size, size_t *ret_written,
                     struct error *err)
{
    lzma_stream *xz = &stream->xz;
    lzma_ret r;

    xz->next_in = stream->input + stream->start;
    xz->avail_in = stream->end - stream->start;
    xz->next_out = out;
    xz->avail_out = size;
    r = stream->liblzma.code(xz, stream->input_ended ? LZMA_FINISH : LZMA_RUN);
    if (r == LZMA_MEMLIMIT_ERROR)
        return error_set(err, EFBIG, "the xz data needs too much memory");
    if (r != LZMA_OK && r != LZMA_STREAM_END && r != LZMA_BUF_ERROR)
        return damaged(err, "xz", "liblzma refuses it");
    stream->start = stream->end - xz->avail_in;
    stream->at_boundary = r == LZMA_STREAM_END;
    *ret_written = size - xz->avail_out;
    return 0;
}

static void xz_stop(struct stream *stream)
{
    stream->liblzma.end(&stream->xz);
}

static int lz4_start(struct stream *stream, struct error *err)
{
    struct lz4_library *library = &stream->liblz4;
    int r = lz4_library_load(library, err);

    if (r < 0)
        return r;
    return library->is_error(library->create(&stream->lz4, LZ4F_VERSION)) ? no_memory(err) : 0;
}

static int lz4_decode(struct stream *stream, void *out, size_t size, size_t *ret_written,
                      struct error *err)
{
    const struct lz4_library *library = &stream->liblz4;
    size_t taken = stream->end - stream->start, written = size;
    size_t r = library->decompress(stream->lz4, out, &written, stream->input + stream->start,
                                   &taken, NULL);

    if (library->is_error(r))
        return damaged(err, "lz4", library->error_name(r));
    stream->start += taken;
    if (taken > 0 || written > 0)
        stream->at_boundary = r == 0;
    *ret_written = written;
    return 0;
}

static void lz4_stop(struct stream *stream)
{
    (void)stream->liblz4.free(stream->lz4);
}

static int zstd_start(struct stream *stream, struct error *err)
{
    stream->zstd = ZSTD_createDStream();
    if (stream->zstd == NULL)
        return no_memory(err);
    (void)ZSTD_DCtx_setParameter(stream->zstd, ZSTD_d_windowLogMax, (int)WINDOW_LOG_MAX);
    return 0;
}

static int zstd_decode(struct stream *stream, void *out, size_t size, size_t *ret_written,
                       struct error *err)
{
    ZSTD_inBuffer input = {stream->input, stream->end, stream->start};
    ZSTD_outBuffer output = {out, size, 0};
    size_t r;

    r = ZSTD_decompressStream(stream->zstd, &output, &input);
    if (ZSTD_isError(r))
        return ZSTD_getErrorCode(r) == ZSTD_error_frameParameter_windowTooLarge
                   ? error_set(err, EFBIG, "the zstd data needs too much memory")
                   : damaged(err, "zstd", ZSTD_getErrorName(r));
    stream->start = input.pos;
    stream->at_boundary = r == 0;
    *ret_written = output.pos;
    return 0;
}

static void zstd_stop(struct stream *stream)
{
    (void)ZSTD_freeDStream(stream->zstd);
}

static const struct decoder decoders[] = {
    {"\x1f\x8b", 2, gzip_start, gzip_decode, gzip_stop},
    {"\xfd"
     "7zXZ",
     6, xz_start, xz_decode, xz_stop},
    {"\x04\x22\x4d\x18", 4, lz4_start, lz4_decode, lz4_stop},
    {"\x28\xb5\x2f\xfd", 4, zstd_start, zstd_decode, zstd_stop},
};
static const struct decoder plain = {"", 0, plain_start, plain_decode, plain_stop};

static int fill(struct stream *stream, struct error *err)
{
    ssize_t n;

    if (stream->start > 0) {
        memmove(stream->input, stream->input + stream->start, stream->end - stream->start);
        stream->end -= stream->start;
        stream->start = 0;
    }
    do
        n = read(stream->fd, stream->input + stream->end, INPUT_SIZE - stream->end);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return error_set(err, errno, "cannot read: %s", strerror(errno));
    stream->input_ended = n == 0;
    stream->end += (size_t)n;
    return 0;
}

static const struct decoder *recognise(const struct stream *stream)
{
    for (size_t i = 0; i < sizeof(decoders) / sizeof(decoders[0]); i++)
        if (stream->end >= decoders[i].magic_length &&
            memcmp(stream->input, decoders[i].magic, decoders[i].magic_length) == 0)
            return &decoders[i];
    return &plain;
}

static int start(struct stream *stream, struct error *err)
{
    int r = 0;

    /* A short read must not hide the first bytes. */
    while (r == 0 && !stream->input_ended && stream->end < 8)
        r = fill(stream, err);
    if (r < 0)
        return r;
    if (stream->end >= 3 && memcmp(stream->input, "BZh", 3) == 0)
        return error_set(err, EOPNOTSUPP, "bzip2 is not supported");
    stream->decoder = recognise(stream);
    r = stream->decoder->start(stream, err);
    if (r < 0)
        stream->decoder = NULL;
    return r;
}

int stream_open(int fd, size_t max_decoded, struct stream **ret_stream, struct error *err)
{
    AUTO(auto_stream_close) struct stream *stream = must_allocate(1, sizeof(*stream));
    int r;

    stream->fd = fd;
    stream->max_decoded = max_decoded;
    stream->input = must_allocate(INPUT_SIZE, 1);
    r = start(stream, err);
    if (r < 0)
        return r;
    *ret_stream = TAKE(stream);
    return 0;
}

/* True when the decoder neither took nor gave anything, so that only more input can help. */
static int step(struct stream *stream, void *buffer, size_t size, size_t *ret_written,
                bool *ret_stuck, struct error *err)
{
    size_t before = stream->start;
    bool boundary_before = stream->at_boundary;
    int r = stream->decoder->decode(stream, buffer, size, ret_written, err);

    *ret_stuck = r == 0 && *ret_written == 0 && stream->start == before &&
                 stream->at_boundary == boundary_before;
    return r;
}

static int decode_some(struct stream *stream, void *buffer, size_t size, size_t *ret_written,
                       struct error *err)
{
    for (;;) {
        bool needs_input = stream->start == stream->end && stream->at_boundary;
        int r;

        /* Between frames a decoder without input would begin one that may not be there. */
        if (needs_input && stream->input_ended)
            return 0;
        if (!needs_input) {
            r = step(stream, buffer, size, ret_written, &needs_input, err);
            if (r < 0 || *ret_written > 0)
                return r;
            if (needs_input && stream->input_ended)
                return error_set(err, EBADMSG, "the compressed data is cut off");
        }
        if (needs_input) {
            r = fill(stream, err);
            if (r < 0)
                return r;
        }
    }
}

long stream_read(struct stream *stream, void *buffer, size_t size, struct error *err)
{
    size_t written = 0;
    int r = decode_some(stream, buffer, size, &written, err);

    if (r < 0)
        return r;
    stream->decoded += written;
    if (stream->decoded > stream->max_decoded)
        return error_set(err, EFBIG, "it holds more than %zu bytes", stream->max_decoded);
    return (long)written;
}

void stream_close(struct stream *stream)
{
    if (stream == NULL)
        return;
    if (stream->decoder != NULL)
        stream->decoder->stop(stream);
    library_unload(&stream->zlib.handle);
    library_unload(&stream->liblzma.handle);
    library_unload(&stream->liblz4.handle);
    if (stream->fd >= 0)
        (void)close(stream->fd);
    free(stream->input);
    free(stream);
}

void auto_stream_close(struct stream **stream)
{
    stream_close(*stream);
}
