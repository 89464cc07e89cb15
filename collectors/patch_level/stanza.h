#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "platform/error.h"

struct stream;
struct text;

/*
 * The control file format of Debian (deb822(5)): stanzas of "Field: value" lines, parted by empty
 * lines. One stanza is held at a time, whatever the size of the file.
 */
#define STANZA_MAX_SIZE (1024U * 1024U)

/* A run of characters inside someone else's buffer. */
struct span {
    const char *start;
    size_t length;
};

bool span_is(struct span span, const char *text);

/* The next word of span, between white space, taken off its front. False when there is none. */
bool span_next_word(struct span *span, struct span *ret_word);

struct stanza_reader;

/* The stream stays the caller's. */
struct stanza_reader *stanza_reader_new(struct stream *stream);
void stanza_reader_free(struct stanza_reader *reader);
void auto_stanza_reader_free(struct stanza_reader **reader);

/*
 * 1 with a stanza that lives until the next call, 0 at the end, -EFBIG for a stanza above
 * STANZA_MAX_SIZE, or what stream_read() said.
 */
int stanza_next(struct stanza_reader *reader, struct span *ret_stanza, struct error *err);

/* How many bytes came out of the stream so far. */
size_t stanza_reader_total(const struct stanza_reader *reader);

/* The next stanza of a text in memory, taken off its front. False when there is none. */
bool stanza_take(struct span *text, struct span *ret_stanza);

/* The value on the line of that field, without the space around it. Names know no upper case. */
bool stanza_field(struct span stanza, const char *name, struct span *ret_value);

/* Adds the value with its continuation lines, each on a line of its own. */
bool stanza_field_lines(struct span stanza, const char *name, struct text *out);
