#pragma once

#include <stdarg.h>
#include <stddef.h>

#include "platform/attributes.h"

/*
 * A growing run of bytes that it owns, always followed by a NUL that length does not count.
 * Start with {0}; end with text_clear(). It never limits itself: callers bound what they add.
 */
struct text {
    char *bytes; /* NULL while nothing was added */
    size_t length;
    size_t capacity;
};

void text_clear(struct text *text);

void text_add(struct text *text, const void *bytes, size_t length);
void text_add_string(struct text *text, const char *string);
void text_add_format(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);
void text_add_formatted(struct text *text, const char *format, va_list arguments) PRINTF_LIKE(2, 0);

/* Shortens to length, which is at most the present one. */
void text_truncate(struct text *text, size_t length);

/* The bytes as a string that the caller frees; the text is empty after it. Never NULL. */
char *text_take(struct text *text);

/* The bytes as a string that lives until the next change. Never NULL. */
const char *text_string(const struct text *text);
