#include "agent/identity.h"

#include <errno.h>
#include <openssl/pkcs7.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/identity_pkcs7.h"
#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "tests/support/authority.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

#define NAME  "0123456789abcdef"
#define OTHER "fedcba9876543210"

static char *folder;
static int fd = -1;

static int make_folder(void **state)
{
    (void)state;
    folder = fixture_new_folder();
    fd = directory_open(folder, NULL);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    (void)close(fd);
    fixture_remove(folder);
    return 0;
}

TEST(a_key_is_on_disk_before_it_is_used_and_found_again)
{
    AUTO(auto_signing_key_free) struct signing_key *first = NULL, *again = NULL;
    struct digest left, right;
    struct stat status;

    assert_int_equal(identity_begin(fd, IDENTITY_SIGNING, NAME, &first, NULL), 0);
    assert_int_equal(fstatat(fd, "signing-" NAME ".key", &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(identity_begin(fd, IDENTITY_SIGNING, NAME, &again, NULL), 0);
    signing_key_spki_digest(first, &left);
    signing_key_spki_digest(again, &right);
    assert_memory_equal(&left, &right, sizeof(left));
}

TEST(a_damaged_key_is_never_replaced_in_silence)
{
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    struct error err = {0};

    fixture_write(folder, "signing-" NAME ".key", "-----BEGIN PRIVATE KEY-----\nAAAA\n");
    assert_true(identity_begin(fd, IDENTITY_SIGNING, NAME, &key, &err) < 0);
    assert_non_null(strstr(err.message, "signing-" NAME ".key"));
}

TEST(a_certificate_of_another_key_is_refused)
{
    AUTO(auto_authority_free) struct authority *authority = authority_new();
    AUTO(auto_signing_key_free) struct signing_key *key = NULL, *other = NULL;
    AUTO(auto_certificate_free) struct certificate *certificate = NULL, *own = NULL;
    AUTO(identity_clear) struct identity identity = {0};
    struct error err = {0};

    assert_int_equal(identity_begin(fd, IDENTITY_TLS, NAME, &key, NULL), 0);
    assert_int_equal(signing_key_generate(&other, NULL), 0);
    certificate = authority_issue(authority, CERTIFICATE_TLS_CLIENT, other);
    assert_int_equal(identity_save_certificate(fd, IDENTITY_TLS, NAME, certificate, NULL), 0);
    assert_int_equal(identity_load(fd, IDENTITY_TLS, NAME, &identity, &err), -EBADMSG);
    assert_non_null(strstr(err.message, "does not belong"));
    own = authority_issue(authority, CERTIFICATE_TLS_CLIENT, key);
    assert_int_equal(identity_save_certificate(fd, IDENTITY_TLS, NAME, own, NULL), 0);
    assert_int_equal(identity_load(fd, IDENTITY_TLS, NAME, &identity, &err), 0);
}

TEST(what_signs_needs_both_its_files)
{
    AUTO(auto_authority_free) struct authority *authority = authority_new();
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(auto_certificate_free) struct certificate *certificate = NULL;
    AUTO(signer_clear) struct signer none = {0}, half = {0}, whole = {0};
    AUTO(text_clear) struct text der = {0};
    struct error err = {0};

    assert_int_equal(identity_load_signer(fd, NAME, &none, &err), -ENOENT);
    assert_non_null(strstr(err.message, "a new join code"));
    assert_int_equal(identity_begin(fd, IDENTITY_SIGNING, NAME, &key, NULL), 0);
    assert_int_equal(identity_load_signer(fd, NAME, &half, &err), -ENOENT);
    assert_non_null(strstr(err.message, "signing-" NAME ".pem"));
    certificate = authority_issue(authority, CERTIFICATE_SIGNING, key);
    assert_int_equal(identity_save_certificate(fd, IDENTITY_SIGNING, NAME, certificate, NULL), 0);
    assert_int_equal(identity_load_signer(fd, NAME, &whole, NULL), 0);
    certificate_to_der(certificate, &der);
    assert_int_equal(whole.certificate_der.length, der.length);
    assert_memory_equal(whole.certificate_der.bytes, der.bytes, der.length);
}

TEST(what_another_code_left_is_removed_and_nothing_else)
{
    static const char *const files[] = {"signing-" OTHER ".key", "signing-" OTHER ".pem",
                                        "signing-" NAME ".key", "state.json", "lock"};
    struct stat status;

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        fixture_write(folder, files[i], "x");
    assert_int_equal(identity_remove_others(fd, IDENTITY_SIGNING, NAME, NULL), 0);
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        assert_int_equal(fstatat(fd, files[i], &status, 0), i < 2 ? -1 : 0);
}

TEST(each_join_code_has_its_own_name)
{
    struct join_code code = {.token_id = "abcdefghij234567.abcdefghij234567"};
    char first[IDENTITY_NAME_SIZE], second[IDENTITY_NAME_SIZE];

    identity_name(&code, first);
    code.token_id[0] = 'b';
    identity_name(&code, second);
    assert_int_equal(strspn(first, "0123456789abcdef"), 16);
    assert_string_not_equal(first, second);
}

/* A certs-only answer as an EST server makes it. */
static void write_answer(const struct certificate *const *certificates, size_t count,
                         struct text *out_der)
{
    PKCS7 *message = PKCS7_new();
    unsigned char *der = NULL;
    int length;

    assert_int_equal(PKCS7_set_type(message, NID_pkcs7_signed), 1);
    assert_int_equal(PKCS7_content_new(message, NID_pkcs7_data), 1);
    PKCS7_set_detached(message, 1);
    for (size_t i = 0; i < count; i++) {
        AUTO(text_clear) struct text one = {0};
        const unsigned char *start;
        X509 *x509;

        certificate_to_der(certificates[i], &one);
        start = (const unsigned char *)one.bytes;
        x509 = d2i_X509(NULL, &start, (long)one.length);
        assert_int_equal(PKCS7_add_certificate(message, x509), 1);
        X509_free(x509);
    }
    length = i2d_PKCS7(message, &der);
    assert_true(length > 0);
    text_add(out_der, der, (size_t)length);
    OPENSSL_free(der);
    PKCS7_free(message);
}

static int read_der(const void *der, size_t length, struct certificate_list *list)
{
    AUTO(text_clear) struct text base64 = {0};

    base64_encode(der, length, &base64);
    return certificate_list_read(text_string(&base64), base64.length, list, NULL);
}

TEST(the_certificates_of_an_answer_are_read_in_their_order)
{
    AUTO(auto_authority_free) struct authority *authority = authority_new();
    AUTO(certificate_list_clear) struct certificate_list list = {0};
    AUTO(text_clear) struct text der = {0};
    const struct certificate *const both[] = {authority->root, authority->intermediate};
    struct digest expected, found;

    write_answer(both, 2, &der);
    assert_int_equal(read_der(der.bytes, der.length, &list), 0);
    assert_int_equal(list.count, 2);
    certificate_digest(authority->intermediate, &expected);
    certificate_digest(list.items[1], &found);
    assert_memory_equal(&found, &expected, sizeof(expected));
}

TEST(an_answer_that_is_cut_longer_or_empty_is_refused)
{
    AUTO(auto_authority_free) struct authority *authority = authority_new();
    AUTO(certificate_list_clear) struct certificate_list list = {0};
    AUTO(text_clear) struct text der = {0}, none = {0};
    const struct certificate *const root[] = {authority->root};

    write_answer(root, 1, &der);
    for (size_t length = 0; length < der.length; length++)
        assert_int_equal(read_der(der.bytes, length, &list), -EBADMSG);
    text_add(&der, "", 1);
    assert_int_equal(read_der(der.bytes, der.length, &list), -EBADMSG);
    write_answer(NULL, 0, &none);
    assert_int_equal(read_der(none.bytes, none.length, &list), -EBADMSG);
    assert_int_equal(certificate_list_read("<html>", 6, &list, NULL), -EBADMSG);
}

TEST(too_many_certificates_are_refused)
{
    AUTO(auto_authority_free) struct authority *authority = authority_new();
    AUTO(certificate_list_clear) struct certificate_list list = {0};
    AUTO(text_clear) struct text der = {0};
    const struct certificate *many[EST_CERTIFICATES_MAX + 1];

    for (size_t i = 0; i < EST_CERTIFICATES_MAX + 1; i++)
        many[i] = authority->root;
    write_answer(many, EST_CERTIFICATES_MAX + 1, &der);
    assert_int_equal(read_der(der.bytes, der.length, &list), -EBADMSG);
}

#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_key_is_on_disk_before_it_is_used_and_found_again),
        IN_FOLDER(a_damaged_key_is_never_replaced_in_silence),
        IN_FOLDER(a_certificate_of_another_key_is_refused),
        IN_FOLDER(what_signs_needs_both_its_files),
        IN_FOLDER(what_another_code_left_is_removed_and_nothing_else),
        RUN(each_join_code_has_its_own_name),
        RUN(the_certificates_of_an_answer_are_read_in_their_order),
        RUN(an_answer_that_is_cut_longer_or_empty_is_refused),
        RUN(too_many_certificates_are_refused),
    };

    return RUN_ALL(tests);
}
