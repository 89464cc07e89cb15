#include "platform/random.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

void random_bytes(void *ret_bytes, size_t length)
{
    uint8_t *next = ret_bytes;

    while (length > 0) {
        ssize_t n = getrandom(next, length, 0);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort(); /* no secret is better than a guessable one */
        next += n;
        length -= (size_t)n;
    }
}
