#include "platform/config.h"

#include <stdint.h>

#include "platform/cleanup.h"
#include "platform/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int set(void *target, const char *value, struct error *err)
{
    (void)err;
    *(size_t *)target += value[0] != '\0';
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct config_key keys[] = {{"a", set}, {"server", set}, {NULL, NULL}};
    AUTO_FREE char *text = must_copy_text((const char *)data, size);
    struct error err = {0};
    size_t filled = 0;

    (void)config_parse(text, keys, &filled, &err);
    return 0;
}
