#include "platform/decompress.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "tests/support/compress.h"
#include "tests/support/test.h"

#define NO_LIMIT (16U << 20U)

static int file_with(const void *bytes, size_t length)
{
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, length), length);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* Reads all of it in pieces of this size; 0 or what failed. */
static int read_all(const struct text *file, size_t piece, size_t limit, struct text *out)
{
    AUTO(auto_stream_close) struct stream *stream = NULL;
    AUTO_FREE char *buffer = must_allocate(piece, 1);
    struct error err = {0};
    int r = stream_open(file_with(text_string(file), file->length), limit, &stream, &err);
    long n;

    if (r < 0)
        return r;
    while ((n = stream_read(stream, buffer, piece, &err)) > 0)
        text_add(out, buffer, (size_t)n);
    return (int)n;
}

/* Larger than every buffer on the way, and hard to compress in places. */
static void fill(struct text *text)
{
    uint32_t state = 1;

    for (int i = 0; i < 60000; i++) {
        state = state * 1664525U + 1013904223U;
        text_add_format(text, "line %d of the sample %u\n", i, i % 7 == 0 ? state : 0);
    }
}

TEST(gives_back_what_was_compressed)
{
    AUTO(text_clear) struct text plain = {0};
    static const size_t pieces[] = {1, 4096, 1U << 20U};

    fill(&plain);
    for (int kind = 0; kind < COMPRESSION_COUNT; kind++) {
        AUTO(text_clear) struct text file = {0};

        compress_bytes((enum compression)kind, plain.bytes, plain.length, &file);
        for (size_t i = 0; i < 3; i++) {
            AUTO(text_clear) struct text out = {0};

            assert_int_equal(read_all(&file, pieces[i], NO_LIMIT, &out), 0);
            assert_int_equal(out.length, plain.length);
            assert_memory_equal(out.bytes, plain.bytes, plain.length);
        }
    }
}

TEST(reads_frames_that_follow_each_other)
{
    for (int kind = COMPRESSION_GZIP; kind < COMPRESSION_COUNT; kind++) {
        AUTO(text_clear) struct text file = {0}, out = {0};

        compress_bytes((enum compression)kind, "one ", 4, &file);
        compress_bytes((enum compression)kind, "", 0, &file);
        compress_bytes((enum compression)kind, "two", 3, &file);
        assert_int_equal(read_all(&file, 2, NO_LIMIT, &out), 0);
        assert_string_equal(text_string(&out), "one two");
    }
}

static void assert_cuts_are_noticed(enum compression kind)
{
    AUTO(text_clear) struct text file = {0};

    compress_bytes(kind, "Package: libc6\nVersion: 2.36-9\n", 31, &file);
    for (size_t length = file.length - 1; length > 8; length--) {
        AUTO(text_clear) struct text out = {0};

        text_truncate(&file, length);
        if (read_all(&file, 4096, NO_LIMIT, &out) != -EBADMSG)
            fail_msg("%s cut to %zu bytes passed", compression_ending(kind), length);
    }
}

TEST(notices_every_cut)
{
    for (int kind = COMPRESSION_GZIP; kind < COMPRESSION_COUNT; kind++)
        assert_cuts_are_noticed((enum compression)kind);
}

TEST(refuses_what_follows_the_last_frame)
{
    for (int kind = COMPRESSION_GZIP; kind < COMPRESSION_COUNT; kind++) {
        AUTO(text_clear) struct text file = {0}, out = {0};

        compress_bytes((enum compression)kind, "text", 4, &file);
        text_add_string(&file, "something else");
        assert_int_equal(read_all(&file, 4096, NO_LIMIT, &out), -EBADMSG);
    }
}

TEST(notices_damage)
{
    AUTO(text_clear) struct text plain = {0};

    fill(&plain);
    for (int kind = COMPRESSION_GZIP; kind < COMPRESSION_COUNT; kind++) {
        AUTO(text_clear) struct text file = {0}, out = {0};

        compress_bytes((enum compression)kind, plain.bytes, plain.length, &file);
        for (size_t i = file.length / 2; i < file.length / 2 + 64; i++)
            file.bytes[i] = (char)(file.bytes[i] ^ 0x55);
        if (read_all(&file, 65536, NO_LIMIT, &out) == 0 && out.length == plain.length)
            assert_memory_not_equal(out.bytes, plain.bytes, plain.length);
    }
}

TEST(stops_at_the_limit)
{
    for (int kind = 0; kind < COMPRESSION_COUNT; kind++) {
        AUTO(text_clear) struct text file = {0}, out = {0};

        compress_bytes((enum compression)kind, "0123456789", 10, &file);
        assert_int_equal(read_all(&file, 4, 9, &out), -EFBIG);
        assert_int_equal(read_all(&file, 4, 10, &out), 0);
    }
}

TEST(reads_an_empty_file_as_nothing)
{
    AUTO(text_clear) struct text file = {0}, out = {0};

    assert_int_equal(read_all(&file, 16, NO_LIMIT, &out), 0);
    assert_int_equal(out.length, 0);
}

TEST(says_that_bzip2_is_not_supported)
{
    AUTO(text_clear) struct text file = {0}, out = {0};

    text_add_string(&file, "BZh91AY&SY");
    assert_int_equal(read_all(&file, 16, NO_LIMIT, &out), -EOPNOTSUPP);
}

/* A frame whose header asks for a window of 128 MiB (RFC 8878, 3.1.1.1.2). */
TEST(refuses_a_window_that_is_too_large)
{
    AUTO(text_clear) struct text file = {0}, out = {0};

    text_add(&file, "\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00", 9);
    assert_int_equal(read_all(&file, 16, NO_LIMIT, &out), -EFBIG);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(gives_back_what_was_compressed),
        RUN(reads_frames_that_follow_each_other),
        RUN(notices_every_cut),
        RUN(refuses_what_follows_the_last_frame),
        RUN(notices_damage),
        RUN(stops_at_the_limit),
        RUN(reads_an_empty_file_as_nothing),
        RUN(says_that_bzip2_is_not_supported),
        RUN(refuses_a_window_that_is_too_large),
    };

    return RUN_ALL(tests);
}
