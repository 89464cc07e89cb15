/*
 * A machine's own certificate when it signs. It was verified when it came, so only its bytes are
 * compared: reading all of X.509 again costs each look 0.5 MiB and 1 ms.
 */
#include <errno.h>
#include <openssl/core_names.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "snapshot/crypto.h"

#define POINT_SIZE 65U
#define HEAD_SIZE  4U

/* SubjectPublicKeyInfo of the named curve P-256 up to the point (RFC 5480, 2). */
static const uint8_t spki[] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                               0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                               0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};
/* Extended key usage with documentSigning alone (RFC 5280, 4.2.1.12; RFC 9336). */
static const uint8_t document_signing[] = {0x06, 0x03, 0x55, 0x1d, 0x25};
static const uint8_t only_document_signing[] = {0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06,
                                                0x01, 0x05, 0x05, 0x07, 0x03, 0x24};
/* A common name (RFC 5280, appendix A) up to the type of its text: UTF8String, PrintableString. */
static const uint8_t common_name[] = {0x06, 0x03, 0x55, 0x04, 0x03};
static const uint8_t text_types[] = {0x0c, 0x13};

int own_certificate_from_pem(const char *pem, size_t length, struct text *out_der,
                             struct error *err)
{
    int r = crypto_read_pem(pem, length, CERTIFICATE_PEM_LABEL, out_der, err);

    if (r == 0 && out_der->length > CERTIFICATE_MAX_SIZE)
        return error_set(err, EFBIG, "certificate: larger than %u bytes", CERTIFICATE_MAX_SIZE);
    return r;
}

/* One SEQUENCE of 256 bytes or more, which every certificate is, to the last byte. */
static bool is_whole(const struct text *der)
{
    const uint8_t *bytes = (const uint8_t *)der->bytes;

    return der->length > HEAD_SIZE && bytes[0] == 0x30 && bytes[1] == 0x82 &&
           HEAD_SIZE + ((size_t)bytes[2] << 8U | bytes[3]) == der->length;
}

static bool contains(const struct text *der, const void *part, size_t length)
{
    return memmem(der->bytes, der->length, part, length) != NULL;
}

static bool names_key(const struct text *der, const struct signing_key *key)
{
    uint8_t expected[sizeof(spki) + POINT_SIZE];
    size_t length = 0;

    memcpy(expected, spki, sizeof(spki));
    return EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY,
                                           expected + sizeof(spki), POINT_SIZE, &length) == 1 &&
           length == POINT_SIZE && contains(der, expected, sizeof(expected));
}

static bool names_machine(const struct text *der, const char *machine)
{
    for (size_t i = 0; i < sizeof(text_types); i++) {
        AUTO(text_clear) struct text expected = {0};
        const char type_and_length[] = {(char)text_types[i], MACHINE_ID_SIZE - 1};

        text_add(&expected, common_name, sizeof(common_name));
        text_add(&expected, type_and_length, sizeof(type_and_length));
        text_add_string(&expected, machine);
        if (contains(der, expected.bytes, expected.length))
            return true;
    }
    return false;
}

bool own_certificate_fits(const struct text *der, const struct signing_key *key,
                          const char *machine)
{
    return is_whole(der) && machine_id_valid(machine, strlen(machine)) && names_key(der, key) &&
           names_machine(der, machine) &&
           contains(der, document_signing, sizeof(document_signing)) &&
           contains(der, only_document_signing, sizeof(only_document_signing));
}
