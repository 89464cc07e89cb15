#include "server-api/tls_renewal.h"

#include "tests/support/test.h"

#define START 1000000
#define THIRD (TLS_LIFETIME_SECONDS / 3)

static const struct tls_renewal renewal = {
    .not_before = START,
    .not_after = START + TLS_LIFETIME_SECONDS,
};

TEST(is_due_after_a_third_of_the_lifetime)
{
    assert_false(tls_renewal_due(&renewal, START));
    assert_false(tls_renewal_due(&renewal, START + THIRD - 1));
    assert_true(tls_renewal_due(&renewal, START + THIRD));
    assert_true(tls_renewal_due(&renewal, START + 10 * TLS_LIFETIME_SECONDS));
}

TEST(is_due_when_the_clock_was_put_back)
{
    assert_true(tls_renewal_due(&renewal, START - 1));
}

TEST(is_due_before_there_is_a_certificate)
{
    const struct tls_renewal fresh = {0};

    assert_true(tls_renewal_due(&fresh, START));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(is_due_after_a_third_of_the_lifetime),
        RUN(is_due_when_the_clock_was_put_back),
        RUN(is_due_before_there_is_a_certificate),
    };

    return RUN_ALL(tests);
}
