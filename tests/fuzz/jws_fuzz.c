#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"
#include "snapshot/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was taken apart is the only spelling of its parts. */
static void check_spelling(const struct jws *jws, const uint8_t *data, size_t size)
{
    AUTO(text_clear) struct text again = {0};

    base64url_encode(jws->header, strlen(jws->header), &again);
    text_add(&again, ".", 1);
    base64url_encode(jws->payload, jws->payload_length, &again);
    if (again.length != jws->signed_length)
        abort();
    text_add(&again, ".", 1);
    base64url_encode(jws->signature, sizeof(jws->signature), &again);
    if (again.length != size || memcmp(again.bytes, data, size) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(jws_clear) struct jws jws = {0};

    if (jws_split((const char *)data, size, &jws, NULL) == 0)
        check_spelling(&jws, data, size);
    return 0;
}
