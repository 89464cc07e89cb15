#include "server-api/enrolment/credentials.h"

#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO_FREE char *header = fuzz_text(data, size);
    char id[TOKEN_ID_SIZE];
    struct digest secret;

    if (credentials_read(header, id, &secret) && strlen(id) != TOKEN_ID_SIZE - 1)
        abort();
    return 0;
}
