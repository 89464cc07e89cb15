#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "snapshot/signature.h"
#include "tests/support/authority.h"
#include "tests/support/test.h"

#define PURPOSE_COUNT 4

static struct authority *authority, *stranger;
static struct signing_key *key;

static int make_authorities(void **state)
{
    (void)state;
    authority = authority_new();
    stranger = authority_new();
    return signing_key_generate(&key, NULL);
}

static int drop_authorities(void **state)
{
    (void)state;
    authority_free(authority);
    authority_free(stranger);
    signing_key_free(key);
    return 0;
}

static int verify(const struct certificate *leaf, enum certificate_purpose purpose, int64_t now)
{
    struct error err = {0};
    int r = certificate_verify(leaf, authority->intermediate, authority->root, purpose, now, &err);

    if (r < 0)
        assert_string_not_equal(err.message, "");
    return r;
}

TEST(each_certificate_verifies_for_its_own_purpose_and_no_other)
{
    for (int is = 0; is < PURPOSE_COUNT; is++) {
        AUTO(auto_certificate_free)
        struct certificate *leaf = authority_issue(authority, (enum certificate_purpose)is, key);

        assert_int_equal(certificate_purpose(leaf), is);
        for (int wanted = 0; wanted <= CERTIFICATE_UNKNOWN; wanted++)
            assert_int_equal(verify(leaf, (enum certificate_purpose)wanted, TEST_NOW),
                             is == wanted ? 0 : -EKEYREJECTED);
    }
}

TEST(another_authoritys_certificate_does_not_verify)
{
    AUTO(auto_certificate_free)
    struct certificate *leaf = authority_issue(stranger, CERTIFICATE_RECEIPT, key);

    assert_int_equal(verify(leaf, CERTIFICATE_RECEIPT, TEST_NOW), -EKEYREJECTED);
    assert_int_equal(certificate_verify(leaf, stranger->intermediate, authority->root,
                                        CERTIFICATE_RECEIPT, TEST_NOW, NULL),
                     -EKEYREJECTED);
    assert_int_equal(certificate_verify(leaf, stranger->intermediate, stranger->root,
                                        CERTIFICATE_RECEIPT, TEST_NOW, NULL),
                     0);
}

TEST(a_leaf_of_the_root_itself_does_not_verify)
{
    struct profile profile = authority_profile(CERTIFICATE_RECEIPT);
    AUTO(auto_certificate_free)
    struct certificate *leaf = certify(authority->root, authority->root_key, &profile, key);

    assert_int_equal(verify(leaf, CERTIFICATE_RECEIPT, TEST_NOW), -EKEYREJECTED);
    assert_int_equal(certificate_verify(leaf, authority->root, authority->root, CERTIFICATE_RECEIPT,
                                        TEST_NOW, NULL),
                     -EKEYREJECTED);
}

TEST(a_machines_certificate_certifies_nothing)
{
    AUTO(auto_certificate_free)
    struct certificate *machine = authority_issue(authority, CERTIFICATE_SIGNING, key);
    struct profile profile = authority_profile(CERTIFICATE_RECEIPT);
    AUTO(auto_certificate_free) struct certificate *leaf = certify(machine, key, &profile, key);

    assert_int_equal(
        certificate_verify(leaf, machine, authority->root, CERTIFICATE_RECEIPT, TEST_NOW, NULL),
        -EKEYREJECTED);
    assert_int_equal(certificate_verify(leaf, machine, authority->intermediate, CERTIFICATE_RECEIPT,
                                        TEST_NOW, NULL),
                     -EKEYREJECTED);
}

TEST(a_second_intermediate_does_not_verify)
{
    AUTO(auto_signing_key_free) struct signing_key *lower_key = NULL;
    struct profile profile = authority_profile(CERTIFICATE_AUTHORITY);
    AUTO(auto_certificate_free) struct certificate *lower = NULL, *leaf = NULL;

    assert_int_equal(signing_key_generate(&lower_key, NULL), 0);
    lower = authority_issue_profile(authority, &profile, lower_key);
    profile = authority_profile(CERTIFICATE_RECEIPT);
    leaf = certify(lower, lower_key, &profile, key);
    assert_int_equal(
        certificate_verify(leaf, lower, authority->root, CERTIFICATE_RECEIPT, TEST_NOW, NULL),
        -EKEYREJECTED);
    assert_int_equal(certificate_verify(leaf, lower, authority->intermediate, CERTIFICATE_RECEIPT,
                                        TEST_NOW, NULL),
                     -EKEYREJECTED);
}

TEST(an_intermediate_without_a_path_length_does_not_verify)
{
    struct profile profile = authority_profile(CERTIFICATE_AUTHORITY);
    AUTO(auto_signing_key_free) struct signing_key *open_key = NULL;
    AUTO(auto_certificate_free) struct certificate *open = NULL, *leaf = NULL;

    profile.basic_constraints = "critical,CA:TRUE";
    assert_int_equal(signing_key_generate(&open_key, NULL), 0);
    open = certify(authority->root, authority->root_key, &profile, open_key);
    profile = authority_profile(CERTIFICATE_SIGNING);
    leaf = certify(open, open_key, &profile, key);
    assert_int_equal(
        certificate_verify(leaf, open, authority->root, CERTIFICATE_SIGNING, TEST_NOW, NULL),
        -EKEYREJECTED);
}

TEST(time_alone_is_told_from_everything_else)
{
    AUTO(auto_certificate_free)
    struct certificate *leaf = authority_issue(authority, CERTIFICATE_SIGNING, key);
    AUTO(auto_certificate_free)
    struct certificate *foreign = authority_issue(stranger, CERTIFICATE_SIGNING, key);

    assert_int_equal(certificate_not_before(leaf), TEST_NOT_BEFORE);
    assert_int_equal(certificate_not_after(leaf), TEST_NOT_AFTER);
    assert_int_equal(verify(leaf, CERTIFICATE_SIGNING, TEST_NOT_BEFORE - 1), -EKEYEXPIRED);
    assert_int_equal(verify(leaf, CERTIFICATE_SIGNING, TEST_NOT_BEFORE), 0);
    assert_int_equal(verify(leaf, CERTIFICATE_SIGNING, TEST_NOT_AFTER), 0);
    assert_int_equal(verify(leaf, CERTIFICATE_SIGNING, TEST_NOT_AFTER + 1), -EKEYEXPIRED);
    assert_int_equal(verify(foreign, CERTIFICATE_SIGNING, TEST_NOT_AFTER + 1), -EKEYREJECTED);
    assert_int_equal(verify(leaf, CERTIFICATE_RECEIPT, TEST_NOT_AFTER + 1), -EKEYREJECTED);
}

TEST(the_times_of_the_issuers_count_too)
{
    struct profile profile = authority_profile(CERTIFICATE_AUTHORITY);
    AUTO(auto_certificate_free) struct certificate *expired = NULL, *leaf = NULL;

    profile.not_after = TEST_NOW - 1;
    expired = certify(authority->root, authority->root_key, &profile, authority->intermediate_key);
    leaf = authority_issue(authority, CERTIFICATE_SIGNING, key);
    assert_int_equal(
        certificate_verify(leaf, expired, authority->root, CERTIFICATE_SIGNING, TEST_NOW, NULL),
        -EKEYEXPIRED);
}

TEST(an_odd_certificate_has_no_purpose)
{
    static const struct {
        const char *basic_constraints, *key_usage, *extended_key_usage;
    } odd[] = {
        {NULL, "critical,digitalSignature", "clientAuth"},
        {"critical,CA:FALSE", NULL, "clientAuth"},
        {"critical,CA:FALSE", "critical,digitalSignature", NULL},
        {"critical,CA:FALSE", "critical,digitalSignature", "clientAuth,serverAuth"},
        {"critical,CA:FALSE", "critical,digitalSignature", "emailProtection"},
        {"critical,CA:FALSE", "critical,digitalSignature", "anyExtendedKeyUsage"},
        {"critical,CA:FALSE", "critical,digitalSignature,keyCertSign", "clientAuth"},
        {"critical,CA:FALSE", "critical,keyAgreement", "clientAuth"},
        {"critical,CA:TRUE,pathlen:0", "critical,keyCertSign", "clientAuth"},
        {"critical,CA:TRUE,pathlen:0", "critical,digitalSignature", NULL},
        {"critical,CA:TRUE,pathlen:0", NULL, NULL},
    };

    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        struct profile profile = authority_profile(CERTIFICATE_TLS_CLIENT);
        AUTO(auto_certificate_free) struct certificate *leaf = NULL;

        profile.basic_constraints = odd[i].basic_constraints;
        profile.key_usage = odd[i].key_usage;
        profile.extended_key_usage = odd[i].extended_key_usage;
        leaf = authority_issue_profile(authority, &profile, key);
        if (certificate_purpose(leaf) != CERTIFICATE_UNKNOWN)
            fail_msg("profile %zu has a purpose", i);
        assert_int_equal(verify(leaf, CERTIFICATE_TLS_CLIENT, TEST_NOW), -EKEYREJECTED);
    }
}

TEST(names_the_machine_it_was_issued_to)
{
    AUTO(auto_certificate_free)
    struct certificate *leaf = authority_issue(authority, CERTIFICATE_SIGNING, key);
    char organisation[ORGANISATION_ID_SIZE], machine[MACHINE_ID_SIZE];

    assert_int_equal(certificate_machine(leaf, organisation, machine, NULL), 0);
    assert_string_equal(organisation, TEST_ORGANISATION);
    assert_string_equal(machine, TEST_MACHINE);
}

TEST(a_subject_of_another_form_names_no_machine)
{
    static const char *const subjects[][2] = {
        {NULL, TEST_MACHINE},
        {TEST_ORGANISATION, NULL},
        {"Shelter Abroad", TEST_MACHINE},
        {"ABCDEFGHIJ234567", TEST_MACHINE},
        {"abcdefghij234561", TEST_MACHINE},
        {TEST_ORGANISATION, "3F0C8A52-7D1E-4B9A-8C65-0E2F4A6B8D10"},
        {TEST_ORGANISATION, "3f0c8a52-7d1e-4b9a-8c65-0e2f4a6b8d1"},
        {TEST_ORGANISATION, "3f0c8a52-7d1e-4b9a-8c650-e2f4a6b8d10"},
        {TEST_ORGANISATION, "laptop of somebody"},
    };

    for (size_t i = 0; i < sizeof(subjects) / sizeof(subjects[0]); i++) {
        struct profile profile = authority_profile(CERTIFICATE_SIGNING);
        char organisation[ORGANISATION_ID_SIZE], machine[MACHINE_ID_SIZE];
        AUTO(auto_certificate_free) struct certificate *leaf = NULL;

        profile.organisation = subjects[i][0];
        profile.common_name = subjects[i][1];
        leaf = authority_issue_profile(authority, &profile, key);
        assert_int_equal(certificate_machine(leaf, organisation, machine, NULL), -EBADMSG);
    }
}

TEST(a_subject_with_anything_more_names_no_machine)
{
    struct profile profile = authority_profile(CERTIFICATE_SIGNING);
    char organisation[ORGANISATION_ID_SIZE], machine[MACHINE_ID_SIZE];
    AUTO(auto_certificate_free) struct certificate *leaf = NULL;

    profile.country = "NL";
    leaf = authority_issue_profile(authority, &profile, key);
    assert_int_equal(certificate_machine(leaf, organisation, machine, NULL), -EBADMSG);
}

TEST(knows_the_key_it_certifies)
{
    AUTO(auto_certificate_free)
    struct certificate *leaf = authority_issue(authority, CERTIFICATE_SIGNING, key);
    struct digest of_key, of_certificate;

    assert_true(certificate_is_for(leaf, key));
    assert_false(certificate_is_for(leaf, authority->root_key));
    signing_key_spki_digest(key, &of_key);
    certificate_spki_digest(leaf, &of_certificate);
    assert_memory_equal(of_key.bytes, of_certificate.bytes, DIGEST_SIZE);
}

TEST(pem_and_der_come_back_as_the_same_certificate)
{
    AUTO(auto_certificate_free) struct certificate *from_der = NULL, *from_pem = NULL;
    AUTO(text_clear) struct text der = {0}, pem = {0};
    struct digest first, second, third, whole;

    certificate_to_der(authority->root, &der);
    certificate_to_pem(authority->root, &pem);
    assert_int_equal(certificate_from_der(der.bytes, der.length, &from_der, NULL), 0);
    assert_int_equal(certificate_from_pem(pem.bytes, pem.length, &from_pem, NULL), 0);
    certificate_digest(authority->root, &first);
    certificate_digest(from_der, &second);
    certificate_digest(from_pem, &third);
    digest_of(der.bytes, der.length, &whole);
    assert_memory_equal(first.bytes, second.bytes, DIGEST_SIZE);
    assert_memory_equal(first.bytes, third.bytes, DIGEST_SIZE);
    assert_memory_equal(first.bytes, whole.bytes, DIGEST_SIZE);
}

TEST(refuses_bytes_around_a_certificate)
{
    AUTO(text_clear) struct text der = {0}, pem = {0};
    struct certificate *certificate = NULL;

    certificate_to_der(authority->root, &der);
    for (size_t length = 0; length < der.length; length += 7)
        assert_int_equal(certificate_from_der(der.bytes, length, &certificate, NULL), -EBADMSG);
    text_add(&der, "\0", 1);
    assert_int_equal(certificate_from_der(der.bytes, der.length, &certificate, NULL), -EBADMSG);

    certificate_to_pem(authority->root, &pem);
    certificate_to_pem(authority->intermediate, &pem);
    assert_int_equal(certificate_from_pem(pem.bytes, pem.length, &certificate, NULL), -EBADMSG);
    while (pem.length <= 16384)
        certificate_to_pem(authority->intermediate, &pem);
    assert_int_equal(certificate_from_pem(pem.bytes, pem.length, &certificate, NULL), -EFBIG);
    assert_null(certificate);
}

TEST(a_changed_byte_never_gives_a_certificate_that_verifies)
{
    AUTO(auto_certificate_free)
    struct certificate *leaf = authority_issue(authority, CERTIFICATE_RECEIPT, key);
    AUTO(text_clear) struct text der = {0};

    certificate_to_der(leaf, &der);
    for (size_t at = 0; at < der.length; at++) {
        AUTO(auto_certificate_free) struct certificate *changed = NULL;

        der.bytes[at] = (char)(der.bytes[at] ^ 1);
        if (certificate_from_der(der.bytes, der.length, &changed, NULL) == 0 &&
            verify(changed, CERTIFICATE_RECEIPT, TEST_NOW) == 0)
            fail_msg("byte %zu does not count", at);
        der.bytes[at] = (char)(der.bytes[at] ^ 1);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(each_certificate_verifies_for_its_own_purpose_and_no_other),
        RUN(another_authoritys_certificate_does_not_verify),
        RUN(a_leaf_of_the_root_itself_does_not_verify),
        RUN(a_machines_certificate_certifies_nothing),
        RUN(a_second_intermediate_does_not_verify),
        RUN(an_intermediate_without_a_path_length_does_not_verify),
        RUN(time_alone_is_told_from_everything_else),
        RUN(the_times_of_the_issuers_count_too),
        RUN(an_odd_certificate_has_no_purpose),
        RUN(names_the_machine_it_was_issued_to),
        RUN(a_subject_of_another_form_names_no_machine),
        RUN(a_subject_with_anything_more_names_no_machine),
        RUN(knows_the_key_it_certifies),
        RUN(pem_and_der_come_back_as_the_same_certificate),
        RUN(refuses_bytes_around_a_certificate),
        RUN(a_changed_byte_never_gives_a_certificate_that_verifies),
    };

    return cmocka_run_group_tests(tests, make_authorities, drop_authorities);
}
