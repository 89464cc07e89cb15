#include "snapshot/join_code.h"

#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t checksum(const uint8_t *data, size_t size)
{
    uint32_t sum = UINT32_MAX;

    for (size_t i = 0; i < size; i++) {
        sum ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ ((sum & 1) != 0 ? 0xedb88320U : 0);
    }
    return ~sum;
}

/* A checksum over whatever the input is, so that what lies behind it is reached too. */
static void wrap(const uint8_t *data, size_t size, struct text *out)
{
    AUTO(text_clear) struct text bytes = {0};
    uint32_t sum = checksum(data, size);
    uint8_t big_endian[] = {(uint8_t)(sum >> 24), (uint8_t)(sum >> 16), (uint8_t)(sum >> 8),
                            (uint8_t)sum};

    text_add(&bytes, data, size);
    text_add(&bytes, big_endian, sizeof(big_endian));
    text_add_string(out, "dijkwacht-join-1.");
    base64url_encode(bytes.bytes, bytes.length, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(text_clear) struct text text = {0}, again = {0};
    struct join_code code;

    (void)join_code_read((const char *)data, size, &code, NULL);
    wrap(data, size, &text);
    if (join_code_read(text.bytes, text.length, &code, NULL) < 0)
        return 0;
    join_code_write(&code, &again);
    if (again.length != text.length || memcmp(again.bytes, text.bytes, text.length) != 0)
        abort();
    return 0;
}
