#include "server-api/enrolment/certificates_only.h"

#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"
#include "server-api/openssl_scope.h"
#include "tests/support/authority.h"
#include "tests/support/test.h"

static PKCS7 *parse(const struct text *encoded)
{
    AUTO(text_clear) struct text der = {0};
    const unsigned char *next;
    PKCS7 *message;

    assert_true(base64_decode(encoded->bytes, encoded->length, &der));
    next = (const unsigned char *)der.bytes;
    message = d2i_PKCS7(NULL, &next, (long)der.length);
    assert_non_null(message);
    assert_ptr_equal(next, der.bytes + der.length);
    return message;
}

TEST(openssl_reads_the_same_certificates_and_nothing_else)
{
    AUTO(auto_authority_free) struct authority *authority = authority_new();
    AUTO(text_clear) struct text encoded = {0};
    AUTO(auto_PKCS7_free) PKCS7 *message = NULL;
    const struct certificate *const chain[] = {authority->intermediate, authority->root};
    STACK_OF(X509) * found;

    assert_int_equal(certificates_only_write(chain, 2, &encoded, NULL), 0);
    message = parse(&encoded);
    assert_true(PKCS7_type_is_signed(message));
    assert_int_equal(PKCS7_get_detached(message), 1);
    assert_true(sk_PKCS7_SIGNER_INFO_num(PKCS7_get_signer_info(message)) <= 0);
    found = message->d.sign->cert;
    assert_int_equal(sk_X509_num(found), 2);
    for (int i = 0; i < 2; i++)
        assert_int_equal(X509_cmp(sk_X509_value(found, i), certificate_openssl(chain[i])), 0);
}

TEST(breaks_its_lines_after_64_characters)
{
    AUTO(auto_authority_free) struct authority *authority = authority_new();
    AUTO(text_clear) struct text encoded = {0};
    const struct certificate *const chain[] = {authority->root};
    const char *line;

    assert_int_equal(certificates_only_write(chain, 1, &encoded, NULL), 0);
    for (line = encoded.bytes; *line != '\0'; line = strstr(line, "\r\n") + 2) {
        size_t length = strcspn(line, "\r");

        assert_in_range(length, 1, 64);
        assert_true(length == 64 || line[length + 2] == '\0');
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(openssl_reads_the_same_certificates_and_nothing_else),
        RUN(breaks_its_lines_after_64_characters),
    };

    return RUN_ALL(tests);
}
