#include "collectors/patch_level/apt_configuration.h"

#include <errno.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "tests/support/test.h"

static const char *value_in(struct apt_configuration *configuration, const char *text,
                            const char *key)
{
    const char *value;
    struct error err = {0};

    if (apt_configuration_add(configuration, text, &err) < 0)
        fail_msg("%s", err.message);
    value = apt_configuration_value(configuration, key);
    return value == NULL ? "none" : value;
}

TEST(reads_flat_and_nested_settings)
{
    AUTO(apt_configuration_clear) struct apt_configuration configuration = {0};

    assert_string_equal(
        value_in(&configuration, "APT::Periodic::Enable \"1\";\n", "apt::periodic::enable"), "1");
    assert_string_equal(value_in(&configuration, "APT { Periodic { Enable \"0\"; Other 5 ; }; };",
                                 "APT::Periodic::Enable"),
                        "0");
    assert_string_equal(apt_configuration_value(&configuration, "APT::Periodic::Other"), "5");
    assert_string_equal(
        value_in(&configuration, "A::B::C { D \"x;}\"; }\nA::E \"\";", "A::B::C::D"), "x;}");
    assert_null(apt_configuration_value(&configuration, "A::B"));
}

TEST(reads_lists_and_comments)
{
    AUTO(apt_configuration_clear) struct apt_configuration configuration = {0};

    assert_string_equal(value_in(&configuration,
                                 "// one\n# two\n/* three\n */ L { \"a\"; // b\n \"c\" };\n"
                                 "L:: \"d\"; #four\n",
                                 "L::"),
                        "d");
    assert_int_equal(configuration.count, 3);
    assert_true(apt_configuration_has_below(&configuration, "L"));
    assert_false(apt_configuration_has_below(&configuration, "LL"));
}

TEST(clears_what_it_is_told_to_clear)
{
    AUTO(apt_configuration_clear) struct apt_configuration configuration = {0};

    assert_string_equal(value_in(&configuration,
                                 "A::B \"1\"; A::B::C \"2\"; A::BB \"3\";\n#clear A::B;\n",
                                 "A::BB"),
                        "3");
    assert_null(apt_configuration_value(&configuration, "A::B"));
    assert_null(apt_configuration_value(&configuration, "A::B::C"));
}

TEST(refuses_what_apt_would_refuse)
{
    static const char *const texts[] = {"A \"1\"",   "A \"1;", "A {",        "}",
                                        "A { B 1; ", "\"x\";", "/* open",    "A { \"x\" \"y\"; };",
                                        "#clear;",   "= 1;",   "A \"1\" B;", "#clear A"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        AUTO(apt_configuration_clear) struct apt_configuration configuration = {0};

        if (apt_configuration_add(&configuration, texts[i], NULL) != -EBADMSG)
            fail_msg("passed: %s", texts[i]);
    }
}

TEST(has_limits)
{
    AUTO(apt_configuration_clear) struct apt_configuration configuration = {0};
    AUTO(text_clear) struct text text = {0};

    for (int i = 0; i < 17; i++)
        text_add_string(&text, "A {");
    assert_int_equal(apt_configuration_add(&configuration, text_string(&text), NULL), -EFBIG);
    assert_int_equal(apt_configuration_add(&configuration, "#include \"/etc/x\";", NULL),
                     -EOPNOTSUPP);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_flat_and_nested_settings),
        RUN(reads_lists_and_comments),
        RUN(clears_what_it_is_told_to_clear),
        RUN(refuses_what_apt_would_refuse),
        RUN(has_limits),
    };

    return RUN_ALL(tests);
}
