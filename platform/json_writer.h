#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/text.h"

/*
 * Writes compact JSON in the order of the calls, so that equal facts give equal bytes. Start with
 * {0}; the text is the caller's (text_clear(&writer.out) or text_take). Nesting at most 32.
 */
struct json_writer {
    struct text out;
    unsigned depth;
    uint32_t filled; /* bit n: the value open at depth n has a member already */
    bool after_name;
};

void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);

/* The name of the next value in an object. */
void json_write_name(struct json_writer *writer, const char *name);

void json_write_text(struct json_writer *writer, const char *value);
void json_write_integer(struct json_writer *writer, int64_t value);
void json_write_bool(struct json_writer *writer, bool value);
void json_write_null(struct json_writer *writer);
/* Bytes that are one JSON value already. */
void json_write_raw(struct json_writer *writer, const char *bytes, size_t length);

/* Name and value in one call. */
void json_add_text(struct json_writer *writer, const char *name, const char *value);
void json_add_text_or_null(struct json_writer *writer, const char *name, const char *value);
void json_add_integer(struct json_writer *writer, const char *name, int64_t value);
void json_add_bool(struct json_writer *writer, const char *name, bool value);
void json_add_null(struct json_writer *writer, const char *name);

/* One string with its quotes. Bytes that are no UTF-8 become U+FFFD; controls are escaped. */
void json_quote(struct text *out, const char *value, size_t length);
