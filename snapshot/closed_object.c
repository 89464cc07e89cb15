#include "snapshot/closed_object.h"

#include <errno.h>
#include <string.h>

#include "platform/clock.h"
#include "platform/encoding.h"
#include "platform/number.h"

static bool is_word(struct json_bytes value, const char *word)
{
    return value.length == strlen(word) && memcmp(value.start, word, value.length) == 0;
}

static bool is_null(struct json_bytes value)
{
    return is_word(value, "null");
}

bool plain_text(struct json_bytes value, struct json_bytes *ret_text)
{
    if (value.length < 2 || value.start[0] != '"' ||
        memchr(value.start, '\\', value.length) != NULL)
        return false;
    *ret_text = (struct json_bytes){.start = value.start + 1, .length = value.length - 2};
    return true;
}

struct closed_object closed_begin(struct json_bytes object, const char *what, struct error *err)
{
    struct closed_object begun = {.bytes = object, .what = what, .err = err};

    if (object.length == 0 || object.start[0] != '{')
        begun.result = error_set(err, EBADMSG, "%s: not an object", what);
    return begun;
}

int closed_end(struct closed_object *object)
{
    struct json_bytes name, value;

    if (object->result == 0 && json_each_member(object->bytes, &object->position, &name, &value))
        object->result =
            error_set(object->err, EBADMSG, "%s: unknown member \"%.*s\"", object->what,
                      name.length < 60 ? (int)name.length : 60, name.start);
    return object->result;
}

void closed_refuse(struct closed_object *object, const char *name)
{
    if (object->result == 0)
        object->result = error_set(object->err, EBADMSG, "%s: \"%s\" is not what it must be",
                                   object->what, name);
}

struct json_bytes closed_value(struct closed_object *object, const char *name)
{
    struct json_bytes found, value = {0};

    if (object->result < 0)
        return value;
    if (json_each_member(object->bytes, &object->position, &found, &value) && is_word(found, name))
        return value;
    object->result =
        error_set(object->err, EBADMSG, "%s: no \"%s\" where it belongs", object->what, name);
    return (struct json_bytes){0};
}

uint64_t closed_number(struct closed_object *object, const char *name, uint64_t minimum,
                       uint64_t maximum)
{
    struct json_bytes value = closed_value(object, name);
    uint64_t number = 0;

    if (!number_parse(value.start, value.length, maximum, &number) || number < minimum)
        closed_refuse(object, name);
    return number;
}

bool closed_bool(struct closed_object *object, const char *name)
{
    struct json_bytes value = closed_value(object, name);
    bool yes = is_word(value, "true");

    if (!yes && !is_word(value, "false"))
        closed_refuse(object, name);
    return yes;
}

int64_t closed_time(struct closed_object *object, const char *name)
{
    struct json_bytes text;
    int64_t seconds = 0;

    if (!plain_text(closed_value(object, name), &text) ||
        !clock_from_text(text.start, text.length, &seconds))
        closed_refuse(object, name);
    return seconds;
}

static void read_digest(struct closed_object *object, const char *name, struct json_bytes value,
                        struct digest *ret_digest)
{
    struct json_bytes text;

    if (!plain_text(value, &text) ||
        !hex_decode(text.start, text.length, ret_digest->bytes, DIGEST_SIZE))
        closed_refuse(object, name);
}

void closed_digest(struct closed_object *object, const char *name, struct digest *ret_digest)
{
    read_digest(object, name, closed_value(object, name), ret_digest);
}

bool closed_digest_or_null(struct closed_object *object, const char *name,
                           struct digest *ret_digest)
{
    struct json_bytes value = closed_value(object, name);

    if (is_null(value))
        return false;
    read_digest(object, name, value, ret_digest);
    return true;
}

static void read_text(struct closed_object *object, const char *name, struct json_bytes value,
                      text_form *form, char *ret_text, size_t size)
{
    struct json_bytes text;

    ret_text[0] = '\0';
    if (!plain_text(value, &text) || text.length >= size || !form(text.start, text.length)) {
        closed_refuse(object, name);
        return;
    }
    memcpy(ret_text, text.start, text.length);
    ret_text[text.length] = '\0';
}

void closed_text(struct closed_object *object, const char *name, text_form *form, char *ret_text,
                 size_t size)
{
    read_text(object, name, closed_value(object, name), form, ret_text, size);
}

void closed_text_or_null(struct closed_object *object, const char *name, text_form *form,
                         char *ret_text, size_t size)
{
    struct json_bytes value = closed_value(object, name);

    ret_text[0] = '\0';
    if (!is_null(value))
        read_text(object, name, value, form, ret_text, size);
}

size_t closed_choice(struct closed_object *object, const char *name, const char *const *choices)
{
    struct json_bytes text;

    if (plain_text(closed_value(object, name), &text))
        for (size_t i = 0; choices[i] != NULL; i++)
            if (is_word(text, choices[i]))
                return i;
    closed_refuse(object, name);
    return 0;
}

struct json_bytes closed_inner(struct closed_object *object, const char *name)
{
    struct json_bytes value = closed_value(object, name);

    if (value.length > 0 && value.start[0] == '{')
        return value;
    closed_refuse(object, name);
    return (struct json_bytes){0};
}
