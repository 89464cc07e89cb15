#include "server-api/http/source_count.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "platform/cleanup.h"
#include "tests/support/test.h"

static void auto_source_count_free(struct source_count **count)
{
    source_count_free(*count);
}

static struct sockaddr_storage address(const char *text)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};

    if (inet_pton(AF_INET, text, &ipv4.sin_addr) == 1)
        memcpy(&storage, &ipv4, sizeof(ipv4));
    else if (inet_pton(AF_INET6, text, &ipv6.sin6_addr) == 1)
        memcpy(&storage, &ipv6, sizeof(ipv6));
    else
        fail_msg("%s is no address", text);
    return storage;
}

static bool add(struct source_count *count, const char *text)
{
    struct sockaddr_storage storage = address(text);

    return source_count_add(count, (const struct sockaddr *)&storage);
}

static void take_away(struct source_count *count, const char *text)
{
    struct sockaddr_storage storage = address(text);

    source_count_remove(count, (const struct sockaddr *)&storage);
}

static void fill(struct source_count *count, const char *text)
{
    for (unsigned i = 0; i < SOURCE_CONNECTIONS_MAX; i++)
        assert_true(add(count, text));
    assert_false(add(count, text));
}

TEST(bounds_each_ipv4_address)
{
    AUTO(auto_source_count_free) struct source_count *count = source_count_new();

    fill(count, "192.0.2.1");
    fill(count, "192.0.2.2");
    take_away(count, "192.0.2.1");
    assert_true(add(count, "192.0.2.1"));
    assert_false(add(count, "192.0.2.1"));
    assert_false(add(count, "192.0.2.2"));
}

TEST(bounds_each_ipv6_household)
{
    AUTO(auto_source_count_free) struct source_count *count = source_count_new();

    fill(count, "2001:db8:1:200::1");
    assert_false(add(count, "2001:db8:1:2ff::2"));
    assert_true(add(count, "2001:db8:1:300::1"));
}

TEST(an_ipv4_address_in_ipv6_is_the_same_source)
{
    AUTO(auto_source_count_free) struct source_count *count = source_count_new();

    fill(count, "192.0.2.1");
    assert_false(add(count, "::ffff:192.0.2.1"));
    assert_true(add(count, "::ffff:192.0.2.2"));
}

TEST(loopback_is_bounded_by_the_whole_alone)
{
    AUTO(auto_source_count_free) struct source_count *count = source_count_new();

    for (unsigned i = 0; i < TOTAL_CONNECTIONS_MAX; i++)
        assert_true(add(count, i % 2 == 0 ? "127.0.0.1" : "::1"));
    assert_false(add(count, "127.0.0.1"));
    assert_false(add(count, "192.0.2.1"));
    assert_int_equal(source_count_total(count), TOTAL_CONNECTIONS_MAX);
    take_away(count, "::1");
    assert_true(add(count, "192.0.2.1"));
}

TEST(counts_right_when_sources_come_and_go)
{
    AUTO(auto_source_count_free) struct source_count *count = source_count_new();

    for (unsigned round = 0; round < 3; round++) {
        assert_true(add(count, "192.0.2.1"));
        fill(count, "192.0.2.2");
        take_away(count, "192.0.2.1");
        assert_false(add(count, "192.0.2.2"));
        for (unsigned i = 0; i < SOURCE_CONNECTIONS_MAX; i++)
            take_away(count, "192.0.2.2");
        assert_int_equal(source_count_total(count), 0);
    }
}

TEST(knows_loopback)
{
    static const struct {
        const char *text;
        bool loopback;
    } rows[] = {
        {"127.0.0.1", true}, {"127.255.0.1", true},      {"128.0.0.1", false},
        {"::1", true},       {"::ffff:127.0.0.1", true}, {"::ffff:192.0.2.1", false},
        {"::", false},       {"fe80::1", false},         {"0.0.0.0", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct sockaddr_storage storage = address(rows[i].text);

        assert_int_equal(source_is_loopback((const struct sockaddr *)&storage), rows[i].loopback);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(bounds_each_ipv4_address),
        RUN(bounds_each_ipv6_household),
        RUN(an_ipv4_address_in_ipv6_is_the_same_source),
        RUN(loopback_is_bounded_by_the_whole_alone),
        RUN(counts_right_when_sources_come_and_go),
        RUN(knows_loopback),
    };

    return RUN_ALL(tests);
}
