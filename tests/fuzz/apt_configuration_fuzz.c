#include "collectors/patch_level/apt_configuration.h"

#include "platform/cleanup.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(apt_configuration_clear) struct apt_configuration configuration = {0};
    AUTO_FREE char *text = fuzz_text(data, size);

    (void)apt_configuration_add(&configuration, text, NULL);
    (void)apt_configuration_value(&configuration, "APT::Periodic::Enable");
    return 0;
}
