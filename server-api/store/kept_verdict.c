#include "server-api/store/kept_verdict.h"

#include <string.h>

#define DIGITS_MAX 18 /* of a number that surely fits */

bool kept_field_is(const struct kept_field *field, const char *text)
{
    size_t length = strlen(text);

    return field->length == length && memcmp(field->bytes, text, length) == 0;
}

static void add_field(const struct kept_field *field, struct text *out)
{
    text_add(out, field->bytes, field->length);
    text_add(out, "\t", 1);
}

void kept_verdict_add(const struct kept_verdict *verdict, struct text *out)
{
    add_field(&verdict->check, out);
    add_field(&verdict->state, out);
    add_field(&verdict->reason, out);
    add_field(&verdict->fact, out);
    text_add_format(out, "%lld\t%lld\n", (long long)verdict->since,
                    (long long)verdict->valid_until);
}

/* The bytes up to the mark, behind which line then begins. */
static bool take_field(struct kept_field *line, char mark, struct kept_field *ret_field)
{
    const char *end = line->length == 0 ? NULL : memchr(line->bytes, mark, line->length);

    if (end == NULL)
        return false;
    *ret_field = (struct kept_field){line->bytes, (size_t)(end - line->bytes)};
    line->length -= ret_field->length + 1;
    line->bytes = end + 1;
    return true;
}

static bool take_number(struct kept_field *line, char mark, int64_t *ret_number)
{
    const char *end = line->bytes + line->length;
    bool negative = line->length > 0 && line->bytes[0] == '-';
    const char *start = line->bytes + negative, *at = start;
    int64_t number = 0;

    for (; at < end && *at >= '0' && *at <= '9'; at++) {
        if (at - line->bytes >= DIGITS_MAX)
            return false;
        number = number * 10 + (*at - '0');
    }
    if (at == start || at == end || *at != mark)
        return false;
    *line = (struct kept_field){at + 1, (size_t)(end - at - 1)};
    *ret_number = negative ? -number : number;
    return true;
}

static bool take_times(struct kept_field *line, int64_t *ret_since, int64_t *ret_valid_until)
{
    return take_number(line, '\t', ret_since) && take_number(line, '\n', ret_valid_until);
}

bool kept_verdict_times(const struct kept_field *text, size_t *at, int64_t *ret_since,
                        int64_t *ret_valid_until)
{
    struct kept_field rest = {text->bytes + *at, text->length - *at};

    if (!take_times(&rest, ret_since, ret_valid_until))
        return false;
    *at = text->length - rest.length;
    return true;
}

static bool read_line(struct kept_field line, struct kept_verdict *ret_verdict)
{
    return take_field(&line, '\t', &ret_verdict->check) &&
           take_field(&line, '\t', &ret_verdict->state) &&
           take_field(&line, '\t', &ret_verdict->reason) &&
           take_field(&line, '\t', &ret_verdict->fact) &&
           take_times(&line, &ret_verdict->since, &ret_verdict->valid_until);
}

bool kept_verdict_next(const struct kept_field *text, size_t *at, struct kept_verdict *ret_verdict)
{
    while (*at < text->length) {
        struct kept_field rest = {text->bytes + *at, text->length - *at};
        struct kept_field line;
        bool ended = take_field(&rest, '\n', &line);

        if (!ended)
            return false;
        *at += line.length + 1;
        line.length++; /* with its end */
        if (read_line(line, ret_verdict))
            return true;
    }
    return false;
}

bool kept_verdict_find(const struct kept_field *text, const char *check,
                       struct kept_verdict *ret_verdict)
{
    size_t at = 0;

    while (kept_verdict_next(text, &at, ret_verdict))
        if (kept_field_is(&ret_verdict->check, check))
            return true;
    return false;
}
