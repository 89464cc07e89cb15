#include <stdint.h>

#include "agent/identity_pkcs7.h"
#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As it came, and as the base64 of what it is. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(certificate_list_clear) struct certificate_list list = {0}, decoded = {0};
    AUTO(text_clear) struct text base64 = {0};

    (void)certificate_list_read((const char *)data, size, &list, NULL);
    base64_encode(data, size, &base64);
    (void)certificate_list_read(base64.bytes, base64.length, &decoded, NULL);
    return 0;
}
