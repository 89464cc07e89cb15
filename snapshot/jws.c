/* Compact JWS with ES256: RFC 7515 section 3.1, RFC 7518 section 3.4. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "snapshot/crypto.h"

#define HALF         32U /* of a signature: r or s, big endian */
#define DER_MAX_SIZE 80U /* two INTEGERs of at most 33 bytes in a SEQUENCE */

/* The order n of P-256 and its half (FIPS 186-5, NIST SP 800-186 section 3.2.1.3). */
static const uint8_t order[HALF] = {
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51};
static const uint8_t half_order[HALF] = {
    0x7f, 0xff, 0xff, 0xff, 0x80, 0x00, 0x00, 0x00, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xde, 0x73, 0x7d, 0x56, 0xd3, 0x8b, 0xcf, 0x42, 0x79, 0xdc, 0xe5, 0x61, 0x7e, 0x31, 0x92, 0xa8};

/*
 * With (r, s) the pair (r, n - s) verifies too, so whoever carries a file could make another one
 * that counts, without the key. Only the smaller s counts here.
 */
static bool is_smaller_s(const uint8_t s[HALF])
{
    return memcmp(s, half_order, HALF) <= 0;
}

static void take_smaller_s(uint8_t s[HALF])
{
    int borrow = 0;

    if (is_smaller_s(s))
        return;
    for (size_t i = HALF; i-- > 0;) {
        int difference = order[i] - s[i] - borrow;

        borrow = difference < 0;
        s[i] = (uint8_t)(difference + (borrow ? 256 : 0));
    }
}

static bool sign(EVP_PKEY *pkey, const char *bytes, size_t length, uint8_t ret_raw[2 * HALF])
{
    AUTO(auto_EVP_MD_CTX_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
    AUTO(auto_ECDSA_SIG_free) ECDSA_SIG *signature = NULL;
    unsigned char der[DER_MAX_SIZE];
    const unsigned char *start = der;
    size_t der_length = sizeof(der);

    if (context == NULL || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pkey) != 1 ||
        EVP_DigestSign(context, der, &der_length, (const unsigned char *)bytes, length) != 1)
        return false;
    signature = d2i_ECDSA_SIG(NULL, &start, (long)der_length);
    if (signature == NULL || BN_bn2binpad(ECDSA_SIG_get0_r(signature), ret_raw, HALF) != HALF ||
        BN_bn2binpad(ECDSA_SIG_get0_s(signature), ret_raw + HALF, HALF) != HALF)
        return false;
    take_smaller_s(ret_raw + HALF);
    return true;
}

int jws_sign(const struct signing_key *key, const char *header, const void *payload,
             size_t payload_length, struct text *out, struct error *err)
{
    AUTO(text_clear) struct text compact = {0};
    uint8_t raw[2 * HALF];

    base64url_encode(header, strlen(header), &compact);
    text_add(&compact, ".", 1);
    base64url_encode(payload, payload_length, &compact);
    if (!sign(key->pkey, compact.bytes, compact.length, raw))
        return crypto_refuse(err, EIO, "cannot sign");
    text_add(&compact, ".", 1);
    base64url_encode(raw, sizeof(raw), &compact);
    if (compact.length > JWS_MAX_SIZE)
        return error_set(err, EFBIG, "JWS: larger than %u bytes", JWS_MAX_SIZE);
    text_add(out, compact.bytes, compact.length);
    return 0;
}

static bool decode_part(const char *part, size_t length, char **ret_bytes, size_t *ret_length)
{
    AUTO(text_clear) struct text bytes = {0};

    if (length == 0 || !base64url_decode(part, length, &bytes))
        return false;
    *ret_length = bytes.length;
    *ret_bytes = text_take(&bytes);
    return true;
}

static int decode_parts(const char *const parts[3], const size_t lengths[3], struct jws *jws,
                        struct error *err)
{
    AUTO_FREE char *signature = NULL;
    char *payload = NULL;
    size_t header_length, signature_length;

    if (!decode_part(parts[0], lengths[0], &jws->header, &header_length) ||
        memchr(jws->header, '\0', header_length) != NULL)
        return error_set(err, EBADMSG, "JWS: the header is no base64url of text");
    if (!decode_part(parts[1], lengths[1], &payload, &jws->payload_length))
        return error_set(err, EBADMSG, "JWS: the payload is no base64url");
    jws->payload = (uint8_t *)payload;
    if (!decode_part(parts[2], lengths[2], &signature, &signature_length) ||
        signature_length != sizeof(jws->signature))
        return error_set(err, EBADMSG, "JWS: the signature is no base64url of 64 bytes");
    memcpy(jws->signature, signature, sizeof(jws->signature));
    return 0;
}

int jws_split(const char *compact, size_t length, struct jws *jws, struct error *err)
{
    const char *first, *second, *end = compact + length;
    int r;

    if (length > JWS_MAX_SIZE)
        return error_set(err, EFBIG, "JWS: larger than %u bytes", JWS_MAX_SIZE);
    first = length == 0 ? NULL : memchr(compact, '.', length);
    second = first == NULL ? NULL : memchr(first + 1, '.', (size_t)(end - first - 1));
    if (second == NULL)
        return error_set(err, EBADMSG, "JWS: not three parts with dots between them");
    jws->signed_part = compact;
    jws->signed_length = (size_t)(second - compact);
    r = decode_parts((const char *const[]){compact, first + 1, second + 1},
                     (const size_t[]){(size_t)(first - compact), (size_t)(second - first - 1),
                                      (size_t)(end - second - 1)},
                     jws, err);
    if (r < 0)
        jws_clear(jws);
    return r;
}

void jws_clear(struct jws *jws)
{
    free(jws->header);
    free(jws->payload);
    *jws = (struct jws){0};
}

/* The signature as OpenSSL wants it; -1 without memory. */
static int signature_to_der(const uint8_t raw[2 * HALF], unsigned char **ret_der)
{
    AUTO(auto_ECDSA_SIG_free) ECDSA_SIG *signature = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(raw, HALF, NULL), *s = BN_bin2bn(raw + HALF, HALF, NULL);

    if (signature == NULL || r == NULL || s == NULL || ECDSA_SIG_set0(signature, r, s) != 1) {
        BN_free(r);
        BN_free(s);
        return -1;
    }
    return i2d_ECDSA_SIG(signature, ret_der);
}

int jws_verify(const struct jws *jws, const struct certificate *certificate, struct error *err)
{
    AUTO(auto_EVP_MD_CTX_free) EVP_MD_CTX *context = EVP_MD_CTX_new();
    AUTO(auto_openssl_free) unsigned char *der = NULL;
    int der_length = signature_to_der(jws->signature, &der);

    if (!is_smaller_s(jws->signature + HALF))
        return error_set(err, EKEYREJECTED, "JWS: the signature is not in its smaller form");
    if (context == NULL || der_length <= 0 ||
        EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL,
                             X509_get0_pubkey(certificate->x509)) != 1 ||
        EVP_DigestVerify(context, der, (size_t)der_length, (const unsigned char *)jws->signed_part,
                         jws->signed_length) != 1)
        return crypto_refuse(err, EKEYREJECTED, "JWS: the signature does not verify");
    return 0;
}
