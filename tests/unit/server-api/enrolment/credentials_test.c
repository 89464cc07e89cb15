#include "server-api/enrolment/credentials.h"

#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/text.h"
#include "tests/support/test.h"

#define TOKEN "abcdefghij234567.klmnopqrst234567"

static bool read_pair(const char *pair, size_t length, char id[TOKEN_ID_SIZE],
                      struct digest *secret)
{
    AUTO(text_clear) struct text header = {0};

    text_add_string(&header, "Basic ");
    base64_encode(pair, length, &header);
    return credentials_read(header.bytes, id, secret);
}

TEST(reads_a_token_and_the_digest_of_its_secret)
{
    static const char pair[] = TOKEN ":secret:with:colons";
    char id[TOKEN_ID_SIZE];
    struct digest secret, expected;

    assert_true(read_pair(pair, strlen(pair), id, &secret));
    assert_string_equal(id, TOKEN);
    digest_of("secret:with:colons", strlen("secret:with:colons"), &expected);
    assert_memory_equal(secret.bytes, expected.bytes, DIGEST_SIZE);
}

TEST(the_name_of_the_scheme_has_no_case)
{
    AUTO(text_clear) struct text header = {0};
    char id[TOKEN_ID_SIZE];
    struct digest secret;

    text_add_string(&header, "bAsIc ");
    base64_encode(TOKEN ":a", strlen(TOKEN ":a"), &header);
    assert_true(credentials_read(header.bytes, id, &secret));
}

TEST(refuses_what_is_no_token)
{
    static const char too_long[] = TOKEN "x:a", no_token[] = ":" TOKEN;
    static const char *const pairs[] = {"", ":", "a:b", TOKEN, too_long, no_token};
    char id[TOKEN_ID_SIZE];
    struct digest secret;

    for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
        assert_false(read_pair(pairs[i], strlen(pairs[i]), id, &secret));
    assert_false(read_pair(TOKEN ":a\0b", strlen(TOKEN) + 4, id, &secret));
}

TEST(refuses_other_headers)
{
    static const char *const headers[] = {
        "", "Basic", "Basic ", "Basic *", "Bearer abc", "Digest username=a", "Basic=abc"};
    char id[TOKEN_ID_SIZE];
    struct digest secret;

    for (size_t i = 0; i < sizeof(headers) / sizeof(*headers); i++)
        assert_false(credentials_read(headers[i], id, &secret));
    assert_false(credentials_read(NULL, id, &secret));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_a_token_and_the_digest_of_its_secret),
        RUN(the_name_of_the_scheme_has_no_case),
        RUN(refuses_what_is_no_token),
        RUN(refuses_other_headers),
    };

    return RUN_ALL(tests);
}
