#include "baseline/document.h"

#include <errno.h>
#include <string.h>

#include "platform/json.h"
#include "snapshot/receipt.h"

bool document_name_valid(const char *name, size_t length)
{
    if (length == 0 || length >= CHECK_ID_SIZE || name[0] < 'a' || name[0] > 'z')
        return false;
    for (size_t i = 0; i < length; i++)
        if (name[i] == '\0' || strchr("abcdefghijklmnopqrstuvwxyz0123456789_", name[i]) == NULL)
            return false;
    return true;
}

static bool is_listed(const char *name, const char *const *names)
{
    while (*names != NULL && strcmp(*names, name) != 0)
        names++;
    return *names != NULL;
}

int document_members(const struct json *object, const char *const *names, struct error *err)
{
    if (!json_is(object, JSON_OBJECT))
        return error_set(err, EINVAL, "expected an object");
    for (const struct json *member = json_first(object); member != NULL; member = json_next(member))
        if (!is_listed(json_name(member), names))
            return error_set(err, EINVAL, "there is no member \"%.40s\"", json_name(member));
    for (; *names != NULL; names++)
        if (json_member(object, *names) == NULL)
            return error_set(err, EINVAL, "\"%s\" is missing", *names);
    return 0;
}

int document_text(const struct json *object, const char *name, size_t max_length,
                  const char **ret_text, struct error *err)
{
    const char *text = json_text(json_member(object, name));

    if (text == NULL || text[0] == '\0' || strlen(text) > max_length)
        return error_set(err, EINVAL, "\"%s\" must be a text of 1 to %zu bytes", name, max_length);
    for (const char *byte = text; *byte != '\0'; byte++)
        if ((unsigned char)*byte < 0x20 || *byte == 0x7f)
            return error_set(err, EINVAL, "\"%s\" holds a control character", name);
    *ret_text = text;
    return 0;
}
