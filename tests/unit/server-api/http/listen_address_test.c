#include "server-api/http/listen_address.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "tests/support/test.h"

TEST(reads_both_kinds_of_addresses)
{
    struct sockaddr_storage storage;
    socklen_t length = 0;

    assert_int_equal(listen_address_parse("192.0.2.1:8443", &storage, &length, NULL), 0);
    assert_int_equal(storage.ss_family, AF_INET);
    assert_int_equal(length, sizeof(struct sockaddr_in));
    assert_int_equal(listen_address_parse("[2001:db8::1]:0", &storage, &length, NULL), 0);
    assert_int_equal(storage.ss_family, AF_INET6);
    assert_int_equal(length, sizeof(struct sockaddr_in6));
}

TEST(refuses_everything_else_with_an_example)
{
    static const char *const bad[] = {"",
                                      ":",
                                      "8443",
                                      ":8443",
                                      "localhost:8443",
                                      "192.0.2.1",
                                      "192.0.2.1:",
                                      "::1:8443",
                                      "[::1]8443",
                                      "[::1]",
                                      "[::1:8443",
                                      "[]:8443",
                                      "192.0.2.1:65536",
                                      "192.0.2.1:-1",
                                      "192.0.2.1: 8443",
                                      "192.0.2.1:8443 ",
                                      "[192.0.2.1]:8443",
                                      "[fe80::1%eth0]:8443",
                                      "192.0.2:8443"};
    struct sockaddr_storage storage;
    struct error err = {0};
    socklen_t length;

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (listen_address_parse(bad[i], &storage, &length, &err) != -EINVAL)
            fail_msg("accepts %s", bad[i]);
        assert_non_null(strstr(err.message, "write 192.0.2.1:8443"));
    }
}

TEST(listens_and_knows_its_port)
{
    AUTO_CLOSE int listening = -1;

    assert_int_equal(listen_address_open("127.0.0.1:0", &listening, NULL), 0);
    assert_true(listen_address_port(listening) > 0);
}

TEST(says_which_address_it_cannot_have)
{
    struct error err = {0};
    int listening = -1;

    assert_true(listen_address_open("192.0.2.1:1", &listening, &err) < 0);
    assert_non_null(strstr(err.message, "192.0.2.1:1"));
    assert_int_equal(listening, -1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_both_kinds_of_addresses),
        RUN(refuses_everything_else_with_an_example),
        RUN(listens_and_knows_its_port),
        RUN(says_which_address_it_cannot_have),
    };

    return RUN_ALL(tests);
}
