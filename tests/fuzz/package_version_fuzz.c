#include "platform/package_version.h"

#include "tests/fuzz/input.h"

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

/* Two versions, parted by a space: the order is the opposite one when they change places. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *left = (const char *)data;
    const char *space = size == 0 ? NULL : memchr(left, ' ', size);
    size_t length, rest;

    if (space == NULL)
        return 0;
    length = (size_t)(space - left);
    rest = size - length - 1;
    if (sign(dpkg_version_compare(left, length, space + 1, rest)) !=
        -sign(dpkg_version_compare(space + 1, rest, left, length)))
        abort();
    if (dpkg_version_compare(left, length, left, length) != 0)
        abort();
    return 0;
}
