#include "platform/os_release.h"

#include "platform/cleanup.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(os_release_clear) struct os_release release = {0};
    AUTO_FREE char *text = fuzz_text(data, size);

    if (os_release_parse(text, &release, NULL) == 0)
        (void)os_release_is_like(&release, "debian");
    return 0;
}
