#include "agent/identity_pkcs7.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <stdbool.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"

static void auto_pkcs7_free(PKCS7 **message)
{
    PKCS7_free(*message);
}

static int add_certificate(const X509 *x509, struct certificate_list *list, struct error *err)
{
    unsigned char *der = NULL;
    int length = i2d_X509(x509, &der), r;

    if (length <= 0)
        return error_set(err, EBADMSG, "a certificate in it cannot be read");
    r = certificate_from_der(der, (size_t)length, &list->items[list->count], err);
    OPENSSL_free(der);
    if (r == 0)
        list->count++;
    return r;
}

static int add_all(const PKCS7 *message, struct certificate_list *list, struct error *err)
{
    const STACK_OF(X509) *found = message->d.sign->cert;
    int count = sk_X509_num(found), r = 0;

    if (count < 1 || count > (int)EST_CERTIFICATES_MAX)
        return error_set(err, EBADMSG, "it holds %d certificates", count < 0 ? 0 : count);
    for (int i = 0; r == 0 && i < count; i++)
        r = add_certificate(sk_X509_value(found, i), list, err);
    return r;
}

int certificate_list_read(const char *base64, size_t length, struct certificate_list *ret_list,
                          struct error *err)
{
    AUTO(certificate_list_clear) struct certificate_list list = {0};
    AUTO(auto_pkcs7_free) PKCS7 *message = NULL;
    AUTO(text_clear) struct text der = {0};
    const unsigned char *start;
    int r;

    if (!base64_decode(base64, length, &der) || der.length == 0)
        return error_set(err, EBADMSG, "it is no base64");
    start = (const unsigned char *)der.bytes;
    message = d2i_PKCS7(NULL, &start, (long)der.length);
    ERR_clear_error();
    if (message == NULL || start != (const unsigned char *)der.bytes + der.length ||
        !PKCS7_type_is_signed(message) || message->d.sign == NULL)
        return error_set(err, EBADMSG, "it is no PKCS#7 with certificates");
    r = add_all(message, &list, err);
    if (r < 0)
        return r;
    *ret_list = list;
    list.count = 0;
    return 0;
}

void certificate_list_clear(struct certificate_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        certificate_free(list->items[i]);
    *list = (struct certificate_list){0};
}
