/* What the gate lets through must be readable by all that comes behind it. */
#include "platform/json.h"

#include <stdint.h>
#include <stdlib.h>

#include "platform/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool truth)
{
    if (!truth)
        abort();
}

/* The walk over the bytes and the tree must see the same members. */
static void compare_members(const char *text, size_t size, const struct json *document)
{
    struct json_bytes object = {.start = text, .length = size}, name, value;
    size_t position = 0;

    for (const struct json *item = json_first(document); item != NULL; item = json_next(item)) {
        require(json_each_member(object, &position, &name, &value));
        require(value.length > 0 && value.start + value.length <= text + size);
        require(json_check(value.start, value.length, &json_default_limits, NULL) == 0);
    }
    require(!json_each_member(object, &position, &name, &value));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(auto_json_free) struct json *document = NULL;
    const char *text = (const char *)data;

    if (json_check(text, size, &json_default_limits, NULL) < 0)
        return 0;
    require(json_parse(text, size, &json_default_limits, &document, NULL) == 0);
    if (json_is(document, JSON_OBJECT))
        compare_members(text, size, document);
    return 0;
}
