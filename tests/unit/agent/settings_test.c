#include "agent/settings.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

static void assert_refused(const char *text, const char *words)
{
    struct settings settings = {0};
    struct error err = {0};

    assert_int_equal(settings_parse(text, &settings, &err), -EINVAL);
    if (strstr(err.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.message, words);
    assert_null(settings.proxy);
}

TEST(an_empty_file_sets_nothing)
{
    AUTO(settings_clear) struct settings settings = {0};

    assert_int_equal(settings_parse("# nothing\n\n", &settings, NULL), 0);
    assert_null(settings.proxy);
    assert_int_equal(settings.disabled.count, 0);
}

TEST(reads_a_proxy_of_each_kind)
{
    static const char *const proxies[] = {"http://proxy.example:3128", "https://proxy.example",
                                          "socks5h://127.0.0.1:9050"};

    for (size_t i = 0; i < sizeof(proxies) / sizeof(proxies[0]); i++) {
        AUTO(settings_clear) struct settings settings = {0};
        char text[100];

        (void)snprintf(text, sizeof(text), "proxy = %s\n", proxies[i]);
        assert_int_equal(settings_parse(text, &settings, NULL), 0);
        assert_string_equal(settings.proxy, proxies[i]);
    }
}

TEST(refuses_a_proxy_that_would_look_names_up_in_the_clear)
{
    assert_refused("proxy = socks5://127.0.0.1:9050\n", "line 1: proxy: \"socks5://");
    assert_refused("proxy = proxy.example\n", "write http://");
    assert_refused("proxy = http://\n", "write http://");
    assert_refused("proxy =\n", "write http://");
}

TEST(reads_a_list_of_collectors_to_disable)
{
    AUTO(settings_clear) struct settings settings = {0};

    assert_int_equal(settings_parse("disable = firewall, usb_policy,firewall\n", &settings, NULL),
                     0);
    assert_int_equal(settings.disabled.count, 2);
    assert_string_equal(settings.disabled.items[0], "firewall");
    assert_string_equal(settings.disabled.items[1], "usb_policy");
}

TEST(refuses_what_cannot_be_a_collector)
{
    assert_refused("\ndisable = Fire-Wall\n", "line 2: disable: \"Fire-Wall\" is no collector");
}

TEST(names_an_unknown_setting_and_the_known_ones)
{
    assert_refused("proxi = x\n", "line 1: there is no setting \"proxi\"; known are: disable, pro");
}

TEST(a_missing_file_matters_only_when_it_was_named)
{
    char *folder = fixture_new_folder();
    AUTO(settings_clear) struct settings settings = {0};
    struct layout layout = {.state = folder};
    struct error err = {0};

    fixture_make_folder(folder, "etc");
    assert_int_equal(settings_load(&layout, &settings, &err), 0);
    layout.config = "/nowhere/at/all.conf";
    assert_int_equal(settings_load(&layout, &settings, &err), -ENOENT);
    fixture_remove(folder);
}

TEST(a_bad_file_is_named_with_its_line)
{
    char *folder = fixture_new_folder();
    struct layout layout = {.state = folder};
    struct settings settings = {0};
    struct error err = {0};

    fixture_write(folder, "etc/dijkwacht.conf", "disable =\nfoo = 1\n");
    assert_int_equal(settings_load(&layout, &settings, &err), -EINVAL);
    assert_non_null(strstr(err.message, "dijkwacht.conf: line 2: there is no setting \"foo\""));
    fixture_write_bytes(folder, "etc/dijkwacht.conf", "a\0b", 3);
    assert_int_equal(settings_load(&layout, &settings, &err), -EINVAL);
    fixture_remove(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(an_empty_file_sets_nothing),
        RUN(reads_a_proxy_of_each_kind),
        RUN(refuses_a_proxy_that_would_look_names_up_in_the_clear),
        RUN(reads_a_list_of_collectors_to_disable),
        RUN(refuses_what_cannot_be_a_collector),
        RUN(names_an_unknown_setting_and_the_known_ones),
        RUN(a_missing_file_matters_only_when_it_was_named),
        RUN(a_bad_file_is_named_with_its_line),
    };

    return RUN_ALL(tests);
}
