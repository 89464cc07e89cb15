#include "server-api/enrolment/certificates_only.h"

#include <errno.h>
#include <stdbool.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"
#include "server-api/openssl_scope.h"
#include "snapshot/signature.h"

#define LINE_LENGTH 64U

static PKCS7 *build(const struct certificate *const *certificates, size_t count)
{
    AUTO(auto_PKCS7_free) PKCS7 *message = PKCS7_new();

    if (message == NULL || PKCS7_set_type(message, NID_pkcs7_signed) != 1 ||
        PKCS7_content_new(message, NID_pkcs7_data) != 1)
        return NULL;
    (void)PKCS7_set_detached(message, 1); /* no content at all */
    for (size_t i = 0; i < count; i++)
        if (PKCS7_add_certificate(message, certificate_openssl(certificates[i])) != 1)
            return NULL;
    return TAKE(message);
}

static void write_lines(const unsigned char *der, size_t length, struct text *out)
{
    AUTO(text_clear) struct text encoded = {0};

    base64_encode(der, length, &encoded);
    for (size_t at = 0; at < encoded.length; at += LINE_LENGTH) {
        size_t left = encoded.length - at;

        text_add(out, encoded.bytes + at, left < LINE_LENGTH ? left : LINE_LENGTH);
        text_add_string(out, "\r\n");
    }
}

int certificates_only_write(const struct certificate *const *certificates, size_t count,
                            struct text *out, struct error *err)
{
    AUTO(auto_PKCS7_free) PKCS7 *message = build(certificates, count);
    AUTO(auto_openssl_free) unsigned char *der = NULL;
    int length = message == NULL ? -1 : i2d_PKCS7(message, &der);

    ERR_clear_error();
    if (length <= 0)
        return error_set(err, EIO, "OpenSSL cannot write the certificates");
    write_lines(der, (size_t)length, out);
    return 0;
}
