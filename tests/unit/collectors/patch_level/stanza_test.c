#include "collectors/patch_level/stanza.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/decompress.h"
#include "platform/text.h"
#include "tests/support/test.h"

static struct stream *stream_of(const struct text *text)
{
    struct stream *stream = NULL;
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_int_equal(write(fd, text_string(text), text->length), text->length);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(stream_open(fd, 1U << 30U, &stream, NULL), 0);
    return stream;
}

static struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

static void assert_span(struct span span, const char *expected)
{
    AUTO(text_clear) struct text text = {0};

    text_add(&text, span.start, span.length);
    assert_string_equal(text_string(&text), expected);
}

TEST(gives_stanzas_one_by_one)
{
    AUTO(text_clear) struct text text = {0};
    AUTO(auto_stream_close) struct stream *stream = NULL;
    AUTO(auto_stanza_reader_free) struct stanza_reader *reader = NULL;
    struct span stanza;

    text_add_string(&text, "\n\nA: 1\nB: 2\n\n\n\nA: 3\n\nA: 4");
    stream = stream_of(&text);
    reader = stanza_reader_new(stream);
    assert_int_equal(stanza_next(reader, &stanza, NULL), 1);
    assert_span(stanza, "A: 1\nB: 2\n");
    assert_int_equal(stanza_next(reader, &stanza, NULL), 1);
    assert_span(stanza, "A: 3\n");
    assert_int_equal(stanza_next(reader, &stanza, NULL), 1);
    assert_span(stanza, "A: 4");
    assert_int_equal(stanza_next(reader, &stanza, NULL), 0);
    assert_int_equal(stanza_reader_total(reader), text.length);
}

TEST(gives_stanzas_across_the_edges_of_its_buffer)
{
    AUTO(text_clear) struct text text = {0};
    AUTO(auto_stream_close) struct stream *stream = NULL;
    AUTO(auto_stanza_reader_free) struct stanza_reader *reader = NULL;
    struct span stanza, value;

    for (int i = 0; i < 20000; i++)
        text_add_format(&text, "Package: p%d\nFiller: %.*s\n\n", i, i % 40,
                        "........................................");
    stream = stream_of(&text);
    reader = stanza_reader_new(stream);
    for (int i = 0; i < 20000; i++) {
        AUTO(text_clear) struct text name = {0};

        text_add_format(&name, "p%d", i);
        assert_int_equal(stanza_next(reader, &stanza, NULL), 1);
        assert_true(stanza_field(stanza, "package", &value));
        assert_span(value, text_string(&name));
    }
    assert_int_equal(stanza_next(reader, &stanza, NULL), 0);
}

TEST(refuses_a_stanza_without_end)
{
    AUTO(text_clear) struct text text = {0};
    AUTO(auto_stream_close) struct stream *stream = NULL;
    AUTO(auto_stanza_reader_free) struct stanza_reader *reader = NULL;
    struct span stanza;

    while (text.length <= STANZA_MAX_SIZE)
        text_add_string(&text, "Field: a value that goes on and on\n");
    stream = stream_of(&text);
    reader = stanza_reader_new(stream);
    assert_int_equal(stanza_next(reader, &stanza, NULL), -EFBIG);
}

TEST(finds_fields_by_their_whole_name)
{
    struct span stanza = span_of("Version-X: 0\nVERSION:  1.0 \nText: a\n b\n\tc\nEmpty:\nLast: z");
    AUTO(text_clear) struct text lines = {0};
    struct span value;

    assert_true(stanza_field(stanza, "Version", &value));
    assert_span(value, "1.0");
    assert_true(stanza_field(stanza, "Empty", &value));
    assert_span(value, "");
    assert_true(stanza_field(stanza, "Last", &value));
    assert_span(value, "z");
    assert_false(stanza_field(stanza, "b", &value));
    assert_false(stanza_field(stanza, "Lasting", &value));
    assert_true(stanza_field_lines(stanza, "Text", &lines));
    assert_string_equal(text_string(&lines), "a\nb\nc\n");
}

TEST(takes_stanzas_off_a_text)
{
    struct span text = span_of("\nA: 1\n\nB: 2\n"), stanza;

    assert_true(stanza_take(&text, &stanza));
    assert_span(stanza, "A: 1\n");
    assert_true(stanza_take(&text, &stanza));
    assert_span(stanza, "B: 2\n");
    assert_false(stanza_take(&text, &stanza));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(gives_stanzas_one_by_one),     RUN(gives_stanzas_across_the_edges_of_its_buffer),
        RUN(refuses_a_stanza_without_end), RUN(finds_fields_by_their_whole_name),
        RUN(takes_stanzas_off_a_text),
    };

    return RUN_ALL(tests);
}
