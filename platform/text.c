#include "platform/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/memory.h"

static void reserve(struct text *text, size_t more)
{
    size_t wanted = text->length + more + 1;
    size_t capacity = text->capacity < 64 ? 64 : text->capacity;

    if (wanted <= text->capacity)
        return;
    while (capacity < wanted)
        capacity *= 2;
    text->bytes = must_grow(text->bytes, capacity, 1);
    text->capacity = capacity;
}

void text_clear(struct text *text)
{
    free(text->bytes);
    *text = (struct text){0};
}

void text_add(struct text *text, const void *bytes, size_t length)
{
    reserve(text, length);
    if (length > 0)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_add_string(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void text_add_formatted(struct text *text, const char *format, va_list arguments)
{
    va_list again;
    int length;

    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (length < 0)
        abort(); /* only a broken format string can do this */

    reserve(text, (size_t)length);
    (void)vsnprintf(text->bytes + text->length, (size_t)length + 1, format, arguments);
    text->length += (size_t)length;
}

void text_add_format(struct text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    text_add_formatted(text, format, arguments);
    va_end(arguments);
}

void text_truncate(struct text *text, size_t length)
{
    if (length >= text->length)
        return;
    text->length = length;
    text->bytes[length] = '\0';
}

char *text_take(struct text *text)
{
    char *bytes;

    reserve(text, 0);
    bytes = text->bytes;
    bytes[text->length] = '\0';
    *text = (struct text){0};
    return bytes;
}

const char *text_string(const struct text *text)
{
    return text->bytes == NULL ? "" : text->bytes;
}
