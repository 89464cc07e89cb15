#include "platform/json_writer.h"

#include <stdlib.h>
#include <string.h>

#include "platform/utf8.h"

#define MAX_DEPTH 32U

static void before_value(struct json_writer *writer)
{
    uint32_t bit = 1U << (writer->depth % MAX_DEPTH);

    if (writer->after_name) {
        writer->after_name = false;
        return;
    }
    if (writer->depth > 0 && (writer->filled & bit) != 0)
        text_add(&writer->out, ",", 1);
    writer->filled |= bit;
}

static void begin(struct json_writer *writer, const char *bracket)
{
    before_value(writer);
    text_add(&writer->out, bracket, 1);
    if (++writer->depth >= MAX_DEPTH)
        abort(); /* a programmer's mistake: nothing from outside decides our nesting */
    writer->filled &= ~(1U << writer->depth);
}

static void end(struct json_writer *writer, const char *bracket)
{
    writer->depth--;
    text_add(&writer->out, bracket, 1);
}

void json_begin_object(struct json_writer *writer)
{
    begin(writer, "{");
}

void json_end_object(struct json_writer *writer)
{
    end(writer, "}");
}

void json_begin_array(struct json_writer *writer)
{
    begin(writer, "[");
}

void json_end_array(struct json_writer *writer)
{
    end(writer, "]");
}

void json_write_name(struct json_writer *writer, const char *name)
{
    before_value(writer);
    json_quote(&writer->out, name, strlen(name));
    text_add(&writer->out, ":", 1);
    writer->after_name = true;
}

void json_write_text(struct json_writer *writer, const char *value)
{
    before_value(writer);
    json_quote(&writer->out, value, strlen(value));
}

void json_write_integer(struct json_writer *writer, int64_t value)
{
    before_value(writer);
    text_add_format(&writer->out, "%lld", (long long)value);
}

void json_write_bool(struct json_writer *writer, bool value)
{
    before_value(writer);
    text_add_string(&writer->out, value ? "true" : "false");
}

void json_write_null(struct json_writer *writer)
{
    before_value(writer);
    text_add_string(&writer->out, "null");
}

void json_write_raw(struct json_writer *writer, const char *bytes, size_t length)
{
    before_value(writer);
    text_add(&writer->out, bytes, length);
}

void json_add_text(struct json_writer *writer, const char *name, const char *value)
{
    json_write_name(writer, name);
    json_write_text(writer, value);
}

void json_add_text_or_null(struct json_writer *writer, const char *name, const char *value)
{
    json_write_name(writer, name);
    if (value == NULL)
        json_write_null(writer);
    else
        json_write_text(writer, value);
}

void json_add_integer(struct json_writer *writer, const char *name, int64_t value)
{
    json_write_name(writer, name);
    json_write_integer(writer, value);
}

void json_add_bool(struct json_writer *writer, const char *name, bool value)
{
    json_write_name(writer, name);
    json_write_bool(writer, value);
}

void json_add_null(struct json_writer *writer, const char *name)
{
    json_write_name(writer, name);
    json_write_null(writer);
}

static void quote_control(struct text *out, unsigned char control)
{
    switch (control) {
    case '\n':
        text_add(out, "\\n", 2);
        break;
    case '\r':
        text_add(out, "\\r", 2);
        break;
    case '\t':
        text_add(out, "\\t", 2);
        break;
    default:
        text_add_format(out, "\\u%04x", (unsigned)control);
        break;
    }
}

/* How many bytes stand for themselves: ASCII but quotes, backslashes and controls. */
static size_t plain_run(const char *value, size_t length)
{
    size_t i = 0;

    while (i < length && value[i] >= 0x20 && value[i] < 0x7f && value[i] != '"' && value[i] != '\\')
        i++;
    return i;
}

void json_quote(struct text *out, const char *value, size_t length)
{
    text_add(out, "\"", 1);
    for (size_t i = 0; i < length;) {
        size_t run = plain_run(value + i, length - i);

        if (run > 0) {
            text_add(out, value + i, run);
            i += run;
            continue;
        }
        size_t size = utf8_sequence(value + i, length - i);
        unsigned char first = (unsigned char)value[i];

        if (size == 0) {
            text_add(out, "\xef\xbf\xbd", 3);
            size = 1;
        } else if (first == '"' || first == '\\') {
            text_add(out, "\\", 1);
            text_add(out, value + i, 1);
        } else if (first < 0x20 || first == 0x7f) {
            quote_control(out, first);
        } else if (size == 2 && first == 0xc2 && (unsigned char)value[i + 1] < 0xa0) {
            quote_control(out, (unsigned char)value[i + 1]); /* U+0080 to U+009F */
        } else {
            text_add(out, value + i, size);
        }
        i += size;
    }
    text_add(out, "\"", 1);
}
