#include "tests/support/compress.h"

#include <lz4frame.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "tests/support/test.h"

const char *compression_ending(enum compression compression)
{
    static const char *const endings[] = {"", ".gz", ".xz", ".lz4", ".zst"};

    return endings[compression];
}

static size_t gzip(const void *bytes, size_t length, void *out, size_t capacity)
{
    AUTO_FREE void *copy = must_allocate(length + 1, 1);
    z_stream stream = {0};

    memcpy(copy, bytes, length);
    assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = copy;
    stream.avail_in = (uInt)length;
    stream.next_out = out;
    stream.avail_out = (uInt)capacity;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    capacity -= stream.avail_out;
    (void)deflateEnd(&stream);
    return capacity;
}

static size_t xz(const void *bytes, size_t length, void *out, size_t capacity)
{
    size_t written = 0;

    assert_int_equal(
        lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, bytes, length, out, &written, capacity),
        LZMA_OK);
    return written;
}

void compress_bytes(enum compression compression, const void *bytes, size_t length,
                    struct text *out)
{
    size_t capacity = length * 2 + 65536, written = 0;
    AUTO_FREE void *buffer = must_allocate(capacity, 1);

    switch (compression) {
    case COMPRESSION_GZIP:
        written = gzip(bytes, length, buffer, capacity);
        break;
    case COMPRESSION_XZ:
        written = xz(bytes, length, buffer, capacity);
        break;
    case COMPRESSION_LZ4:
        written = LZ4F_compressFrame(buffer, capacity, bytes, length, NULL);
        assert_false(LZ4F_isError(written));
        break;
    case COMPRESSION_ZSTD:
        written = ZSTD_compress(buffer, capacity, bytes, length, 3);
        assert_false(ZSTD_isError(written));
        break;
    default:
        text_add(out, bytes, length);
        return;
    }
    text_add(out, buffer, written);
}
