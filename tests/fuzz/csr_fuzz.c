#include "server-api/enrolment/csr.h"

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"
#include "tests/fuzz/input.h"

/* As it comes, and as the DER inside. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(text_clear) struct text encoded = {0};
    uint8_t spki[P256_SPKI_SIZE];

    (void)csr_read(data, size, spki, NULL);
    base64_encode(data, size, &encoded);
    (void)csr_read(text_string(&encoded), encoded.length, spki, NULL);
    return 0;
}
