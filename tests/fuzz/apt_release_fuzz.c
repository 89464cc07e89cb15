#include "collectors/patch_level/apt_release.h"

#include "platform/cleanup.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(apt_release_clear) struct apt_release release = {0};
    AUTO_FREE char *text = fuzz_text(data, size);

    if (apt_release_parse(text, &release, NULL) == 0) {
        (void)apt_release_is_security(&release);
        (void)apt_release_root(&release);
    }
    return 0;
}
