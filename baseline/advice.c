#include "baseline/advice.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "baseline/document.h"
#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/memory.h"
#include "platform/text.h"

#define SENTENCES_MAX 400U
#define TIME_MAX      40U
#define STEPS_MAX     16U

static char *copy(const char *text)
{
    return must_copy_text(text, strlen(text));
}

static int read_steps(const struct json *list, char **ret_steps, struct error *err)
{
    AUTO(text_clear) struct text steps = {0};

    if (!json_is(list, JSON_ARRAY) || json_count(list) == 0 || json_count(list) > STEPS_MAX)
        return error_set(err, EINVAL, "\"steps\" must be a list of 1 to %u lines", STEPS_MAX);
    for (const struct json *item = json_first(list); item != NULL; item = json_next(item)) {
        const char *line = json_text(item);

        if (line == NULL || strpbrk(line, "\n\r\t\033") != NULL)
            return error_set(err, EINVAL, "\"steps\" may only hold texts of one line");
        text_add_format(&steps, "%s%s", steps.length == 0 ? "" : "\n", line);
    }
    *ret_steps = text_take(&steps);
    return 0;
}

static int read_text(const struct json *document, const char *name, size_t max_length,
                     char **ret_text, struct error *err)
{
    const char *text = "";
    int r = document_text(document, name, max_length, &text, err);

    if (r == 0)
        *ret_text = copy(text);
    return r;
}

static int read_entry(const struct json *document, struct advice_entry *entry, struct error *err)
{
    static const char *const members[] = {"wrong", "why", "steps", "time", "needs_volunteer", NULL};
    int r = document_members(document, members, err);

    if (r == 0)
        r = read_text(document, "wrong", SENTENCES_MAX, &entry->wrong, err);
    if (r == 0)
        r = read_text(document, "why", SENTENCES_MAX, &entry->why, err);
    if (r == 0)
        r = read_text(document, "time", TIME_MAX, &entry->time, err);
    if (r == 0)
        r = read_steps(json_member(document, "steps"), &entry->steps, err);
    if (r < 0)
        return r;
    entry->advice = (struct advice){
        .wrong = entry->wrong, .why = entry->why, .steps = entry->steps, .time = entry->time};
    if (!json_bool(json_member(document, "needs_volunteer"), &entry->advice.needs_volunteer))
        return error_set(err, EINVAL, "\"needs_volunteer\" must be true or false");
    return 0;
}

static int read_book(const struct json *document, struct advice_book *book, struct error *err)
{
    size_t count = json_count(document);

    if (!json_is(document, JSON_OBJECT) || count == 0)
        return error_set(err, EINVAL, "must be an object of advice by key");
    book->entries = must_allocate(count, sizeof(*book->entries));
    for (const struct json *item = json_first(document); item != NULL; item = json_next(item)) {
        struct advice_entry *entry = &book->entries[book->count++];
        int r;

        entry->key = copy(json_name(item));
        r = read_entry(item, entry, err);
        if (r < 0)
            return error_wrap(err, r, entry->key);
    }
    return 0;
}

int advice_read(const char *document, struct advice_book *ret_book, struct error *err)
{
    AUTO(auto_json_free) struct json *tree = NULL;
    int r = json_parse(document, strlen(document), &json_default_limits, &tree, err);

    *ret_book = (struct advice_book){0};
    if (r == 0)
        r = read_book(tree, ret_book, err);
    return error_wrap(err, r, "advice");
}

void advice_clear(struct advice_book *book)
{
    for (size_t i = 0; i < book->count; i++) {
        struct advice_entry *entry = &book->entries[i];

        free(entry->key);
        free(entry->wrong);
        free(entry->why);
        free(entry->steps);
        free(entry->time);
    }
    free(book->entries);
    *book = (struct advice_book){0};
}

const struct advice *advice_find(const struct advice_book *book, const char *key)
{
    for (size_t i = 0; i < book->count; i++)
        if (strcmp(book->entries[i].key, key) == 0)
            return &book->entries[i].advice;
    return NULL;
}
