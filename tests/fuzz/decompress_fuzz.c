#include "platform/decompress.h"

#include "platform/cleanup.h"
#include "tests/fuzz/input.h"

#define LIMIT (4U << 20U)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(auto_stream_close) struct stream *stream = fuzz_stream(data, size, LIMIT);
    static char buffer[5000];
    size_t total = 0;
    long n;

    while (stream != NULL && (n = stream_read(stream, buffer, sizeof(buffer), NULL)) > 0)
        total += (size_t)n;
    if (total > LIMIT)
        abort();
    return 0;
}
