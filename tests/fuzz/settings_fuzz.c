#include "agent/settings.h"

#include <stdint.h>

#include "platform/cleanup.h"
#include "platform/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(settings_clear) struct settings settings = {0};
    AUTO(text_clear) struct text text = {0};

    text_add(&text, data, size);
    (void)settings_parse(text_string(&text), &settings, NULL);
    return 0;
}
