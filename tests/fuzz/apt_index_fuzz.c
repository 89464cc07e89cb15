#include "collectors/patch_level/apt_index.h"

#include "collectors/patch_level/dpkg_status.h"
#include "platform/cleanup.h"
#include "tests/fuzz/input.h"

static const char status[] = "Package: dpkg\nStatus: install ok installed\nVersion: 1\n"
                             "Architecture: amd64\n\n"
                             "Package: a\nStatus: hold ok installed\nVersion: 1:2~x-3\n"
                             "Architecture: all\n\n"
                             "Package: a\nStatus: install ok installed\nVersion: 2\n"
                             "Architecture: i386\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(packages_clear) struct packages packages = {0};
    AUTO(auto_stream_close)
    struct stream *installed =
        fuzz_stream((const uint8_t *)status, sizeof(status) - 1, sizeof(status));
    AUTO(auto_stream_close) struct stream *index = fuzz_stream(data, size, 8U << 20U);

    if (index == NULL || packages_read(installed, &packages, NULL) < 0)
        return 0;
    (void)apt_index_mark_security(index, size, &packages, NULL);
    return 0;
}
