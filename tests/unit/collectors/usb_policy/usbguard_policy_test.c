#include "collectors/usb_policy/usbguard_policy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

static enum usbguard_storage outcome(const char *rules)
{
    enum usbguard_storage storage = STORAGE_UNDECIDED;
    struct error err = {0};

    if (usbguard_rules_parse(rules, &storage, &err) < 0)
        fail_msg("%s: %s", rules, err.message);
    return storage;
}

TEST(a_device_that_is_named_opens_nothing_to_others)
{
    static const char *const rules[] = {
        "allow id 1050:0011 name \"Key\" serial \"0001\" via-port \"1-2\" hash \"044b\"",
        "allow 1050:0011",
        "allow serial \"123\"",
        "allow id one-of { 1050:0011 0781:5581 }",
        "allow hash one-of { \"a\" \"b\" }",
        "  allow id 1050:0011 label \"mine\"",
        "allow name \"has \\\" and { in it\" if !localtime(00:00-12:00)",
        "# allow",
        "",
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        assert_int_equal(outcome(rules[i]), STORAGE_UNDECIDED);
}

TEST(what_fits_any_storage_device_allows_storage)
{
    static const char *const rules[] = {
        "allow",
        "allow id *:*",
        "allow *:*",
        "allow id 0781:*",
        "allow serial \"\"",
        "allow with-interface 08:06:50",
        "allow with-interface equals { 08:*:* }",
        "allow with-interface { 03:*:* 08:*:* }",
        "allow with-interface *:*:*",
        "allow with-interface one-of { 03:00:01 03:01:01 }",
        "allow with-interface all-of { 03:*:* }",
        "allow with-interface none-of { 03:*:* }",
        "allow with-connect-type \"hotplug\"",
        "allow via-port \"1-2\"",
        "allow serial none-of { \"1\" \"2\" }",
        "allow if random(0.1)",
        "allow label \"all\"",
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (outcome(rules[i]) != STORAGE_ALLOWED)
            fail_msg("%s", rules[i]);
}

TEST(keyboards_alone_or_built_in_devices_open_nothing_to_storage)
{
    static const char *const rules[] = {
        "allow with-interface equals { 03:00:01 03:01:01 }",
        "allow with-interface 03:01:01",
        "allow with-interface match-all { 03:*:* 09:*:* }",
        "allow with-interface none-of { 08:*:* }",
        "allow with-connect-type \"hardwired\"",
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (outcome(rules[i]) != STORAGE_UNDECIDED)
            fail_msg("%s", rules[i]);
}

TEST(the_first_rule_that_fits_decides)
{
    assert_int_equal(outcome("block with-interface one-of { 08:*:* }\nallow"), STORAGE_KEPT_OUT);
    assert_int_equal(outcome("reject with-interface all-of { 08:*:* }\nallow"), STORAGE_KEPT_OUT);
    assert_int_equal(outcome("allow\nblock"), STORAGE_ALLOWED);
    assert_int_equal(outcome("block\nallow"), STORAGE_KEPT_OUT);
}

TEST(a_block_that_storage_can_slip_past_does_not_decide)
{
    static const char *const rules[] = {
        "reject with-interface equals { 08:*:* }\nallow",
        "block with-interface one-of { 08:06:* }\nallow",
        "block with-interface all-of { 08:*:* 03:*:* }\nallow",
        "block via-port \"1-1\"\nallow",
        "block id 0781:5581\nallow",
        "block if localtime(00:00-06:00)\nallow",
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (outcome(rules[i]) != STORAGE_ALLOWED)
            fail_msg("%s", rules[i]);
}

TEST(refuses_what_is_no_rule_and_names_the_line)
{
    static const char *const rules[] = {
        "permit",
        "allow something \"x\"",
        "allow id",
        "allow name \"open",
        "allow with-interface { 08:*:*",
        "allow with-interface { }",
        "allow with-interface one-of 08:*:*",
        "allow with-interface { { 08:*:* } }",
        "allow with-interface 03:*:* with-interface 08:*:*",
    };

    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        enum usbguard_storage storage = STORAGE_UNDECIDED;
        struct error err = {0};

        if (usbguard_rules_parse(rules[i], &storage, &err) != -EBADMSG)
            fail_msg("%s", rules[i]);
        assert_string_equal(err.message, "line 1 is not a rule");
    }
}

/* Whether the daemon would keep storage out, with these two files. */
static int enforce(const char *configuration, const char *rules, bool *ret_enforce)
{
    char *folder = fixture_new_folder();
    AUTO(sysroot_close) struct sysroot root = {.fd = -1};
    struct usbguard_files *files;
    int r;

    if (configuration != NULL)
        fixture_write(folder, "etc/usbguard/usbguard-daemon.conf", configuration);
    if (rules != NULL)
        fixture_write(folder, "etc/usbguard/rules.conf", rules);
    assert_int_equal(sysroot_open(folder, &root, NULL), 0);
    files = usbguard_files_read(&root);
    r = usbguard_files_enforce(files, ret_enforce, NULL);
    usbguard_files_free(files);
    fixture_remove(folder);
    return r;
}

static void assert_enforces(const char *configuration, const char *rules, bool expected)
{
    bool enforces;

    assert_int_equal(enforce(configuration, rules, &enforces), 0);
    assert_int_equal(enforces, expected);
}

TEST(debians_own_configuration_with_named_devices_enforces)
{
    AUTO(text_clear) struct text text = {0};
    AUTO_CLOSE int folder = directory_open(FIXTURES "/usb_policy", NULL);

    assert_int_equal(file_read(folder, "usbguard-daemon.conf", 65536, &text, NULL), 0);
    assert_enforces(text_string(&text), "allow id 1050:0011 serial \"1\"\n", true);
}

TEST(each_lenient_setting_enforces_nothing)
{
    assert_enforces("RuleFile=/etc/usbguard/rules.conf\n", "", true);
    assert_enforces("ImplicitPolicyTarget=allow\n", NULL, false);
    assert_enforces("InsertedDevicePolicy=allow\n", NULL, false);
    assert_enforces("InsertedDevicePolicy=keep\n", NULL, false);
    assert_enforces("PresentDevicePolicy=allow\n", NULL, false);
}

TEST(storage_kept_out_by_a_rule_needs_no_default)
{
    assert_enforces("RuleFile=/etc/usbguard/rules.conf\nImplicitPolicyTarget=allow\n",
                    "reject with-interface one-of { 08:*:* }\n", true);
    assert_enforces("RuleFile=/etc/usbguard/rules.conf\nImplicitPolicyTarget=allow\n",
                    "reject with-interface equals { 08:*:* }\n", false);
}

TEST(rules_that_are_not_read_prove_nothing)
{
    bool enforces;

    assert_int_equal(enforce(NULL, "", &enforces), -ENOENT);
    assert_int_equal(enforce("RuleFile=/etc/usbguard/rules.conf\n", NULL, &enforces), -ENOENT);
    assert_int_equal(enforce("RuleFile=/srv/rules\n", "", &enforces), -EOPNOTSUPP);
    assert_int_equal(enforce("RuleFolder=/srv/rules.d\n", "", &enforces), -EOPNOTSUPP);
    assert_int_equal(enforce("ImplicitPolicyTarget=Block\n", "", &enforces), -EBADMSG);
    assert_int_equal(enforce("nonsense\n", "", &enforces), -EBADMSG);
    assert_int_equal(enforce("A=1\nA=2\n", "", &enforces), -EBADMSG);
}

static void become_nobody(void)
{
    if (getuid() == 0)
        assert_int_equal(seteuid(65534), 0);
}

static void become_root_again(void)
{
    if (getuid() == 0)
        assert_int_equal(seteuid(0), 0);
}

TEST(without_permission_it_is_not_known)
{
    char *folder = fixture_new_folder();
    AUTO(sysroot_close) struct sysroot root = {.fd = -1};
    struct usbguard_files *files;
    AUTO(text_clear) struct text path = {0};
    bool enforces;

    fixture_write(folder, "etc/usbguard/usbguard-daemon.conf", "");
    text_add_format(&path, "%s/etc/usbguard/usbguard-daemon.conf", folder);
    assert_int_equal(chmod(path.bytes, 0), 0);
    assert_int_equal(sysroot_open(folder, &root, NULL), 0);
    become_nobody(); /* root may read whatever its mode is */
    files = usbguard_files_read(&root);
    become_root_again();
    assert_int_equal(usbguard_files_enforce(files, &enforces, NULL), -EACCES);
    usbguard_files_free(files);
    fixture_remove(folder);
}

TEST(rules_in_the_folder_count_after_those_in_the_file)
{
    char *folder = fixture_new_folder();
    AUTO(sysroot_close) struct sysroot root = {.fd = -1};
    struct usbguard_files *files;
    bool enforces = true;

    fixture_write(folder, "etc/usbguard/usbguard-daemon.conf",
                  "RuleFile=/etc/usbguard/rules.conf\nRuleFolder=/etc/usbguard/rules.d/\n");
    fixture_write(folder, "etc/usbguard/rules.conf", "allow id 1050:0011\n");
    fixture_write(folder, "etc/usbguard/rules.d/10-all.conf", "allow\n");
    assert_int_equal(sysroot_open(folder, &root, NULL), 0);
    files = usbguard_files_read(&root);
    assert_int_equal(usbguard_files_enforce(files, &enforces, NULL), 0);
    assert_false(enforces);
    usbguard_files_free(files);
    fixture_remove(folder);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_device_that_is_named_opens_nothing_to_others),
        RUN(what_fits_any_storage_device_allows_storage),
        RUN(keyboards_alone_or_built_in_devices_open_nothing_to_storage),
        RUN(the_first_rule_that_fits_decides),
        RUN(a_block_that_storage_can_slip_past_does_not_decide),
        RUN(refuses_what_is_no_rule_and_names_the_line),
        RUN(debians_own_configuration_with_named_devices_enforces),
        RUN(each_lenient_setting_enforces_nothing),
        RUN(storage_kept_out_by_a_rule_needs_no_default),
        RUN(rules_that_are_not_read_prove_nothing),
        RUN(without_permission_it_is_not_known),
        RUN(rules_in_the_folder_count_after_those_in_the_file),
    };

    return RUN_ALL(tests);
}
