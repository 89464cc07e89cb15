#include "agent/enrolment.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Its identity becomes part of file names. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct enrolment enrolment;

    if (enrolment_parse((const char *)data, size, &enrolment, NULL) == 0 &&
        strspn(enrolment.identity, "0123456789abcdef") != IDENTITY_NAME_SIZE - 1)
        abort();
    return 0;
}
