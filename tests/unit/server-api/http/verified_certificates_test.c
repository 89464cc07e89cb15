#include "server-api/http/verified_certificates.h"

#include "platform/cleanup.h"
#include "tests/support/test.h"

#define START 1000000
#define END   2000000

static void auto_cache_free(struct verified_certificates **cache)
{
    verified_certificates_free(*cache);
}

static struct digest digest(uint8_t first, uint8_t last)
{
    struct digest digest = {.bytes = {first}};

    digest.bytes[DIGEST_SIZE - 1] = last;
    return digest;
}

TEST(knows_what_was_added_and_nothing_else)
{
    AUTO(auto_cache_free) struct verified_certificates *cache = verified_certificates_new();
    const struct digest one = digest(1, 1), other = digest(1, 2), none = {0};

    assert_false(verified_certificates_has(cache, &one, START));
    assert_false(verified_certificates_has(cache, &none, 0));
    verified_certificates_add(cache, &one, START, END);
    assert_true(verified_certificates_has(cache, &one, START));
    assert_false(verified_certificates_has(cache, &other, START));
}

TEST(a_certificate_counts_only_while_it_holds)
{
    AUTO(auto_cache_free) struct verified_certificates *cache = verified_certificates_new();
    const struct digest one = digest(1, 1);

    verified_certificates_add(cache, &one, START, END);
    assert_false(verified_certificates_has(cache, &one, START - 1));
    assert_true(verified_certificates_has(cache, &one, END));
    assert_false(verified_certificates_has(cache, &one, END + 1));
}

TEST(two_certificates_with_one_place_take_it_from_each_other)
{
    AUTO(auto_cache_free) struct verified_certificates *cache = verified_certificates_new();
    const struct digest one = digest(1, 1), other = digest(1, 2), third = digest(2, 1);

    verified_certificates_add(cache, &one, START, END);
    verified_certificates_add(cache, &third, START, END);
    verified_certificates_add(cache, &other, START, END);
    assert_false(verified_certificates_has(cache, &one, START));
    assert_true(verified_certificates_has(cache, &other, START));
    assert_true(verified_certificates_has(cache, &third, START));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(knows_what_was_added_and_nothing_else),
        RUN(a_certificate_counts_only_while_it_holds),
        RUN(two_certificates_with_one_place_take_it_from_each_other),
    };

    return RUN_ALL(tests);
}
