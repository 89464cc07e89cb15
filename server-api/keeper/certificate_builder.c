/* Certificates by RFC 5280 with the extended key usage of RFC 9336 for signing. */
#include "server-api/keeper/certificate_builder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/random.h"
#include "server-api/openssl_scope.h"

#define SERIAL_SIZE     16U
#define SERVER_NAME_MAX 253U
#define HOST_LABEL_MAX  63U
#define URN_PREFIX      "urn:uuid:"
#define PATHLEN_EXAMPLE "critical,CA:TRUE,pathlen:1"

static const char *usage_of(enum certificate_purpose purpose)
{
    switch (purpose) {
    case CERTIFICATE_TLS_CLIENT:
        return "clientAuth";
    case CERTIFICATE_SIGNING:
        return "1.3.6.1.5.5.7.3.36";
    case CERTIFICATE_TLS_SERVER:
        return "serverAuth";
    case CERTIFICATE_RECEIPT:
        return RECEIPT_USAGE_OID;
    case CERTIFICATE_AUTHORITY:
    case CERTIFICATE_UNKNOWN:
        break;
    }
    return NULL;
}

static bool is_for_machine(enum certificate_purpose purpose)
{
    return purpose == CERTIFICATE_TLS_CLIENT || purpose == CERTIFICATE_SIGNING;
}

/* 127 random bits: never negative, never guessed (RFC 5280, 4.1.2.2). */
static bool set_serial(X509 *x509)
{
    uint8_t bytes[SERIAL_SIZE];
    BIGNUM *number;
    bool ok;

    random_bytes(bytes, sizeof(bytes));
    bytes[0] &= 0x7f;
    number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    ok = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x509)) != NULL;
    BN_free(number);
    return ok;
}

static bool add_name(X509 *x509, const char *field, const char *value)
{
    return X509_NAME_add_entry_by_txt(X509_get_subject_name(x509), field, MBSTRING_UTF8,
                                      (const unsigned char *)value, -1, -1, 0) == 1;
}

static bool set_names(X509 *x509, const struct certificate_fields *fields)
{
    bool ok = true;
    X509 *issuer;

    if (is_for_machine(fields->purpose))
        ok = add_name(x509, "O", fields->organisation) && add_name(x509, "CN", fields->machine);
    else if (fields->purpose != CERTIFICATE_TLS_SERVER)
        ok = add_name(x509, "CN", fields->common_name);
    issuer = fields->issuer == NULL ? x509 : certificate_openssl(fields->issuer);
    return ok && X509_set_issuer_name(x509, X509_get_subject_name(issuer)) == 1;
}

static bool set_key(X509 *x509, const struct certificate_fields *fields)
{
    const unsigned char *next = fields->spki;
    AUTO(auto_EVP_PKEY_free)
    EVP_PKEY *key = d2i_PUBKEY(NULL, &next, (long)fields->spki_length);

    return key != NULL && next == fields->spki + fields->spki_length &&
           X509_set_pubkey(x509, key) == 1;
}

static bool set_times(X509 *x509, const struct certificate_fields *fields)
{
    return ASN1_TIME_set(X509_getm_notBefore(x509), fields->not_before) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(x509), fields->not_after) != NULL;
}

/* The value in the words of x509v3_config(5): constants of ours, never something from outside. */
static bool add_extension(X509 *x509, X509 *issuer, int nid, const char *value)
{
    AUTO(auto_X509_EXTENSION_free) X509_EXTENSION *extension = NULL;
    X509V3_CTX context;

    X509V3_set_ctx(&context, issuer, x509, NULL, NULL, 0);
    extension = X509V3_EXT_nconf_nid(NULL, &context, nid, value);
    return extension != NULL && X509_add_ext(x509, extension, -1) == 1;
}

static bool add_constraints(X509 *x509, const struct certificate_fields *fields)
{
    char authority[sizeof(PATHLEN_EXAMPLE) + 16];

    if (fields->purpose != CERTIFICATE_AUTHORITY)
        return add_extension(x509, NULL, NID_basic_constraints, "critical,CA:FALSE") &&
               add_extension(x509, NULL, NID_key_usage, "critical,digitalSignature") &&
               add_extension(x509, NULL, NID_ext_key_usage, usage_of(fields->purpose));
    (void)snprintf(authority, sizeof(authority), "critical,CA:TRUE,pathlen:%u",
                   fields->intermediates_below);
    return add_extension(x509, NULL, NID_basic_constraints, authority) &&
           add_extension(x509, NULL, NID_key_usage, "critical,keyCertSign,cRLSign");
}

static bool add_key_identifiers(X509 *x509, const struct certificate_fields *fields)
{
    X509 *issuer = fields->issuer == NULL ? x509 : certificate_openssl(fields->issuer);

    return add_extension(x509, NULL, NID_subject_key_identifier, "hash") &&
           add_extension(x509, issuer, NID_authority_key_identifier, "keyid:always");
}

/* Adds one alternative name; type is GEN_URI, GEN_DNS or GEN_IPADD. */
static bool push_name(GENERAL_NAMES *names, int type, const void *bytes, size_t length)
{
    AUTO(auto_GENERAL_NAME_free) GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value =
        ASN1_STRING_type_new(type == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);

    if (name == NULL || value == NULL || ASN1_STRING_set(value, bytes, (int)length) != 1) {
        ASN1_STRING_free(value);
        return false;
    }
    GENERAL_NAME_set0_value(name, type, value);
    if (sk_GENERAL_NAME_push(names, name) <= 0)
        return false;
    name = NULL;
    return true;
}

static bool push_server_name(GENERAL_NAMES *names, const char *name)
{
    uint8_t address[16];

    if (inet_pton(AF_INET, name, address) == 1)
        return push_name(names, GEN_IPADD, address, 4);
    if (inet_pton(AF_INET6, name, address) == 1)
        return push_name(names, GEN_IPADD, address, 16);
    return push_name(names, GEN_DNS, name, strlen(name));
}

static bool add_alternative_names(X509 *x509, const struct certificate_fields *fields)
{
    AUTO(auto_GENERAL_NAMES_free) GENERAL_NAMES *names = GENERAL_NAMES_new();
    char urn[sizeof(URN_PREFIX) + MACHINE_ID_SIZE];
    bool ok = names != NULL;

    if (is_for_machine(fields->purpose)) {
        int length = snprintf(urn, sizeof(urn), URN_PREFIX "%s", fields->machine);

        ok = ok && push_name(names, GEN_URI, urn, (size_t)length);
    } else if (fields->purpose == CERTIFICATE_TLS_SERVER) {
        for (size_t i = 0; ok && fields->names[i] != NULL; i++)
            ok = push_server_name(names, fields->names[i]);
    } else {
        return ok;
    }
    /* RFC 5280, 4.2.1.6: critical when the subject is empty. */
    return ok && X509_add1_ext_i2d(x509, NID_subject_alt_name, names,
                                   fields->purpose == CERTIFICATE_TLS_SERVER, 0) == 1;
}

static bool fill(X509 *x509, const struct certificate_fields *fields)
{
    return x509 != NULL && X509_set_version(x509, X509_VERSION_3) == 1 && set_serial(x509) &&
           set_names(x509, fields) && set_key(x509, fields) && set_times(x509, fields) &&
           add_constraints(x509, fields) && add_key_identifiers(x509, fields) &&
           add_alternative_names(x509, fields) &&
           X509_sign(x509, signing_key_openssl(fields->issuer_key), EVP_sha256()) > 0;
}

int certificate_build(const struct certificate_fields *fields, struct certificate **ret_certificate,
                      struct error *err)
{
    AUTO(auto_X509_free) X509 *x509 = X509_new();
    AUTO(auto_openssl_free) unsigned char *der = NULL;
    int length;

    if (!fill(x509, fields) || (length = i2d_X509(x509, &der)) <= 0) {
        ERR_clear_error();
        return error_set(err, EIO, "OpenSSL cannot make the certificate");
    }
    return certificate_from_der(der, (size_t)length, ret_certificate, err);
}

static bool host_label_valid(const char *label, size_t length)
{
    if (length == 0 || length > HOST_LABEL_MAX || label[0] == '-' || label[length - 1] == '-')
        return false;
    return strspn(label, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") >=
           length;
}

bool server_name_valid(const char *name)
{
    uint8_t address[16];

    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
        return true;
    if (strlen(name) > SERVER_NAME_MAX)
        return false;
    for (;;) {
        size_t length = strcspn(name, ".");

        if (!host_label_valid(name, length))
            return false;
        if (name[length] == '\0')
            return name[strspn(name, "0123456789")] != '\0'; /* else a mistyped address */
        name += length + 1;
    }
}
