#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "snapshot/signature.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(const struct certificate *certificate, const uint8_t *data, size_t size)
{
    AUTO(text_clear) struct text der = {0};
    char organisation[ORGANISATION_ID_SIZE], machine[MACHINE_ID_SIZE];
    struct digest digest;

    certificate_to_der(certificate, &der);
    if (der.length != size || memcmp(der.bytes, data, size) != 0)
        abort();
    certificate_spki_digest(certificate, &digest);
    (void)certificate_machine(certificate, organisation, machine, NULL);
    (void)certificate_verify(certificate, certificate, certificate,
                             certificate_purpose(certificate), 0, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    AUTO(auto_certificate_free) struct certificate *certificate = NULL;

    if (certificate_from_der(data, size, &certificate, NULL) == 0)
        use(certificate, data, size);
    return 0;
}
