#include "platform/mounts.h"

#include "platform/cleanup.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = fuzz_text(data, size);
    AUTO(mounts_clear) struct mounts mounts = {0};

    if (mounts_parse(text, &mounts, NULL) < 0)
        return 0;
    (void)mounts_holding(&mounts, "/home/somebody");
    for (size_t i = 0; i < mounts.count; i++)
        free(mount_option(&mounts.items[i], "upperdir"));
    return 0;
}
