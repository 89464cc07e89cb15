#include "collectors/patch_level/dpkg_status.h"

#include "platform/cleanup.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(packages_clear) struct packages packages = {0};
    AUTO(auto_stream_close) struct stream *stream = fuzz_stream(data, size, 8U << 20U);

    if (stream == NULL || packages_read(stream, &packages, NULL) < 0)
        return 0;
    for (size_t i = 1; i < packages.count; i++) {
        const char *name = package_name(&packages, &packages.items[i]);

        if (!packages_contain(&packages, (struct span){name, strlen(name)}))
            abort();
    }
    return 0;
}
