#include "server-api/enrolment/csr.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"
#include "server-api/openssl_scope.h"

/* The whole input, in the one spelling that DER has. */
static X509_REQ *parse(const struct text *der)
{
    const unsigned char *next = (const unsigned char *)der->bytes;
    AUTO(auto_X509_REQ_free) X509_REQ *request = d2i_X509_REQ(NULL, &next, (long)der->length);
    AUTO(auto_openssl_free) unsigned char *again = NULL;
    int length = request == NULL ? -1 : i2d_X509_REQ(request, &again);

    if (length < 0 || (size_t)length != der->length || memcmp(again, der->bytes, der->length) != 0)
        return NULL;
    return TAKE(request);
}

/* Before anything is computed with the key. */
static int read_key(X509_REQ *request, uint8_t ret_spki[P256_SPKI_SIZE], struct error *err)
{
    AUTO(auto_openssl_free) unsigned char *spki = NULL;
    int length = i2d_X509_PUBKEY(X509_REQ_get_X509_PUBKEY(request), &spki);

    if (length != P256_SPKI_SIZE || !spki_is_p256(spki, P256_SPKI_SIZE))
        return error_set(err, EBADMSG,
                         "The key in the request is not on P-256, named as prime256v1.");
    memcpy(ret_spki, spki, P256_SPKI_SIZE);
    return 0;
}

static int check_proof(X509_REQ *request, struct error *err)
{
    if (X509_REQ_get_signature_nid(request) != NID_ecdsa_with_SHA256)
        return error_set(err, EBADMSG, "The request is not signed with ECDSA and SHA-256.");
    if (X509_REQ_verify(request, X509_REQ_get0_pubkey(request)) != 1)
        return error_set(err, EBADMSG, "The signature of the request is not by its key.");
    return 0;
}

static int read_der(const struct text *der, uint8_t ret_spki[P256_SPKI_SIZE], struct error *err)
{
    AUTO(auto_X509_REQ_free) X509_REQ *request = parse(der);
    int r;

    if (request == NULL || X509_REQ_get_version(request) != X509_REQ_VERSION_1)
        r = error_set(err, EBADMSG, "The body is not one PKCS#10 request in DER.");
    else
        r = read_key(request, ret_spki, err);
    if (r == 0)
        r = check_proof(request, err);
    ERR_clear_error();
    return r;
}

int csr_read(const void *body, size_t length, uint8_t ret_spki[P256_SPKI_SIZE], struct error *err)
{
    AUTO(text_clear) struct text der = {0};

    if (length > CSR_TEXT_MAX)
        return error_set(err, EFBIG, "The request is larger than %u bytes.", CSR_TEXT_MAX);
    if (!base64_decode(body, length, &der) || der.length == 0)
        return error_set(err, EBADMSG, "The body is not base64 (RFC 8951).");
    if (der.length > CSR_MAX)
        return error_set(err, EFBIG, "The request is larger than %u bytes.", CSR_MAX);
    return read_der(&der, ret_spki, err);
}
