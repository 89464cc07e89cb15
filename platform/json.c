#include "platform/json.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* struct json is cJSON under a name that stays in this file. */
static const cJSON *inner(const struct json *value)
{
    return (const cJSON *)(const void *)value;
}

static const struct json *outer(const cJSON *value)
{
    return (const struct json *)(const void *)value;
}

int json_parse(const char *text, size_t length, const struct json_limits *limits,
               struct json **ret_document, struct error *err)
{
    int r = json_check(text, length, limits, err);
    cJSON *tree;

    if (r < 0)
        return r;
    tree = cJSON_ParseWithLength(text, length);
    if (tree == NULL)
        return error_set(err, EBADMSG, "JSON: cannot be read");
    *ret_document = (struct json *)(void *)tree;
    return 0;
}

void json_free(struct json *document)
{
    cJSON_Delete((cJSON *)(void *)document);
}

void auto_json_free(struct json **document)
{
    json_free(*document);
}

bool json_is(const struct json *value, enum json_type type)
{
    const cJSON *item = inner(value);

    switch (type) {
    case JSON_NULL:
        return cJSON_IsNull(item);
    case JSON_BOOL:
        return cJSON_IsBool(item);
    case JSON_NUMBER:
        return cJSON_IsNumber(item);
    case JSON_TEXT:
        return cJSON_IsString(item);
    case JSON_ARRAY:
        return cJSON_IsArray(item);
    case JSON_OBJECT:
        return cJSON_IsObject(item);
    }
    return false;
}

const struct json *json_member(const struct json *object, const char *name)
{
    return outer(cJSON_GetObjectItemCaseSensitive(inner(object), name));
}

size_t json_count(const struct json *array_or_object)
{
    size_t count = 0;

    for (const struct json *item = json_first(array_or_object); item != NULL;
         item = json_next(item))
        count++;
    return count;
}

const struct json *json_first(const struct json *array_or_object)
{
    return array_or_object == NULL ? NULL : outer(inner(array_or_object)->child);
}

const struct json *json_next(const struct json *value)
{
    return value == NULL ? NULL : outer(inner(value)->next);
}

const char *json_name(const struct json *value)
{
    return value == NULL ? NULL : inner(value)->string;
}

const char *json_text(const struct json *value)
{
    return cJSON_GetStringValue(inner(value));
}

bool json_number(const struct json *value, double *ret_number)
{
    if (!json_is(value, JSON_NUMBER))
        return false;
    *ret_number = inner(value)->valuedouble;
    return true;
}

bool json_integer(const struct json *value, int64_t *ret_number)
{
    double number, limit = 9007199254740992.0;

    if (!json_number(value, &number) || number < -limit || number > limit)
        return false;
    if ((double)(int64_t)number < number || (double)(int64_t)number > number)
        return false;
    *ret_number = (int64_t)number;
    return true;
}

bool json_bool(const struct json *value, bool *ret_bool)
{
    if (!json_is(value, JSON_BOOL))
        return false;
    *ret_bool = cJSON_IsTrue(inner(value)) != 0;
    return true;
}

const struct json *json_at(const struct json *value, const char *pointer)
{
    while (value != NULL && *pointer == '/') {
        size_t length = strcspn(pointer + 1, "/");
        const struct json *member = NULL;

        for (const struct json *item = json_first(value); item != NULL && member == NULL;
             item = json_next(item))
            if (json_name(item) != NULL && strlen(json_name(item)) == length &&
                memcmp(json_name(item), pointer + 1, length) == 0)
                member = item;
        value = member;
        pointer += 1 + length;
    }
    return value;
}
