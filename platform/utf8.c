#include "platform/utf8.h"

#include <stdint.h>

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xc0) == 0x80;
}

/* What the second byte may be depends on the first (RFC 3629, 4). */
static bool second_fits(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return is_continuation(second);
    }
}

size_t utf8_sequence(const char *bytes, size_t length)
{
    const unsigned char *byte = (const unsigned char *)bytes;
    size_t size;

    if (length == 0)
        return 0;
    if (byte[0] < 0x80)
        return 1;
    if (byte[0] < 0xc2 || byte[0] > 0xf4)
        return 0;
    size = byte[0] < 0xe0 ? 2 : (byte[0] < 0xf0 ? 3 : 4);
    if (length < size || !second_fits(byte[0], byte[1]))
        return 0;
    for (size_t i = 2; i < size; i++)
        if (!is_continuation(byte[i]))
            return 0;
    return size;
}

bool utf8_valid(const char *bytes, size_t length)
{
    for (size_t i = 0; i < length;) {
        size_t size = utf8_sequence(bytes + i, length - i);

        if (size == 0)
            return false;
        i += size;
    }
    return true;
}
