#include "server-api/store/packed_jws.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct packed_values values = {{
    [PACKED_MACHINE] = "b3a1e3a4-0000-4000-8000-000000000001",
    [PACKED_HASH] = "11",
    [PACKED_RECEIVED_AT] = "2026",
    [PACKED_NONCE] = "n",
    [PACKED_STATE] = "",
}};

/* What is packed comes back byte for byte; everything else is kept as it is. */
static void check(const char *bytes, size_t size, const struct packed_values *known)
{
    AUTO(packed_jws_clear) struct packed_jws packed = {0};
    AUTO(text_clear) struct text again = {0};

    if (!packed_jws_make(bytes, size, known, &packed))
        return;
    if (!packed_jws_write(&packed.shared, &packed.own, known, &again) || again.length != size ||
        memcmp(again.bytes, bytes, size) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check((const char *)data, size, NULL);
    check((const char *)data, size, &values);
    return 0;
}
