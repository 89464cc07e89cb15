#include "platform/zstd_frame.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/text.h"

#define LEVEL 3

/* The magic number of RFC 8878, 3.1.1. libzstd reads skippable and old formats too; we do not. */
static bool is_zstd_frame(const uint8_t *frame, size_t length)
{
    static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};

    return length > sizeof(magic) && memcmp(frame, magic, sizeof(magic)) == 0;
}

void zstd_encode(const void *bytes, size_t length, struct text *out)
{
    size_t bound = ZSTD_COMPRESSBOUND(length), size;
    AUTO_FREE char *frame = must_allocate(bound, 1);

    size = ZSTD_compress(frame, bound, bytes, length, LEVEL);
    if (ZSTD_isError(size))
        abort(); /* no memory: the room is enough for whatever the bytes are */
    text_add(out, frame, size);
}

int zstd_decode(const void *frame, size_t length, size_t max_decoded, struct text *out,
                struct error *err)
{
    unsigned long long stated;
    AUTO_FREE char *decoded = NULL;
    size_t size;

    if (!is_zstd_frame(frame, length))
        return error_set(err, EBADMSG, "zstd: no frame");
    stated = ZSTD_getFrameContentSize(frame, length);
    if (stated == ZSTD_CONTENTSIZE_ERROR)
        return error_set(err, EBADMSG, "zstd: no frame");
    if (stated == ZSTD_CONTENTSIZE_UNKNOWN)
        return error_set(err, EBADMSG, "zstd: the frame does not state its size");
    if (stated > max_decoded)
        return error_set(err, EFBIG, "zstd: the frame states more than %zu bytes", max_decoded);
    if (ZSTD_getDictID_fromFrame(frame, length) != 0)
        return error_set(err, EBADMSG, "zstd: the frame needs a dictionary");
    if (ZSTD_findFrameCompressedSize(frame, length) != length)
        return error_set(err, EBADMSG, "zstd: not exactly one whole frame");

    decoded = must_allocate((size_t)stated + 1, 1);
    size = ZSTD_decompress(decoded, (size_t)stated, frame, length);
    if (ZSTD_isError(size) || size != stated)
        return error_set(err, EBADMSG, "zstd: the frame is damaged");
    text_add(out, decoded, size);
    return 0;
}
