#include "collectors/disk_encryption/kernel_ciphers.h"
#include "collectors/disk_encryption/mapping.h"
#include "collectors/disk_encryption/swaps.h"
#include "collectors/disk_encryption/udev_data.h"
#include "platform/cleanup.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *text = fuzz_text(data, size);
    AUTO(swaps_clear) struct swaps swaps = {0};
    struct udev_data udev;
    bool uses_null;

    (void)swaps_parse(text, &swaps, NULL);
    (void)kernel_ciphers_parse(text, &uses_null, NULL);
    udev_data_parse(text, &udev);
    (void)mapping_is_integrity(text);
    (void)mapping_has_uuid(text, "189cfe08-8e98-4dc3-a8b3-49ce771fd9fe");
    return 0;
}
