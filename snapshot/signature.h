#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/digest.h"
#include "platform/error.h"

struct text;

/*
 * P-256 keys, X.509 certificates as far as signatures need them, and compact JWS with ES256
 * (RFC 7515, RFC 7518 3.4). Nothing here reads an algorithm or a key from what it verifies.
 */

/* ---- Private keys. A TPM may stand behind the same functions later. */
struct signing_key;

int signing_key_generate(struct signing_key **ret_key, struct error *err);
/*
 * PKCS#8 PEM without passphrase, in the form that signing_key_to_pem() writes: refuses everything
 * but P-256 with the named curve and both halves of the key.
 */
int signing_key_from_pem(const char *pem, size_t length, struct signing_key **ret_key,
                         struct error *err);
int signing_key_to_pem(const struct signing_key *key, struct text *out, struct error *err);
void signing_key_free(struct signing_key *key);
void auto_signing_key_free(struct signing_key **key);
/* SHA-256 of the DER SubjectPublicKeyInfo. */
void signing_key_spki_digest(const struct signing_key *key, struct digest *ret_digest);
/* A PKCS#10 request (DER) with an empty subject, signed by the key: proof of possession. */
int signing_key_request(const struct signing_key *key, struct text *out_der, struct error *err);
/* For the TLS code of the two sides only: the EVP_PKEY inside, still owned by the key. */
void *signing_key_openssl(const struct signing_key *key);

/* ---- Certificates. */
struct certificate;

/* What a certificate of ours is for; each has its own extended key usage (docs/snapshot-format.md).
 */
enum certificate_purpose {
    CERTIFICATE_TLS_CLIENT, /* clientAuth */
    CERTIFICATE_SIGNING,    /* documentSigning, RFC 9336: 1.3.6.1.5.5.7.3.36 */
    CERTIFICATE_TLS_SERVER, /* serverAuth */
    CERTIFICATE_RECEIPT,    /* 2.25.269830318414036420553407066937412384711 */
    CERTIFICATE_AUTHORITY,  /* CA:TRUE */
    CERTIFICATE_UNKNOWN,
};
#define RECEIPT_USAGE_OID "2.25.269830318414036420553407066937412384711"

#define MACHINE_ID_SIZE      37U /* a UUID in lower case with its NUL */
#define ORGANISATION_ID_SIZE 17U /* 16 characters of [a-z2-7] with NUL: opaque, random */
bool machine_id_valid(const char *id, size_t length);
bool organisation_id_valid(const char *id, size_t length);

#define CERTIFICATE_MAX_SIZE 8192U /* of the DER */

/* Exactly one certificate, with a key on the named curve P-256. -EBADMSG or -EFBIG otherwise. */
int certificate_from_der(const void *der, size_t length, struct certificate **ret_certificate,
                         struct error *err);
int certificate_from_pem(const char *pem, size_t length, struct certificate **ret_certificate,
                         struct error *err);
/* One that OpenSSL has decoded already, as TLS does: an X509, of which it takes a share. */
int certificate_from_openssl(void *x509, struct certificate **ret_certificate, struct error *err);
void certificate_free(struct certificate *certificate);
void auto_certificate_free(struct certificate **certificate);
void certificate_to_der(const struct certificate *certificate, struct text *out);
void certificate_to_pem(const struct certificate *certificate, struct text *out);
/* SHA-256 of the whole DER (x5t#S256), and of its SubjectPublicKeyInfo (the pin). */
void certificate_digest(const struct certificate *certificate, struct digest *ret_digest);
void certificate_spki_digest(const struct certificate *certificate, struct digest *ret_digest);
/* By basic constraints, key usage and the only extended key usage; anything odd is unknown. */
enum certificate_purpose certificate_purpose(const struct certificate *certificate);
int64_t certificate_not_before(const struct certificate *certificate);
int64_t certificate_not_after(const struct certificate *certificate);
/* Whether the certificate certifies this key. */
bool certificate_is_for(const struct certificate *certificate, const struct signing_key *key);
/* For the TLS code of the two sides only: the X509 inside, still owned by the certificate. */
void *certificate_openssl(const struct certificate *certificate);

/*
 * The machine a certificate of ours was issued to: CN is the machine's UUID, O the organisation's
 * opaque identifier. -EBADMSG when the subject has another form.
 */
int certificate_machine(const struct certificate *certificate,
                        char ret_organisation[ORGANISATION_ID_SIZE],
                        char ret_machine[MACHINE_ID_SIZE], struct error *err);

/*
 * Verifies leaf -> intermediate -> root at the time, exactly one intermediate, the leaf for this
 * purpose. root is trusted because the caller pinned it. Fails with -EKEYEXPIRED when time alone is
 * wrong (too early too), -EKEYREJECTED otherwise.
 */
int certificate_verify(const struct certificate *leaf, const struct certificate *intermediate,
                       const struct certificate *root, enum certificate_purpose purpose,
                       int64_t now, struct error *err);

/*
 * A machine's own certificate as its file holds it, without a reading of its insides: for signing,
 * after it was verified when it came. Adds the DER inside; -EBADMSG or -EFBIG when there is none.
 */
int own_certificate_from_pem(const char *pem, size_t length, struct text *out_der,
                             struct error *err);
/*
 * Whether these bytes are a whole one that names this key, this machine and signing as its use.
 * It finds a mix-up of files, not a forgery: certificate_verify() is for what comes from outside.
 */
bool own_certificate_fits(const struct text *der, const struct signing_key *key,
                          const char *machine);

/* ---- JWS. */
#define JWS_MAX_SIZE (1024U * 1024U)

/* Adds header.payload.signature; header is the exact JSON text. -EFBIG above JWS_MAX_SIZE. */
int jws_sign(const struct signing_key *key, const char *header, const void *payload,
             size_t payload_length, struct text *out, struct error *err);

/* A compact JWS taken apart but not believed. Start with {0}, end with jws_clear(). */
struct jws {
    char *header; /* decoded JSON text, NUL-terminated, without NUL inside */
    uint8_t *payload;
    size_t payload_length;
    uint8_t signature[64];
    const char *signed_part; /* inside the compact text that was given */
    size_t signed_length;
};

/* Fails with -EBADMSG on anything but three well-formed base64url parts with a 64-byte signature,
 * -EFBIG above JWS_MAX_SIZE. compact must outlive jws. */
int jws_split(const char *compact, size_t length, struct jws *jws, struct error *err);
void jws_clear(struct jws *jws);

/*
 * Checks the signature with the certificate's key: -EKEYREJECTED when it does not verify, or when
 * its s is above half the order of the curve. jws_sign never makes such a one, so nobody without
 * the key can turn a signed text into another that counts.
 */
int jws_verify(const struct jws *jws, const struct certificate *certificate, struct error *err);
