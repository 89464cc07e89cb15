#include "tests/support/authority.h"

#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "tests/support/test.h"

/* Calls of libcrypto that cannot fail in a test. */
#define MUST(call)                                                                                 \
    do {                                                                                           \
        if (!(call))                                                                               \
            fail_msg("libcrypto: %s failed", #call);                                               \
    } while (false)

static void set_name(X509 *x509, const char *field, const char *value)
{
    if (value != NULL)
        MUST(X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), field, MBSTRING_UTF8,
                                        (const unsigned char *)value, -1, -1, 0) == 1);
}

static void add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    if (value == NULL)
        return;
    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
    MUST(extension != NULL);
    MUST(X509_add_ext(x509, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static void set_serial(X509 *x509)
{
    BIGNUM *serial = BN_new();

    MUST(BN_rand(serial, 127, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1);
    MUST(BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(x509)) != NULL);
    BN_free(serial);
}

static X509 *build(X509 *issuer, const struct profile *profile, EVP_PKEY *key)
{
    X509 *x509 = X509_new();

    MUST(x509 != NULL && X509_set_version(x509, X509_VERSION_3) == 1);
    set_serial(x509);
    set_name(x509, "O", profile->organisation);
    set_name(x509, "CN", profile->common_name);
    set_name(x509, "C", profile->country);
    MUST(X509_set_issuer_name(x509, X509_get_subject_name(issuer == NULL ? x509 : issuer)) == 1);
    MUST(ASN1_TIME_set(X509_getm_notBefore(x509), profile->not_before) != NULL);
    MUST(ASN1_TIME_set(X509_getm_notAfter(x509), profile->not_after) != NULL);
    MUST(X509_set_pubkey(x509, key) == 1);
    add_extension(x509, issuer, NID_basic_constraints, profile->basic_constraints);
    add_extension(x509, issuer, NID_key_usage, profile->key_usage);
    add_extension(x509, issuer, NID_ext_key_usage, profile->extended_key_usage);
    add_extension(x509, issuer, NID_subject_key_identifier, "hash");
    if (issuer != NULL)
        add_extension(x509, issuer, NID_authority_key_identifier, "keyid:always");
    return x509;
}

struct certificate *certify(const struct certificate *issuer, const struct signing_key *issuer_key,
                            const struct profile *profile, const struct signing_key *key)
{
    X509 *x509 = build(issuer == NULL ? NULL : certificate_openssl(issuer), profile,
                       signing_key_openssl(key));
    struct certificate *certificate = NULL;
    struct error err = {0};
    unsigned char *der = NULL;
    int length;

    MUST(X509_sign(x509, signing_key_openssl(issuer_key), EVP_sha256()) > 0);
    length = i2d_X509(x509, &der);
    MUST(length > 0);
    if (certificate_from_der(der, (size_t)length, &certificate, &err) < 0)
        fail_msg("%s", err.message);
    OPENSSL_free(der);
    X509_free(x509);
    return certificate;
}

struct profile authority_profile(enum certificate_purpose purpose)
{
    static const char *const usages[] = {
        [CERTIFICATE_TLS_CLIENT] = "clientAuth",
        [CERTIFICATE_SIGNING] = "1.3.6.1.5.5.7.3.36",
        [CERTIFICATE_TLS_SERVER] = "serverAuth",
        [CERTIFICATE_RECEIPT] = RECEIPT_USAGE_OID,
    };
    struct profile profile = {
        .basic_constraints = "critical,CA:FALSE",
        .key_usage = "critical,digitalSignature",
        .organisation = TEST_ORGANISATION,
        .common_name = TEST_MACHINE,
        .not_before = TEST_NOT_BEFORE,
        .not_after = TEST_NOT_AFTER,
    };

    if (purpose < CERTIFICATE_AUTHORITY) {
        profile.extended_key_usage = usages[purpose];
        return profile;
    }
    profile.basic_constraints = "critical,CA:TRUE,pathlen:0";
    profile.key_usage = "critical,keyCertSign,cRLSign";
    profile.organisation = NULL;
    profile.common_name = "Dijkwacht test intermediate";
    return profile;
}

static struct signing_key *new_key(void)
{
    struct signing_key *key = NULL;

    MUST(signing_key_generate(&key, NULL) == 0);
    return key;
}

struct authority *authority_new(void)
{
    struct authority *authority = must_allocate(1, sizeof(*authority));
    struct profile profile = authority_profile(CERTIFICATE_AUTHORITY);

    authority->root_key = new_key();
    authority->intermediate_key = new_key();
    authority->intermediate = NULL;
    profile.basic_constraints = "critical,CA:TRUE,pathlen:1";
    profile.common_name = "Dijkwacht test root";
    authority->root = certify(NULL, authority->root_key, &profile, authority->root_key);
    profile = authority_profile(CERTIFICATE_AUTHORITY);
    authority->intermediate =
        certify(authority->root, authority->root_key, &profile, authority->intermediate_key);
    return authority;
}

void authority_free(struct authority *authority)
{
    if (authority == NULL)
        return;
    certificate_free(authority->root);
    certificate_free(authority->intermediate);
    signing_key_free(authority->root_key);
    signing_key_free(authority->intermediate_key);
    free(authority);
}

void auto_authority_free(struct authority **authority)
{
    authority_free(*authority);
}

struct certificate *authority_issue_profile(const struct authority *authority,
                                            const struct profile *profile,
                                            const struct signing_key *key)
{
    return certify(authority->intermediate, authority->intermediate_key, profile, key);
}

struct certificate *authority_issue(const struct authority *authority,
                                    enum certificate_purpose purpose, const struct signing_key *key)
{
    struct profile profile = authority_profile(purpose);

    return authority_issue_profile(authority, &profile, key);
}
