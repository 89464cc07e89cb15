#include "server-api/enrolment/csr.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"
#include "server-api/openssl_scope.h"
#include "snapshot/signature.h"
#include "tests/support/test.h"

static void must(int result)
{
    assert_true(result > 0);
}

static EVP_PKEY *new_key(const char *curve)
{
    EVP_PKEY *key = EVP_EC_gen(curve);

    assert_non_null(key);
    return key;
}

/* A request for a key, by a signer that may be another one. */
static void make_request(EVP_PKEY *key, EVP_PKEY *signer, const EVP_MD *digest, struct text *out)
{
    AUTO(auto_X509_REQ_free) X509_REQ *request = X509_REQ_new();
    AUTO(auto_openssl_free) unsigned char *der = NULL;
    int length;

    must(X509_REQ_set_version(request, X509_REQ_VERSION_1));
    must(X509_REQ_set_pubkey(request, key));
    must(X509_REQ_sign(request, signer, digest));
    length = i2d_X509_REQ(request, &der);
    must(length);
    text_add(out, der, (size_t)length);
}

static int read_der(const struct text *der, struct error *err)
{
    AUTO(text_clear) struct text encoded = {0};
    uint8_t spki[P256_SPKI_SIZE];

    base64_encode(der->bytes, der->length, &encoded);
    return csr_read(text_string(&encoded), encoded.length, spki, err);
}

static void assert_refused(const struct text *der, const char *words)
{
    struct error err = {0};

    assert_int_equal(read_der(der, &err), -EBADMSG);
    if (strstr(err.message, words) == NULL)
        fail_msg("it says: %s", err.message);
}

static void valid_request(struct text *out)
{
    AUTO(auto_EVP_PKEY_free) EVP_PKEY *key = new_key("P-256");

    make_request(key, key, EVP_sha256(), out);
}

TEST(answers_the_key_of_a_request)
{
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(text_clear) struct text der = {0};
    AUTO(text_clear) struct text encoded = {0};
    uint8_t spki[P256_SPKI_SIZE], expected[P256_SPKI_SIZE];

    assert_int_equal(signing_key_generate(&key, NULL), 0);
    assert_int_equal(signing_key_request(key, &der, NULL), 0);
    base64_encode(der.bytes, der.length, &encoded);
    assert_int_equal(csr_read(encoded.bytes, encoded.length, spki, NULL), 0);
    spki_of_key(key, expected);
    assert_memory_equal(spki, expected, sizeof(spki));
}

TEST(takes_base64_with_line_breaks)
{
    AUTO(text_clear) struct text der = {0};
    AUTO(text_clear) struct text encoded = {0};
    AUTO(text_clear) struct text lines = {0};
    uint8_t spki[P256_SPKI_SIZE];

    valid_request(&der);
    base64_encode(der.bytes, der.length, &encoded);
    for (size_t i = 0; i < encoded.length; i++)
        text_add_format(&lines, i % 64 == 63 ? "%c\r\n" : "%c", encoded.bytes[i]);
    assert_int_equal(csr_read(lines.bytes, lines.length, spki, NULL), 0);
}

static void add_alternative_name(X509_REQ *request)
{
    STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    X509_EXTENSION *name =
        X509V3_EXT_nconf_nid(NULL, NULL, NID_subject_alt_name, "critical,DNS:server.example");

    assert_non_null(name);
    must(sk_X509_EXTENSION_push(extensions, name));
    must(X509_REQ_add_extensions(request, extensions));
    sk_X509_EXTENSION_pop_free(extensions, X509_EXTENSION_free);
}

/* With a subject and an extension, which makes it longer than 255 bytes. */
static void long_request(struct text *out)
{
    static const char somebody[] = "somebody else, with a name that is as long as it may be";
    AUTO(auto_EVP_PKEY_free) EVP_PKEY *key = new_key("P-256");
    AUTO(auto_X509_REQ_free) X509_REQ *request = X509_REQ_new();
    AUTO(auto_openssl_free) unsigned char *der = NULL;
    X509_NAME *subject = X509_REQ_get_subject_name(request);
    int length;

    must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)somebody,
                                    -1, -1, 0));
    add_alternative_name(request);
    must(X509_REQ_set_pubkey(request, key));
    must(X509_REQ_sign(request, key, EVP_sha256()));
    length = i2d_X509_REQ(request, &der);
    must(length);
    text_add(out, der, (size_t)length);
}

TEST(ignores_subject_and_extensions)
{
    AUTO(text_clear) struct text der = {0};

    long_request(&der);
    assert_int_equal(read_der(&der, NULL), 0);
}

TEST(refuses_other_curves_and_algorithms)
{
    static const char *const curves[] = {"P-384", "P-521", "secp256k1"};

    for (size_t i = 0; i < sizeof(curves) / sizeof(*curves); i++) {
        AUTO(auto_EVP_PKEY_free) EVP_PKEY *key = new_key(curves[i]);
        AUTO(text_clear) struct text der = {0};

        make_request(key, key, EVP_sha256(), &der);
        assert_refused(&der, "not on P-256");
    }
}

TEST(refuses_keys_of_other_kinds)
{
    AUTO(auto_EVP_PKEY_free) EVP_PKEY *rsa = EVP_RSA_gen(2048);
    AUTO(auto_EVP_PKEY_free) EVP_PKEY *edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    AUTO(text_clear) struct text der = {0};

    make_request(rsa, rsa, EVP_sha256(), &der);
    assert_refused(&der, "not on P-256");
    text_truncate(&der, 0);
    make_request(edwards, edwards, NULL, &der);
    assert_refused(&der, "not on P-256");
}

TEST(refuses_the_right_curve_when_it_is_not_said_by_name)
{
    AUTO(auto_EVP_PKEY_free) EVP_PKEY *key = new_key("P-256");
    AUTO(text_clear) struct text der = {0};

    must(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_ENCODING,
                                        OSSL_PKEY_EC_ENCODING_EXPLICIT));
    make_request(key, key, EVP_sha256(), &der);
    assert_refused(&der, "not on P-256");
}

TEST(refuses_a_compressed_point)
{
    AUTO(auto_EVP_PKEY_free) EVP_PKEY *key = new_key("P-256");
    AUTO(text_clear) struct text der = {0};

    must(EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                        OSSL_PKEY_EC_POINT_CONVERSION_FORMAT_COMPRESSED));
    make_request(key, key, EVP_sha256(), &der);
    assert_refused(&der, "not on P-256");
}

TEST(refuses_a_request_without_proof_of_the_key)
{
    AUTO(auto_EVP_PKEY_free) EVP_PKEY *key = new_key("P-256");
    AUTO(auto_EVP_PKEY_free) EVP_PKEY *other = new_key("P-256");
    AUTO(text_clear) struct text der = {0};

    make_request(key, other, EVP_sha256(), &der);
    assert_refused(&der, "not by its key");
}

TEST(refuses_other_digests)
{
    AUTO(auto_EVP_PKEY_free) EVP_PKEY *key = new_key("P-256");
    AUTO(text_clear) struct text der = {0};

    make_request(key, key, EVP_sha1(), &der);
    assert_refused(&der, "ECDSA and SHA-256");
    text_truncate(&der, 0);
    make_request(key, key, EVP_sha384(), &der);
    assert_refused(&der, "ECDSA and SHA-256");
}

TEST(refuses_what_is_not_exactly_one_request)
{
    AUTO(text_clear) struct text der = {0};
    size_t length;

    valid_request(&der);
    length = der.length;
    text_add(&der, "", 1);
    assert_refused(&der, "not one PKCS#10 request");
    text_truncate(&der, length);
    valid_request(&der);
    assert_refused(&der, "not one PKCS#10 request");
    for (size_t end = 1; end < length; end++) {
        text_truncate(&der, length - end);
        assert_refused(&der, "not one PKCS#10 request");
    }
}

TEST(refuses_another_spelling_than_der)
{
    AUTO(text_clear) struct text der = {0};
    AUTO(text_clear) struct text indefinite = {0};

    valid_request(&der);
    /* The outer SEQUENCE with indefinite length and an end mark instead of its length. */
    assert_int_equal((unsigned char)der.bytes[1], 0x81);
    text_add(&indefinite, "\x30\x80", 2);
    text_add(&indefinite, der.bytes + 3, der.length - 3);
    text_add(&indefinite, "\0\0", 2);
    assert_refused(&indefinite, "not one PKCS#10 request");

    /* A long one is as long as before. */
    text_truncate(&der, 0);
    text_truncate(&indefinite, 0);
    long_request(&der);
    assert_int_equal((unsigned char)der.bytes[1], 0x82);
    text_add(&indefinite, "\x30\x80", 2);
    text_add(&indefinite, der.bytes + 4, der.length - 4);
    text_add(&indefinite, "\0\0", 2);
    assert_int_equal(indefinite.length, der.length);
    assert_refused(&indefinite, "not one PKCS#10 request");
}

TEST(refuses_every_changed_bit)
{
    AUTO(text_clear) struct text der = {0};

    valid_request(&der);
    for (size_t bit = 0; bit < der.length * 8; bit++) {
        der.bytes[bit / 8] = (char)(der.bytes[bit / 8] ^ (1 << bit % 8));
        if (read_der(&der, NULL) == 0)
            fail_msg("accepts a change of bit %zu", bit);
        der.bytes[bit / 8] = (char)(der.bytes[bit / 8] ^ (1 << bit % 8));
    }
}

TEST(refuses_a_body_that_is_no_base64)
{
    static const char *const bodies[] = {
        "", " ", "A", "AAA", "A===", "-----BEGIN CERTIFICATE REQUEST-----", "AAAA*AAA", "AA==AA=="};
    uint8_t spki[P256_SPKI_SIZE];
    struct error err = {0};

    for (size_t i = 0; i < sizeof(bodies) / sizeof(*bodies); i++) {
        assert_int_equal(csr_read(bodies[i], strlen(bodies[i]), spki, &err), -EBADMSG);
        assert_non_null(strstr(err.message, "not base64"));
    }
    assert_int_equal(csr_read("AAAA\0AAA", 8, spki, &err), -EBADMSG);
}

TEST(bounds_the_text_and_what_it_holds)
{
    AUTO(text_clear) struct text body = {0};
    uint8_t spki[P256_SPKI_SIZE];

    for (size_t i = 0; i < CSR_TEXT_MAX + 1; i++)
        text_add(&body, "A", 1);
    assert_int_equal(csr_read(body.bytes, body.length, spki, NULL), -EFBIG);
    text_truncate(&body, CSR_TEXT_MAX);
    assert_int_equal(csr_read(body.bytes, body.length, spki, NULL), -EFBIG);
    text_truncate(&body, CSR_MAX / 3 * 4);
    assert_int_equal(csr_read(body.bytes, body.length, spki, NULL), -EBADMSG);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(answers_the_key_of_a_request),
        RUN(takes_base64_with_line_breaks),
        RUN(ignores_subject_and_extensions),
        RUN(refuses_other_curves_and_algorithms),
        RUN(refuses_keys_of_other_kinds),
        RUN(refuses_the_right_curve_when_it_is_not_said_by_name),
        RUN(refuses_a_compressed_point),
        RUN(refuses_a_request_without_proof_of_the_key),
        RUN(refuses_other_digests),
        RUN(refuses_what_is_not_exactly_one_request),
        RUN(refuses_another_spelling_than_der),
        RUN(refuses_every_changed_bit),
        RUN(refuses_a_body_that_is_no_base64),
        RUN(bounds_the_text_and_what_it_holds),
    };

    return RUN_ALL(tests);
}
