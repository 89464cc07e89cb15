#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "snapshot/signature.h"
#include "tests/support/authority.h"
#include "tests/support/test.h"

static struct authority *authority;
static struct signing_key *key;
static struct certificate *certificate;
static struct text der;

static int make_certificate(void **state)
{
    (void)state;
    authority = authority_new();
    assert_int_equal(signing_key_generate(&key, NULL), 0);
    certificate = authority_issue(authority, CERTIFICATE_SIGNING, key);
    certificate_to_der(certificate, &der);
    return 0;
}

static int drop_certificate(void **state)
{
    (void)state;
    text_clear(&der);
    certificate_free(certificate);
    signing_key_free(key);
    authority_free(authority);
    return 0;
}

static bool fits(const struct certificate *other)
{
    AUTO(text_clear) struct text bytes = {0};

    certificate_to_der(other, &bytes);
    return own_certificate_fits(&bytes, key, TEST_MACHINE);
}

TEST(the_certificate_for_signing_of_this_key_and_machine_fits)
{
    AUTO(text_clear) struct text pem = {0}, again = {0};

    certificate_to_pem(certificate, &pem);
    assert_int_equal(own_certificate_from_pem(pem.bytes, pem.length, &again, NULL), 0);
    assert_int_equal(again.length, der.length);
    assert_memory_equal(again.bytes, der.bytes, der.length);
    assert_true(own_certificate_fits(&again, key, TEST_MACHINE));
}

TEST(none_of_another_key_machine_or_use_fits)
{
    AUTO(auto_signing_key_free) struct signing_key *other = NULL;
    AUTO(auto_certificate_free) struct certificate *others = NULL, *tls = NULL;

    assert_int_equal(signing_key_generate(&other, NULL), 0);
    others = authority_issue(authority, CERTIFICATE_SIGNING, other);
    tls = authority_issue(authority, CERTIFICATE_TLS_CLIENT, key);
    assert_false(fits(others));
    assert_false(fits(tls));
    assert_false(own_certificate_fits(&der, key, TEST_OTHER_MACHINE));
    assert_false(own_certificate_fits(&der, key, ""));
}

TEST(a_certificate_cut_off_or_with_something_behind_it_does_not_fit)
{
    AUTO(text_clear) struct text bytes = {0};

    text_add(&bytes, der.bytes, der.length);
    text_add(&bytes, "", 1);
    assert_false(own_certificate_fits(&bytes, key, TEST_MACHINE));
    for (size_t length = der.length - 1; length > 0; length--) {
        text_truncate(&bytes, length);
        assert_false(own_certificate_fits(&bytes, key, TEST_MACHINE));
    }
}

static int read_text(const char *text)
{
    AUTO(text_clear) struct text bytes = {0};
    struct error err = {0};
    int r = own_certificate_from_pem(text, strlen(text), &bytes, &err);

    if (r < 0)
        assert_string_not_equal(err.message, "");
    return r;
}

TEST(only_one_whole_block_of_a_certificate_is_read)
{
    assert_int_equal(read_text("\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
                     0);
    assert_int_equal(read_text(""), -EBADMSG);
    assert_int_equal(read_text("-----BEGIN "), -EBADMSG);
    assert_int_equal(read_text("-----BEGIN CERTIFICATE-----\nAAAA\n"), -EBADMSG);
    assert_int_equal(read_text("-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----\n"),
                     -EBADMSG);
    assert_int_equal(
        read_text("-----BEGIN CERTIFICATE-----\nA: b\n\nAAAA\n-----END CERTIFICATE-----\n"),
        -EBADMSG);
    assert_int_equal(
        read_text("note\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        -EBADMSG);
    assert_int_equal(
        read_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\nnote"), -EBADMSG);
}

TEST(a_block_of_something_else_is_named)
{
    static const char text[] = "-----BEGIN PRIVATE\tKEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    AUTO(text_clear) struct text bytes = {0};
    struct error err = {0};

    assert_int_equal(own_certificate_from_pem(text, strlen(text), &bytes, &err), -EBADMSG);
    assert_string_equal(err.message, "PEM: a block \"PRIVATE\" where \"CERTIFICATE\" belongs");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(the_certificate_for_signing_of_this_key_and_machine_fits),
        RUN(none_of_another_key_machine_or_use_fits),
        RUN(a_certificate_cut_off_or_with_something_behind_it_does_not_fit),
        RUN(only_one_whole_block_of_a_certificate_is_read),
        RUN(a_block_of_something_else_is_named),
    };

    return cmocka_run_group_tests(tests, make_certificate, drop_certificate);
}
