#include "collectors/patch_level/stanza.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "platform/decompress.h"
#include "platform/memory.h"
#include "platform/text.h"

#define READ_SIZE 65536U

struct stanza_reader {
    struct stream *stream;
    char *buffer;
    size_t capacity;
    size_t start; /* of what was not given out yet */
    size_t end;
    size_t total;
    bool ended;
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

bool span_is(struct span span, const char *text)
{
    return strlen(text) == span.length && memcmp(span.start, text, span.length) == 0;
}

bool span_next_word(struct span *span, struct span *ret_word)
{
    const char *at = span->start, *end = span->start + span->length;
    const char *start;

    while (at < end && is_space(*at))
        at++;
    start = at;
    while (at < end && !is_space(*at))
        at++;
    *span = (struct span){at, (size_t)(end - at)};
    *ret_word = (struct span){start, (size_t)(at - start)};
    return at > start;
}

struct stanza_reader *stanza_reader_new(struct stream *stream)
{
    struct stanza_reader *reader = must_allocate(1, sizeof(*reader));

    reader->stream = stream;
    reader->capacity = READ_SIZE;
    reader->buffer = must_allocate(reader->capacity, 1);
    return reader;
}

void stanza_reader_free(struct stanza_reader *reader)
{
    if (reader == NULL)
        return;
    free(reader->buffer);
    free(reader);
}

void auto_stanza_reader_free(struct stanza_reader **reader)
{
    stanza_reader_free(*reader);
}

/* Where the line at start ends: at its LF, or at the end. */
static const char *line_end(const char *start, const char *end)
{
    const char *newline = memchr(start, '\n', (size_t)(end - start));

    return newline == NULL ? end : newline;
}

/* The empty line that ends the stanza at start; NULL when there is none before end. */
static const char *find_empty_line(const char *start, const char *end)
{
    for (const char *at = line_end(start, end); at < end; at = line_end(at + 1, end))
        if (at + 1 < end && at[1] == '\n')
            return at + 1;
    return NULL;
}

bool stanza_take(struct span *text, struct span *ret_stanza)
{
    const char *start = text->start, *end = text->start + text->length;
    const char *empty;

    while (start < end && *start == '\n')
        start++;
    empty = start < end ? find_empty_line(start, end) : NULL;
    if (empty == NULL)
        empty = end;
    *text = (struct span){empty, (size_t)(end - empty)};
    *ret_stanza = (struct span){start, (size_t)(empty - start)};
    return empty > start;
}

static int fill(struct stanza_reader *reader, struct error *err)
{
    long n;

    memmove(reader->buffer, reader->buffer + reader->start, reader->end - reader->start);
    reader->end -= reader->start;
    reader->start = 0;
    if (reader->end == reader->capacity) {
        if (reader->capacity >= STANZA_MAX_SIZE)
            return error_set(err, EFBIG, "a stanza is larger than %u bytes", STANZA_MAX_SIZE);
        reader->capacity *= 2;
        reader->buffer = must_grow(reader->buffer, reader->capacity, 1);
    }
    n = stream_read(reader->stream, reader->buffer + reader->end, reader->capacity - reader->end,
                    err);
    if (n < 0)
        return (int)n;
    reader->ended = n == 0;
    reader->end += (size_t)n;
    reader->total += (size_t)n;
    return 0;
}

/* Hands out what lies before stop: 1, or 0 when that is nothing. */
static int give_out(struct stanza_reader *reader, const char *stop, struct span *ret_stanza)
{
    const char *start = reader->buffer + reader->start;

    *ret_stanza = (struct span){start, (size_t)(stop - start)};
    reader->start += ret_stanza->length;
    return ret_stanza->length > 0 ? 1 : 0;
}

int stanza_next(struct stanza_reader *reader, struct span *ret_stanza, struct error *err)
{
    for (;;) {
        const char *end = reader->buffer + reader->end;
        const char *empty;
        int r;

        while (reader->start < reader->end && reader->buffer[reader->start] == '\n')
            reader->start++;
        empty = find_empty_line(reader->buffer + reader->start, end);
        if (empty != NULL || reader->ended)
            return give_out(reader, empty != NULL ? empty : end, ret_stanza);
        r = fill(reader, err);
        if (r < 0)
            return r;
    }
}

size_t stanza_reader_total(const struct stanza_reader *reader)
{
    return reader->total;
}

static struct span trimmed(const char *start, const char *end)
{
    while (start < end && is_space(*start))
        start++;
    while (end > start && is_space(end[-1]))
        end--;
    return (struct span){start, (size_t)(end - start)};
}

/* The line of that field after its colon; NULL when the stanza has none. */
static const char *find_field(struct span stanza, const char *name)
{
    size_t length = strlen(name);
    const char *end = stanza.start + stanza.length;

    for (const char *line = stanza.start; line < end; line = line_end(line, end) + 1)
        if ((size_t)(end - line) > length && line[length] == ':' &&
            strncasecmp(line, name, length) == 0)
            return line + length + 1;
    return NULL;
}

bool stanza_field(struct span stanza, const char *name, struct span *ret_value)
{
    const char *end = stanza.start + stanza.length;
    const char *value = find_field(stanza, name);

    if (value == NULL)
        return false;
    *ret_value = trimmed(value, line_end(value, end));
    return true;
}

bool stanza_field_lines(struct span stanza, const char *name, struct text *out)
{
    const char *end = stanza.start + stanza.length;
    const char *line = find_field(stanza, name);

    if (line == NULL)
        return false;
    do {
        const char *stop = line_end(line, end);
        struct span value = trimmed(line, stop);

        text_add(out, value.start, value.length);
        text_add(out, "\n", 1);
        line = stop + 1;
    } while (line < end && (*line == ' ' || *line == '\t'));
    return true;
}
