#include "collectors/disk_encryption/luks_header.h"

#include "platform/cleanup.h"
#include "platform/digest.h"
#include "tests/fuzz/input.h"

#define SUM_AT 448U

/* With the checksum put right too, or the fuzzer would never come to what it covers. */
static void parse_with_checksum(const uint8_t *data, size_t size)
{
    AUTO_FREE uint8_t *bytes = (uint8_t *)fuzz_text(data, size);
    struct luks_header header;
    struct digest digest;
    size_t header_size = luks_header_size(bytes);

    if (header_size > size || header_size <= LUKS_FIRST_SIZE)
        return;
    memset(bytes + SUM_AT, 0, 64);
    digest_of(bytes, header_size, &digest);
    memcpy(bytes + SUM_AT, digest.bytes, sizeof(digest.bytes));
    (void)luks_header_parse(bytes, size, &header, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct luks_header header;

    (void)luks_header_parse(data, size, &header, NULL);
    if (size >= LUKS_FIRST_SIZE)
        parse_with_checksum(data, size);
    return 0;
}
