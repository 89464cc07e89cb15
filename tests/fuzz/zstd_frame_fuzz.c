#include "platform/zstd_frame.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"

#define LIMIT 65536U

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(text_clear) struct text decoded = {0}, frame = {0}, again = {0};

    if (zstd_decode(data, size, LIMIT, &decoded, NULL) < 0)
        return 0;
    if (decoded.length > LIMIT)
        abort();
    zstd_encode(decoded.bytes, decoded.length, &frame);
    if (zstd_decode(frame.bytes, frame.length, LIMIT, &again, NULL) < 0 ||
        again.length != decoded.length ||
        memcmp(text_string(&again), text_string(&decoded), again.length) != 0)
        abort();
    return 0;
}
