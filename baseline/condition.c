#include "baseline/condition.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "baseline/document.h"
#include "platform/json.h"
#include "platform/memory.h"

#define DAYS_MAX 3650

static int read_at(const struct json *document, unsigned depth, struct condition *ret_condition,
                   struct error *err);

static int read_pointer(const struct json *fact, struct condition *condition, struct error *err)
{
    const char *text = json_text(fact), *slash;
    size_t length;

    if (text == NULL || text[0] != '/' || strlen(text) >= FACT_POINTER_SIZE)
        return error_set(err, EINVAL, "\"fact\" must be a text like \"/section/name\"");
    slash = strchr(text + 1, '/');
    length = slash == NULL ? 0 : (size_t)(slash - text) - 1;
    if (slash == NULL || !document_name_valid(text + 1, length) ||
        !document_name_valid(slash + 1, strlen(slash + 1)))
        return error_set(err, EINVAL, "\"%s\" is not the fact of a section, \"/section/name\"",
                         text);
    memcpy(condition->pointer, text, strlen(text) + 1);
    memcpy(condition->section, text + 1, length);
    memcpy(condition->name, slash + 1, strlen(slash + 1) + 1);
    return 0;
}

static void add_text(struct condition *condition, const char *text)
{
    condition->texts =
        must_grow(condition->texts, condition->text_count + 1, sizeof(*condition->texts));
    condition->texts[condition->text_count++] = must_copy_text(text, strlen(text));
}

static int read_equals(const struct json *value, struct condition *condition, struct error *err)
{
    bool truth;

    if (json_bool(value, &truth)) {
        condition->wanted = WANTED_BOOL;
        condition->number = truth;
        return 0;
    }
    if (json_integer(value, &condition->number)) {
        condition->wanted = WANTED_INTEGER;
        return 0;
    }
    if (json_text(value) == NULL)
        return error_set(err, EINVAL, "\"equals\" must be true, false, a whole number or a text");
    condition->wanted = WANTED_TEXT;
    add_text(condition, json_text(value));
    return 0;
}

static int read_one_of(const struct json *value, struct condition *condition, struct error *err)
{
    size_t count = json_is(value, JSON_ARRAY) ? json_count(value) : 0;

    if (count < 1 || count > CONDITION_ITEMS_MAX)
        return error_set(err, EINVAL, "\"one_of\" must be a list of 1 to %u texts",
                         CONDITION_ITEMS_MAX);
    condition->wanted = WANTED_TEXT;
    for (const struct json *item = json_first(value); item != NULL; item = json_next(item)) {
        if (json_text(item) == NULL)
            return error_set(err, EINVAL, "\"one_of\" may only hold texts");
        add_text(condition, json_text(item));
    }
    return 0;
}

static int read_limit(const struct json *value, struct condition *condition, struct error *err)
{
    condition->wanted = WANTED_INTEGER;
    if (!json_integer(value, &condition->number))
        return error_set(err, EINVAL, "\"at_most\" and \"at_least\" must be whole numbers");
    return 0;
}

static int read_days(const struct json *value, struct condition *condition, struct error *err)
{
    if (!json_integer(value, &condition->number) || condition->number < 1 ||
        condition->number > DAYS_MAX)
        return error_set(err, EINVAL, "\"not_older_than_days\" must be 1 to %d", DAYS_MAX);
    return 0;
}

static int read_not_before_now(const struct json *value, struct condition *condition,
                               struct error *err)
{
    bool truth;

    (void)condition;
    if (!json_bool(value, &truth) || !truth)
        return error_set(err, EINVAL, "\"not_before_now\" must be true");
    return 0;
}

static const struct comparison {
    const char *name;
    enum condition_kind kind;
    int (*read)(const struct json *value, struct condition *condition, struct error *err);
} comparisons[] = {
    {"equals", CONDITION_EQUALS, read_equals},
    {"one_of", CONDITION_ONE_OF, read_one_of},
    {"at_most", CONDITION_AT_MOST, read_limit},
    {"at_least", CONDITION_AT_LEAST, read_limit},
    {"not_older_than_days", CONDITION_NOT_OLDER, read_days},
    {"not_before_now", CONDITION_NOT_BEFORE_NOW, read_not_before_now},
};

static int read_comparison(const struct json *document, struct condition *condition,
                           struct error *err)
{
    const struct json *fact = json_member(document, "fact"), *first = json_first(document);
    const struct json *other = first == fact ? json_next(first) : first;
    int r = read_pointer(fact, condition, err);

    if (r < 0)
        return r;
    if (json_count(document) != 2)
        return error_set(err, EINVAL, "%s needs exactly one comparison", condition->pointer);
    for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++) {
        if (strcmp(json_name(other), comparisons[i].name) != 0)
            continue;
        condition->kind = comparisons[i].kind;
        r = comparisons[i].read(json_member(document, comparisons[i].name), condition, err);
        return error_wrap(err, r, condition->pointer);
    }
    return error_set(err, EINVAL, "%s: there is no comparison \"%.40s\"", condition->pointer,
                     json_name(other));
}

static int read_children(const struct json *list, unsigned depth, struct condition *condition,
                         struct error *err)
{
    size_t count = json_is(list, JSON_ARRAY) ? json_count(list) : 0;

    if (count < 1 || count > CONDITION_ITEMS_MAX)
        return error_set(err, EINVAL, "\"all\" and \"any\" must be lists of 1 to %u conditions",
                         CONDITION_ITEMS_MAX);
    if (depth >= CONDITION_DEPTH_MAX)
        return error_set(err, EINVAL, "\"all\" and \"any\" are nested deeper than %u",
                         CONDITION_DEPTH_MAX);
    condition->children = must_allocate(count, sizeof(*condition->children));
    for (const struct json *item = json_first(list); item != NULL; item = json_next(item)) {
        int r = read_at(item, depth + 1, &condition->children[condition->child_count++], err);

        if (r < 0)
            return r;
    }
    return 0;
}

static int read_at(const struct json *document, unsigned depth, struct condition *ret_condition,
                   struct error *err)
{
    const struct json *all = json_member(document, "all"), *any = json_member(document, "any");

    if (!json_is(document, JSON_OBJECT))
        return error_set(err, EINVAL, "a condition must be an object");
    if (all == NULL && any == NULL)
        return read_comparison(document, ret_condition, err);
    if (json_count(document) != 1)
        return error_set(err, EINVAL, "\"all\" or \"any\" must stand alone in its condition");
    ret_condition->kind = all != NULL ? CONDITION_ALL : CONDITION_ANY;
    return read_children(all != NULL ? all : any, depth, ret_condition, err);
}

int condition_read(const struct json *document, struct condition *ret_condition, struct error *err)
{
    *ret_condition = (struct condition){0};
    return read_at(document, 0, ret_condition, err);
}

void condition_clear(struct condition *condition)
{
    for (size_t i = 0; i < condition->child_count; i++)
        condition_clear(&condition->children[i]);
    free(condition->children);
    for (size_t i = 0; i < condition->text_count; i++)
        free(condition->texts[i]);
    free(condition->texts);
    *condition = (struct condition){0};
}
