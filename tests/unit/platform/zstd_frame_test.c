#include "platform/zstd_frame.h"

#include <errno.h>
#include <string.h>
#include <zstd.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "tests/support/test.h"

#define LIMIT 65536U

static int decode(const void *frame, size_t length, struct text *out)
{
    struct error err = {0};
    int r = zstd_decode(frame, length, LIMIT, out, &err);

    if (r < 0) {
        assert_int_equal(out->length, 0);
        assert_string_not_equal(err.message, "");
    }
    return r;
}

static void assert_refused(const struct text *frame, int code)
{
    AUTO(text_clear) struct text out = {0};

    assert_int_equal(decode(frame->bytes, frame->length, &out), code);
}

TEST(what_was_encoded_decodes_to_the_same)
{
    static const char *const inputs[] = {"", "a", "the same again and again and again and again"};

    for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
        AUTO(text_clear) struct text frame = {0}, out = {0};

        zstd_encode(inputs[i], strlen(inputs[i]), &frame);
        assert_int_equal(decode(frame.bytes, frame.length, &out), 0);
        assert_string_equal(text_string(&out), inputs[i]);
    }
}

TEST(adds_to_what_is_there)
{
    AUTO(text_clear) struct text frame = {0}, out = {0};

    zstd_encode("two", 3, &frame);
    text_add_string(&out, "one ");
    assert_int_equal(zstd_decode(frame.bytes, frame.length, LIMIT, &out, NULL), 0);
    assert_string_equal(out.bytes, "one two");
}

TEST(decodes_up_to_the_limit_and_no_byte_more)
{
    AUTO_FREE char *zeros = must_allocate(LIMIT + 1, 1);
    AUTO(text_clear) struct text fits = {0}, large = {0}, out = {0};

    zstd_encode(zeros, LIMIT, &fits);
    zstd_encode(zeros, LIMIT + 1, &large);
    assert_int_equal(decode(fits.bytes, fits.length, &out), 0);
    assert_int_equal(out.length, LIMIT);
    assert_refused(&large, -EFBIG);
}

TEST(refuses_a_frame_that_claims_more_than_there_is_memory)
{
    /* A single-segment frame with a content size of 8 bytes, all ones (RFC 8878, 3.1.1.1). */
    static const unsigned char huge[] = {0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0xff, 0xff, 0xff,
                                         0xff, 0xff, 0xff, 0xff, 0x7f, 0x01, 0x00, 0x00};
    AUTO(text_clear) struct text out = {0};

    assert_int_equal(decode(huge, sizeof(huge), &out), -EFBIG);
}

TEST(refuses_every_frame_that_is_cut_off_or_goes_on)
{
    AUTO(text_clear) struct text frame = {0}, twice = {0};
    size_t whole;

    zstd_encode("some text that is long enough to be cut", 39, &frame);
    text_add(&twice, frame.bytes, frame.length);
    text_add(&twice, frame.bytes, frame.length);
    assert_refused(&twice, -EBADMSG);
    whole = frame.length;
    text_add(&frame, "\0", 1);
    assert_refused(&frame, -EBADMSG);
    while (whole-- > 0) {
        text_truncate(&frame, whole);
        assert_refused(&frame, -EBADMSG);
    }
}

TEST(refuses_skippable_frames_alone_and_around)
{
    static const unsigned char skippable[] = {0x50, 0x2a, 0x4d, 0x18, 0x01, 0x00, 0x00, 0x00, 0x61};
    AUTO(text_clear) struct text alone = {0}, before = {0}, after = {0};

    text_add(&alone, skippable, sizeof(skippable));
    text_add(&before, skippable, sizeof(skippable));
    zstd_encode("a", 1, &before);
    zstd_encode("a", 1, &after);
    text_add(&after, skippable, sizeof(skippable));
    assert_refused(&alone, -EBADMSG);
    assert_refused(&before, -EBADMSG);
    assert_refused(&after, -EBADMSG);
}

/* A frame made with one setting changed. */
static void encode_with(ZSTD_CCtx *context, struct text *out)
{
    char frame[256];
    size_t size = ZSTD_compress2(context, frame, sizeof(frame), "text text text", 14);

    assert_false(ZSTD_isError(size));
    text_add(out, frame, size);
    ZSTD_freeCCtx(context);
}

TEST(refuses_a_frame_that_does_not_state_its_size)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    AUTO(text_clear) struct text frame = {0};

    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, 0)));
    encode_with(context, &frame);
    assert_refused(&frame, -EBADMSG);
}

TEST(refuses_a_frame_that_names_a_dictionary)
{
    AUTO(text_clear) struct text frame = {0}, out = {0};
    struct error err = {0};

    /* Flag for a one-byte dictionary id and the id itself, put into a frame without one. */
    zstd_encode("text text text", 14, &frame);
    text_add(&frame, "\0", 1);
    memmove(frame.bytes + 6, frame.bytes + 5, frame.length - 6);
    frame.bytes[4] = (char)(frame.bytes[4] | 1);
    frame.bytes[5] = 42;
    assert_int_equal(ZSTD_getDictID_fromFrame(frame.bytes, frame.length), 42);
    assert_int_equal(zstd_decode(frame.bytes, frame.length, LIMIT, &out, &err), -EBADMSG);
    assert_non_null(strstr(err.message, "dictionary"));
}

TEST(a_damaged_frame_with_checksum_is_refused)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();
    AUTO(text_clear) struct text frame = {0}, out = {0};

    assert_false(ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
    encode_with(context, &frame);
    assert_int_equal(decode(frame.bytes, frame.length, &out), 0);
    frame.bytes[frame.length - 1] = (char)(frame.bytes[frame.length - 1] ^ 1);
    assert_refused(&frame, -EBADMSG);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(what_was_encoded_decodes_to_the_same),
        RUN(adds_to_what_is_there),
        RUN(decodes_up_to_the_limit_and_no_byte_more),
        RUN(refuses_a_frame_that_claims_more_than_there_is_memory),
        RUN(refuses_every_frame_that_is_cut_off_or_goes_on),
        RUN(refuses_skippable_frames_alone_and_around),
        RUN(refuses_a_frame_that_does_not_state_its_size),
        RUN(refuses_a_frame_that_names_a_dictionary),
        RUN(a_damaged_frame_with_checksum_is_refused),
    };

    return RUN_ALL(tests);
}
