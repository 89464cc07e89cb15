/* X.509 certificates of the project's own authority: RFC 5280, and what RFC 9336 adds. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/memory.h"
#include "snapshot/crypto.h"

#define OID_TEXT_SIZE 80U
#define CHAIN_LENGTH  3

struct usage {
    const char *oid;
    enum certificate_purpose purpose;
    const char *name;
};

static const struct usage usages[] = {
    {"1.3.6.1.5.5.7.3.2", CERTIFICATE_TLS_CLIENT, "a TLS client's"},
    {"1.3.6.1.5.5.7.3.36", CERTIFICATE_SIGNING, "a signing machine's"},
    {"1.3.6.1.5.5.7.3.1", CERTIFICATE_TLS_SERVER, "a TLS server's"},
    {RECEIPT_USAGE_OID, CERTIFICATE_RECEIPT, "a receipt signer's"},
};
#define USAGE_COUNT (sizeof(usages) / sizeof(usages[0]))

/* What a leaf is for, by its only extended key usage. */
static enum certificate_purpose purpose_of_usage(const X509 *x509)
{
    AUTO(auto_EXTENDED_KEY_USAGE_free)
    EXTENDED_KEY_USAGE *found = X509_get_ext_d2i(x509, NID_ext_key_usage, NULL, NULL);
    char oid[OID_TEXT_SIZE];
    int length;

    if (found == NULL || sk_ASN1_OBJECT_num(found) != 1)
        return CERTIFICATE_UNKNOWN;
    length = OBJ_obj2txt(oid, sizeof(oid), sk_ASN1_OBJECT_value(found, 0), 1);
    if (length <= 0 || length >= (int)sizeof(oid))
        return CERTIFICATE_UNKNOWN;
    for (size_t i = 0; i < USAGE_COUNT; i++)
        if (strcmp(usages[i].oid, oid) == 0)
            return usages[i].purpose;
    return CERTIFICATE_UNKNOWN;
}

static enum certificate_purpose purpose_of(X509 *x509)
{
    uint32_t flags = X509_get_extension_flags(x509), key_usage = X509_get_key_usage(x509);

    if (X509_get_version(x509) != X509_VERSION_3 || (flags & EXFLAG_BCONS) == 0 ||
        (flags & (EXFLAG_INVALID | EXFLAG_CRITICAL)) != 0)
        return CERTIFICATE_UNKNOWN;
    if ((flags & EXFLAG_CA) == 0)
        return key_usage == KU_DIGITAL_SIGNATURE ? purpose_of_usage(x509) : CERTIFICATE_UNKNOWN;
    if ((flags & EXFLAG_XKUSAGE) != 0 ||
        (key_usage != KU_KEY_CERT_SIGN && key_usage != (KU_KEY_CERT_SIGN | KU_CRL_SIGN)))
        return CERTIFICATE_UNKNOWN;
    return CERTIFICATE_AUTHORITY;
}

static bool read_time(const ASN1_TIME *time, int64_t *ret_seconds)
{
    struct tm parts = {0};

    if (ASN1_TIME_to_tm(time, &parts) != 1)
        return false;
    *ret_seconds = timegm(&parts);
    return true;
}

/* DER has one spelling; d2i_X509 is more generous, and a digest of the bytes names a certificate.
 */
static bool is_der(const X509 *x509, const void *bytes, size_t length)
{
    AUTO(auto_openssl_free) unsigned char *again = NULL;
    int again_length = i2d_X509(x509, &again);

    return again_length > 0 && (size_t)again_length == length && memcmp(again, bytes, length) == 0;
}

/* Checks what every certificate of ours has, and takes a share of it. */
static int wrap(X509 *x509, const void *der, size_t length, struct certificate **ret_certificate,
                struct error *err)
{
    struct certificate *certificate;
    int64_t not_before, not_after;

    if (!crypto_is_p256(X509_get0_pubkey(x509)))
        return crypto_refuse(err, EBADMSG, "certificate: its key is not on the named curve P-256");
    if (!read_time(X509_get0_notBefore(x509), &not_before) ||
        !read_time(X509_get0_notAfter(x509), &not_after))
        return crypto_refuse(err, EBADMSG, "certificate: its times cannot be read");

    certificate = must_allocate(1, sizeof(*certificate));
    text_add(&certificate->der, der, length);
    certificate->purpose = purpose_of(x509);
    certificate->not_before = not_before;
    certificate->not_after = not_after;
    (void)X509_up_ref(x509);
    certificate->x509 = x509;
    ERR_clear_error();
    *ret_certificate = certificate;
    return 0;
}

int certificate_from_der(const void *der, size_t length, struct certificate **ret_certificate,
                         struct error *err)
{
    const unsigned char *end = der;
    AUTO(auto_X509_free) X509 *x509 = NULL;

    if (length > CERTIFICATE_MAX_SIZE)
        return error_set(err, EFBIG, "certificate: larger than %u bytes", CERTIFICATE_MAX_SIZE);
    x509 = d2i_X509(NULL, &end, (long)length);
    if (x509 == NULL || !is_der(x509, der, length))
        return crypto_refuse(err, EBADMSG, "certificate: not X.509 in DER");
    return wrap(x509, der, length, ret_certificate, err);
}

int certificate_from_openssl(void *x509, struct certificate **ret_certificate, struct error *err)
{
    AUTO(auto_openssl_free) unsigned char *der = NULL;
    int length = i2d_X509(x509, &der);

    if (length <= 0)
        return crypto_refuse(err, EBADMSG, "certificate: cannot be written");
    if ((unsigned)length > CERTIFICATE_MAX_SIZE)
        return error_set(err, EFBIG, "certificate: larger than %u bytes", CERTIFICATE_MAX_SIZE);
    return wrap(x509, der, (size_t)length, ret_certificate, err);
}
int certificate_from_pem(const char *pem, size_t length, struct certificate **ret_certificate,
                         struct error *err)
{
    AUTO(text_clear) struct text der = {0};
    int r = crypto_read_pem(pem, length, CERTIFICATE_PEM_LABEL, &der, err);

    return r < 0 ? r : certificate_from_der(der.bytes, der.length, ret_certificate, err);
}

void certificate_free(struct certificate *certificate)
{
    if (certificate == NULL)
        return;
    X509_free(certificate->x509);
    text_clear(&certificate->der);
    free(certificate);
}

void auto_certificate_free(struct certificate **certificate)
{
    certificate_free(*certificate);
}

void certificate_to_der(const struct certificate *certificate, struct text *out)
{
    text_add(out, certificate->der.bytes, certificate->der.length);
}

void certificate_to_pem(const struct certificate *certificate, struct text *out)
{
    AUTO(auto_BIO_free) BIO *bio = BIO_new(BIO_s_mem());
    char *pem = NULL;
    long length;

    /* A certificate that was read can be written; what remains is no memory. */
    if (bio == NULL || PEM_write_bio_X509(bio, certificate->x509) != 1)
        abort();
    length = BIO_get_mem_data(bio, &pem);
    text_add(out, pem, (size_t)length);
}

void certificate_digest(const struct certificate *certificate, struct digest *ret_digest)
{
    digest_of(certificate->der.bytes, certificate->der.length, ret_digest);
}

void certificate_spki_digest(const struct certificate *certificate, struct digest *ret_digest)
{
    AUTO(auto_openssl_free) unsigned char *der = NULL;
    int length = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate->x509), &der);

    if (length <= 0)
        abort(); /* no memory: the certificate was read from such bytes */
    digest_of(der, (size_t)length, ret_digest);
}

enum certificate_purpose certificate_purpose(const struct certificate *certificate)
{
    return certificate->purpose;
}

int64_t certificate_not_before(const struct certificate *certificate)
{
    return certificate->not_before;
}

int64_t certificate_not_after(const struct certificate *certificate)
{
    return certificate->not_after;
}

bool certificate_is_for(const struct certificate *certificate, const struct signing_key *key)
{
    return EVP_PKEY_eq(X509_get0_pubkey(certificate->x509), key->pkey) == 1;
}

void *certificate_openssl(const struct certificate *certificate)
{
    return certificate->x509;
}

bool machine_id_valid(const char *id, size_t length)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

    if (length != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < length; i++) {
        bool hex = (id[i] >= '0' && id[i] <= '9') || (id[i] >= 'a' && id[i] <= 'f');

        if (form[i] == '-' ? id[i] != '-' : !hex)
            return false;
    }
    return true;
}

bool organisation_id_valid(const char *id, size_t length)
{
    if (length != ORGANISATION_ID_SIZE - 1)
        return false;
    for (size_t i = 0; i < length; i++)
        if (!((id[i] >= 'a' && id[i] <= 'z') || (id[i] >= '2' && id[i] <= '7')))
            return false;
    return true;
}

/* The bytes of the subject's only entry of this kind; 0 when there is not exactly one. */
static size_t subject_entry(const X509 *x509, int nid, const char **ret_bytes)
{
    const X509_NAME *subject = X509_get_subject_name(x509);
    int at = X509_NAME_get_index_by_NID(subject, nid, -1);
    const ASN1_STRING *value;

    if (at < 0 || X509_NAME_get_index_by_NID(subject, nid, at) >= 0)
        return 0;
    value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at));
    *ret_bytes = (const char *)ASN1_STRING_get0_data(value);
    return (size_t)ASN1_STRING_length(value);
}

int certificate_machine(const struct certificate *certificate,
                        char ret_organisation[ORGANISATION_ID_SIZE],
                        char ret_machine[MACHINE_ID_SIZE], struct error *err)
{
    const char *organisation = "", *machine = "";
    const X509 *x509 = certificate->x509;
    size_t organisation_length = subject_entry(x509, NID_organizationName, &organisation);
    size_t machine_length = subject_entry(x509, NID_commonName, &machine);

    if (X509_NAME_entry_count(X509_get_subject_name(x509)) != 2 ||
        !organisation_id_valid(organisation, organisation_length) ||
        !machine_id_valid(machine, machine_length))
        return error_set(err, EBADMSG,
                         "certificate: the subject is not an organisation and a machine");
    memcpy(ret_organisation, organisation, organisation_length);
    ret_organisation[organisation_length] = '\0';
    memcpy(ret_machine, machine, machine_length);
    ret_machine[machine_length] = '\0';
    return 0;
}

static const char *purpose_name(enum certificate_purpose purpose)
{
    for (size_t i = 0; i < USAGE_COUNT; i++)
        if (usages[i].purpose == purpose)
            return usages[i].name;
    return "an authority's";
}

/* Whether libcrypto built exactly this chain. */
static bool is_chain(X509_STORE_CTX *context, X509 *const expected[CHAIN_LENGTH])
{
    const STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(context);

    if (sk_X509_num(chain) != CHAIN_LENGTH)
        return false;
    for (int i = 0; i < CHAIN_LENGTH; i++)
        if (X509_cmp(sk_X509_value(chain, i), expected[i]) != 0)
            return false;
    return true;
}

/*
 * Everything but the times, which the caller judges: libcrypto stops at the first fault, and a
 * wrong signature behind an expired certificate must not look like a matter of time alone.
 */
static int verify_signatures(X509 *const chain[CHAIN_LENGTH], struct error *err)
{
    AUTO(auto_X509_STORE_free) X509_STORE *store = X509_STORE_new();
    AUTO(auto_X509_STORE_CTX_free) X509_STORE_CTX *context = X509_STORE_CTX_new();
    STACK_OF(X509) *untrusted = sk_X509_new_null();
    X509_VERIFY_PARAM *param;
    int r = 0;

    if (store == NULL || context == NULL || untrusted == NULL ||
        sk_X509_push(untrusted, chain[1]) != 1 || X509_STORE_add_cert(store, chain[2]) != 1 ||
        X509_STORE_CTX_init(context, store, chain[0], untrusted) != 1)
        abort();
    param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_depth(param, 1);
    X509_VERIFY_PARAM_set_auth_level(param, 3);
    if (X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_ANY) != 1 ||
        X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT | X509_V_FLAG_NO_CHECK_TIME) !=
            1)
        abort();
    if (X509_verify_cert(context) != 1 || !is_chain(context, chain))
        r = crypto_refuse(err, EKEYREJECTED, "certificate: not certified by the pinned root: %s",
                          X509_verify_cert_error_string(X509_STORE_CTX_get_error(context)));
    sk_X509_free(untrusted);
    return r;
}

static int check_times(const struct certificate *certificate, int64_t now, struct error *err)
{
    char time[CLOCK_TEXT_SIZE];

    if (now < certificate->not_before) {
        clock_to_text(certificate->not_before, time);
        return error_set(err, EKEYEXPIRED, "certificate: not valid before %s", time);
    }
    if (now > certificate->not_after) {
        clock_to_text(certificate->not_after, time);
        return error_set(err, EKEYEXPIRED, "certificate: expired at %s", time);
    }
    return 0;
}

int certificate_verify(const struct certificate *leaf, const struct certificate *intermediate,
                       const struct certificate *root, enum certificate_purpose purpose,
                       int64_t now, struct error *err)
{
    int r;

    if (leaf->purpose == CERTIFICATE_UNKNOWN || leaf->purpose != purpose ||
        purpose == CERTIFICATE_AUTHORITY)
        return error_set(err, EKEYREJECTED, "certificate: not %s certificate",
                         purpose_name(purpose));
    if (intermediate->purpose != CERTIFICATE_AUTHORITY ||
        X509_get_pathlen(intermediate->x509) != 0 || root->purpose != CERTIFICATE_AUTHORITY)
        return error_set(err, EKEYREJECTED, "certificate: its issuers are no authorities");
    r = verify_signatures((X509 *const[]){leaf->x509, intermediate->x509, root->x509}, err);
    if (r == 0)
        r = check_times(leaf, now, err);
    if (r == 0)
        r = check_times(intermediate, now, err);
    return r < 0 ? r : check_times(root, now, err);
}
