#include "server-api/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "server-api/option.h"
#include "tests/support/test.h"

#define GOOD                                                                                       \
    "url = https://collect.example:8443\nlisten = 0.0.0.0:8443\npeople = [::1]:8444\n"             \
    "names = collect.example 192.0.2.1\n"

TEST(reads_every_setting)
{
    AUTO(server_config_clear) struct server_config config = {0};

    assert_int_equal(server_config_parse(GOOD "threads = 3\n", &config, NULL), 0);
    assert_string_equal(config.url, "https://collect.example:8443");
    assert_string_equal(config.listen, "0.0.0.0:8443");
    assert_string_equal(config.people, "[::1]:8444");
    assert_int_equal(config.names.count, 2);
    assert_string_equal(config.names.items[1], "192.0.2.1");
    assert_int_equal(config.threads, 3);
}

TEST(reads_what_it_wrote)
{
    AUTO(server_config_clear) struct server_config config = {0}, again = {0};
    AUTO(text_clear) struct text text = {0};

    assert_int_equal(server_config_parse(GOOD, &config, NULL), 0);
    server_config_write(&config, &text);
    assert_int_equal(server_config_parse(text.bytes, &again, NULL), 0);
    assert_string_equal(again.url, config.url);
    assert_int_equal(again.names.count, 2);
}

TEST(names_the_line_and_the_setting_that_is_wrong)
{
    struct server_config config;
    struct error err = {0};

    assert_int_equal(server_config_parse(GOOD "threads = 65\n", &config, &err), -EINVAL);
    assert_non_null(strstr(err.message, "line 5: threads: "));
    assert_int_equal(server_config_parse("url = https://a\n", &config, &err), -EINVAL);
    assert_non_null(strstr(err.message, "\"listen\" is missing"));
    assert_int_equal(server_config_parse(GOOD "x = y\n", &config, &err), -EINVAL);
    assert_non_null(strstr(err.message, "known are: url, listen"));
}

static void check_url(const char *url, const char *host, uint16_t port)
{
    AUTO_FREE char *found = NULL;
    uint16_t found_port = 0;

    if (server_url_parse(url, &found, &found_port, NULL) < 0)
        fail_msg("refuses %s", url);
    assert_string_equal(found, host);
    assert_int_equal(found_port, port);
}

TEST(takes_addresses_of_servers_apart)
{
    check_url("https://collect.example", "collect.example", 443);
    check_url("https://collect.example:8443", "collect.example", 8443);
    check_url("https://192.0.2.1:1", "192.0.2.1", 1);
    check_url("https://[2001:db8::1]", "2001:db8::1", 443);
    check_url("https://[2001:db8::1]:8443", "2001:db8::1", 8443);
}

TEST(refuses_addresses_that_are_no_server)
{
    static const char *const bad[] = {
        "",           "a",           "http://a",        "https://",      "https://:1",
        "https://a:", "https://a:0", "https://a:65536", "https://a/",    "https://a:1/",
        "https://A",  "https://a b", "https://u@a",     "https://a?b",   "https://2001:db8::1",
        "https://[]", "https://[a",  "https://*.a",     "https://a:1:2", "HTTPS://a"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *host = NULL;
        uint16_t port;

        if (server_url_parse(bad[i], &host, &port, NULL) != -EINVAL)
            fail_msg("accepts %s", bad[i]);
    }
}

TEST(reads_options_in_both_spellings)
{
    char first[] = "--a=1", second[] = "--b", third[] = "2", flag[] = "--c", fourth[] = "--b=";
    char *arguments[] = {first, second, third, flag, fourth};
    AUTO(text_list_clear) struct text_list list = {0};
    const char *value = NULL;
    bool set = false;
    const struct option_row rows[] = {{.name = "--a", .value = &value},
                                      {.name = "--b", .list = &list},
                                      {.name = "--c", .flag = &set},
                                      {.name = NULL}};

    assert_int_equal(option_parse(5, arguments, rows, NULL), 0);
    assert_string_equal(value, "1");
    assert_int_equal(list.count, 2);
    assert_string_equal(list.items[0], "2");
    assert_string_equal(list.items[1], "");
    assert_true(set);
}

TEST(refuses_options_that_are_not_in_the_table)
{
    static const char *const bad[] = {"--aa", "-a", "a", "--", "", "--c=1", "--cc", "--a"};
    const char *value = NULL;
    bool set = false;
    const struct option_row rows[] = {
        {.name = "--a", .value = &value}, {.name = "--c", .flag = &set}, {.name = NULL}};

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char argument[16];
        char *arguments[] = {argument};

        memcpy(argument, bad[i], strlen(bad[i]) + 1);
        assert_int_equal(option_parse(1, arguments, rows, NULL), -EINVAL);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_every_setting),
        RUN(reads_what_it_wrote),
        RUN(names_the_line_and_the_setting_that_is_wrong),
        RUN(takes_addresses_of_servers_apart),
        RUN(refuses_addresses_that_are_no_server),
        RUN(reads_options_in_both_spellings),
        RUN(refuses_options_that_are_not_in_the_table),
    };

    return RUN_ALL(tests);
}
