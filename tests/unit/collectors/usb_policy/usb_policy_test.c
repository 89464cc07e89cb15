#include "collectors/usb_policy/usb_policy.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "collectors/usb_policy/modprobe_policy.h"
#include "platform/cleanup.h"
#include "platform/json.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

#define RELEASE "6.1.0-test"
#define DRIVER  "lib/modules/" RELEASE "/kernel/drivers/usb/storage/usb-storage.ko.xz"
#define DEVICES "sys/bus/usb/devices/"

/* An ordinary laptop: one controller that lets everything in, the driver a module, systemd. */
static char *laptop(void)
{
    char *folder = fixture_new_folder();

    fixture_write(folder, DEVICES "usb1/authorized_default", "1\n");
    fixture_write(folder, DRIVER, "");
    fixture_write(folder, "proc/cmdline", "quiet\n");
    fixture_make_folder(folder, "sys/fs/cgroup/system.slice");
    return folder;
}

static void remove_driver(const char *folder)
{
    char path[256];

    (void)snprintf(path, sizeof(path), "%s/" DRIVER, folder);
    assert_int_equal(unlink(path), 0);
}

static struct json *collect(char *folder)
{
    struct json *result = fixture_collect_machine(&usb_policy_collector, folder,
                                                  (struct machine){.kernel_release = RELEASE});

    fixture_remove(folder);
    return result;
}

static void assert_policy(char *folder, const char *expected)
{
    AUTO(auto_json_free) struct json *result = collect(folder);

    assert_fact_text(result, "removable_storage_policy", expected);
}

static void assert_policy_unknown(char *folder, const char *reason)
{
    AUTO(auto_json_free) struct json *result = collect(folder);

    assert_fact_unknown(result, "removable_storage_policy", reason);
}

/* classes: of its interfaces, between spaces. */
static void plug_in(const char *folder, const char *name, const char *classes)
{
    char path[96];

    (void)snprintf(path, sizeof(path), DEVICES "%s/authorized", name);
    fixture_write(folder, path, "1\n");
    for (unsigned i = 0; *classes != '\0'; i++) {
        char class[3] = {classes[0], classes[1]};

        (void)snprintf(path, sizeof(path), DEVICES "%s:1.%u/bInterfaceClass", name, i);
        fixture_write(folder, path, class);
        classes += 2;
        classes += *classes == ' ';
    }
}

static void install_usbguard(const char *folder, const char *configuration, const char *rules)
{
    fixture_write(folder, "usr/sbin/usbguard-daemon", "");
    fixture_write(folder, "etc/usbguard/usbguard-daemon.conf", configuration);
    fixture_write(folder, "etc/usbguard/rules.conf", rules);
}

static void start_usbguard(const char *folder)
{
    fixture_write(folder, "sys/fs/cgroup/system.slice/usbguard.service/cgroup.procs", "812\n");
}

#define CONFIGURATION                                                                              \
    "RuleFile=/etc/usbguard/rules.conf\nImplicitPolicyTarget=block\n"                              \
    "InsertedDevicePolicy=apply-policy\nPresentDevicePolicy=apply-policy\n"

TEST(a_laptop_lets_any_stick_in)
{
    AUTO(auto_json_free) struct json *result = collect(laptop());

    assert_fact_text(result, "removable_storage_policy", "unrestricted");
    assert_fact_integer(result, "controllers", 1);
    assert_fact_text(result, "default_authorization", "all");
    assert_fact_text(result, "storage_driver", "available");
    assert_fact_text(result, "storage_driver_policy", "none");
    assert_fact_bool(result, "usbguard_installed", false);
    assert_fact_bool(result, "usbguard_running", false);
    assert_fact_bool(result, "usbguard_enforcing", false);
    assert_fact_unknown(result, "thunderbolt_security", "not_applicable");
}

TEST(without_a_usb_bus_nothing_applies)
{
    char *folder = fixture_new_folder();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_make_folder(folder, "sys/bus/pci/devices");
    result = collect(folder);
    assert_fact_unknown(result, "controllers", "not_applicable");
    assert_fact_unknown(result, "removable_storage_policy", "not_applicable");
}

TEST(a_controller_that_nothing_serves_may_be_served_later)
{
    char *folder = fixture_new_folder();

    fixture_write(folder, "sys/bus/pci/devices/0000:00:14.0/class", "0x0c0330\n");
    assert_policy_unknown(folder, "not_present");
}

TEST(without_sysfs_nobody_can_tell)
{
    assert_policy_unknown(fixture_new_folder(), "not_present");
}

TEST(the_most_permissive_controller_counts)
{
    char *folder = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(folder, DEVICES "usb1/authorized_default", "0\n");
    fixture_write(folder, DEVICES "usb2/authorized_default", "1\n");
    fixture_write(folder, DEVICES "usb3/authorized_default", "2\n");
    result = collect(folder);
    assert_fact_integer(result, "controllers", 3);
    assert_fact_text(result, "default_authorization", "all");
}

TEST(a_closed_controller_blocks_storage)
{
    char *folder = laptop();

    fixture_write(folder, DEVICES "usb1/authorized_default", "0\n");
    assert_policy(folder, "blocked");
}

TEST(only_built_in_ports_block_removable_storage)
{
    char *folder = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(folder, DEVICES "usb1/authorized_default", "2\n");
    result = collect(folder);
    assert_fact_text(result, "default_authorization", "internal_only");
    assert_fact_text(result, "removable_storage_policy", "blocked");
}

TEST(a_closed_controller_that_udev_rules_may_open_is_unknown)
{
    char *folder = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(folder, DEVICES "usb1/authorized_default", "0\n");
    fixture_write(folder, "etc/udev/rules.d/90-usb.rules",
                  "# authorized\nSUBSYSTEM==\"usb\", ATTR{authorized}=\"1\"\n");
    result = collect(folder);
    assert_fact_integer(result, "udev_authorization_rules", 1);
    assert_fact_unknown(result, "removable_storage_policy", "unsupported");
}

TEST(a_controller_that_does_not_say_leaves_it_unknown)
{
    char *folder = laptop();

    fixture_write(folder, DEVICES "usb1/authorized_default", "perhaps\n");
    assert_policy_unknown(folder, "parse_error");
}

TEST(a_blacklist_alone_keeps_nothing_out)
{
    char *folder = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(folder, "etc/modprobe.d/usb.conf", "blacklist usb-storage\n");
    result = collect(folder);
    assert_fact_text(result, "storage_driver", "available");
    assert_fact_text(result, "storage_driver_policy", "blacklist");
    assert_fact_text(result, "removable_storage_policy", "unrestricted");
}

TEST(an_install_line_that_fails_blocks_the_driver)
{
    char *folder = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(folder, "etc/modprobe.d/usb.conf", "install usb_storage\t/bin/false\n");
    result = collect(folder);
    assert_fact_text(result, "storage_driver", "blocked");
    assert_fact_text(result, "storage_driver_policy", "blocked");
    assert_fact_text(result, "removable_storage_policy", "blocked");
}

TEST(a_driver_that_is_loaded_already_is_not_blocked)
{
    char *folder = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(folder, "etc/modprobe.d/usb.conf", "install usb_storage /bin/false\n");
    fixture_write(folder, "sys/module/usb_storage/initstate", "live\n");
    result = collect(folder);
    assert_fact_text(result, "storage_driver", "loaded");
    assert_fact_text(result, "storage_driver_policy", "blocked");
    assert_fact_text(result, "removable_storage_policy", "unrestricted");
}

TEST(a_built_in_driver_cannot_be_blocked)
{
    char *folder = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(folder, "etc/modprobe.d/usb.conf", "install usb_storage /bin/false\n");
    fixture_make_folder(folder, "sys/module/usb_storage");
    result = collect(folder);
    assert_fact_text(result, "storage_driver", "built_in");
    assert_fact_text(result, "removable_storage_policy", "unrestricted");
}

TEST(files_that_modprobe_passes_over_do_not_count)
{
    char *folder = laptop();

    fixture_write(folder, "etc/modprobe.d/usb.conf.bak", "install usb_storage /bin/false\n");
    assert_policy(folder, "unrestricted");
}

TEST(a_file_in_etc_replaces_one_of_its_name)
{
    char *folder = laptop();

    fixture_write(folder, "usr/lib/modprobe.d/usb.conf", "install usb_storage /bin/false\n");
    fixture_link(folder, "etc/modprobe.d/usb.conf", "/dev/null");
    assert_policy(folder, "unrestricted");
}

TEST(the_kernel_refuses_what_its_command_line_lists)
{
    char *folder = laptop(), *soft = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(folder, "proc/cmdline", "quiet module_blacklist=foo,usb_storage\n");
    assert_policy(folder, "blocked");
    fixture_write(soft, "proc/cmdline", "quiet modprobe.blacklist=usb-storage\n");
    result = collect(soft);
    assert_fact_text(result, "storage_driver_policy", "blacklist");
}

TEST(the_kernel_loads_what_its_command_line_lists_by_another_name)
{
    char *dash = laptop(), *replaced = laptop();

    fixture_write(dash, "proc/cmdline", "quiet module_blacklist=usb-storage\n");
    assert_policy(dash, "unrestricted");
    fixture_write(replaced, "proc/cmdline", "module_blacklist=usb_storage module_blacklist=foo\n");
    assert_policy(replaced, "unrestricted");
}

TEST(no_module_can_be_loaded_any_more)
{
    char *folder = laptop();

    fixture_write(folder, "proc/sys/kernel/modules_disabled", "1\n");
    assert_policy(folder, "blocked");
}

TEST(a_kernel_without_the_driver_has_to_say_so)
{
    char *told = laptop(), *silent = laptop();

    remove_driver(told);
    fixture_write(told, "lib/modules/" RELEASE "/modules.builtin", "kernel/fs/ext4/ext4.ko\n");
    fixture_write(told, "lib/modules/" RELEASE "/modules.dep", "kernel/fs/nfs/nfs.ko:\n");
    assert_policy(told, "blocked");

    remove_driver(silent);
    assert_policy_unknown(silent, "not_present");
}

TEST(an_install_line_that_loads_after_all_does_not_block)
{
    static const char *const lines[] = {
        "install usb-storage /bin/false; /sbin/modprobe --ignore-install usb-storage\n",
        "install usb-storage /bin/true || modprobe x\n",
        "install usb-storage /bin/false\ninstall usb_storage /sbin/modprobe -i usb_storage\n",
        "# install usb-storage /bin/false\n",
        "install usb-storage\n",
        "install usb-storages /bin/false\n",
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        char *folder = laptop();

        fixture_write(folder, "etc/modprobe.d/usb.conf", lines[i]);
        assert_policy(folder, "unrestricted");
    }
}

TEST(an_install_line_may_go_on_on_the_next)
{
    struct modprobe_lines lines = {0};

    modprobe_lines_parse("install usb-storage \\\n  /bin/true\nblacklist usb_storage", &lines);
    assert_int_equal(lines.blocking, 1);
    assert_int_equal(lines.blacklist, 1);
}

TEST(counts_each_device_once_by_what_it_can_do)
{
    char *folder = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    plug_in(folder, "1-1", "09");
    plug_in(folder, "1-1.1", "08");
    plug_in(folder, "1-1.2", "08 03");
    plug_in(folder, "1-1.3", "03 03");
    plug_in(folder, "1-1.4", "02 0a");
    plug_in(folder, "1-2", "0e");
    fixture_write(folder, DEVICES "1-3/authorized", "0\n");
    result = collect(folder);
    assert_fact_integer(result, "connected_hub", 1);
    assert_fact_integer(result, "connected_storage", 2);
    assert_fact_integer(result, "connected_hid", 1);
    assert_fact_integer(result, "connected_network", 1);
    assert_fact_integer(result, "connected_other", 1);
    assert_fact_integer(result, "unauthorized_devices", 1);
    assert_fact_integer(result, "composite_hid_storage", 1);
}

TEST(usbguard_that_runs_by_rules_controls_storage)
{
    char *folder = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    install_usbguard(folder, CONFIGURATION, "");
    start_usbguard(folder);
    result = collect(folder);
    assert_fact_bool(result, "usbguard_running", true);
    assert_fact_bool(result, "usbguard_enforcing", true);
    assert_fact_text(result, "removable_storage_policy", "controlled");
}

TEST(usbguard_that_was_never_started_enforces_nothing)
{
    char *folder = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    install_usbguard(folder, CONFIGURATION, "");
    result = collect(folder);
    assert_fact_bool(result, "usbguard_installed", true);
    assert_fact_bool(result, "usbguard_running", false);
    assert_fact_bool(result, "usbguard_enforcing", false);
    assert_fact_text(result, "removable_storage_policy", "unrestricted");
}

TEST(usbguard_without_a_process_does_not_run)
{
    char *folder = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    install_usbguard(folder, CONFIGURATION, "");
    fixture_write(folder, "sys/fs/cgroup/system.slice/usbguard.service/cgroup.procs", "");
    result = collect(folder);
    assert_fact_bool(result, "usbguard_running", false);
}

TEST(usbguard_that_died_leaves_a_closed_controller_closed)
{
    char *folder = laptop();

    install_usbguard(folder, CONFIGURATION, "");
    fixture_write(folder, DEVICES "usb1/authorized_default", "0\n");
    assert_policy(folder, "blocked");
}

TEST(usbguard_that_allows_all_storage_opens_a_closed_controller)
{
    char *folder = laptop();

    install_usbguard(folder, CONFIGURATION, "allow with-interface equals { 08:*:* }\n");
    start_usbguard(folder);
    fixture_write(folder, DEVICES "usb1/authorized_default", "0\n");
    assert_policy(folder, "unrestricted");
}

TEST(without_systemd_nobody_tells_whether_usbguard_runs)
{
    char *folder = fixture_new_folder();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(folder, DEVICES "usb1/authorized_default", "1\n");
    fixture_write(folder, DRIVER, "");
    fixture_write(folder, "proc/cmdline", "quiet\n");
    install_usbguard(folder, CONFIGURATION, "");
    result = collect(folder);
    assert_fact_unknown(result, "usbguard_running", "not_present");
    assert_fact_unknown(result, "usbguard_enforcing", "not_present");
    assert_fact_unknown(result, "removable_storage_policy", "not_present");
}

TEST(rules_that_are_none_leave_usbguard_unknown)
{
    char *folder = laptop();

    install_usbguard(folder, CONFIGURATION, "permit everything\n");
    start_usbguard(folder);
    assert_policy_unknown(folder, "parse_error");
}

TEST(the_least_protected_thunderbolt_domain_counts)
{
    char *folder = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(folder, "sys/bus/thunderbolt/devices/domain0/security", "user\n");
    fixture_write(folder, "sys/bus/thunderbolt/devices/domain0/iommu_dma_protection", "0\n");
    fixture_write(folder, "sys/bus/thunderbolt/devices/domain1/security", "none\n");
    fixture_write(folder, "sys/bus/thunderbolt/devices/domain1/iommu_dma_protection", "1\n");
    result = collect(folder);
    assert_fact_text(result, "thunderbolt_security", "none");
    assert_fact_bool(result, "iommu_dma_protection", false);
}

TEST(a_thunderbolt_port_that_is_asleep_is_unknown)
{
    char *folder = laptop();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(folder, "sys/bus/pci/devices/0000:00:0d.2/class", "0x0c0340\n");
    result = collect(folder);
    assert_fact_unknown(result, "thunderbolt_security", "not_present");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_laptop_lets_any_stick_in),
        RUN(without_a_usb_bus_nothing_applies),
        RUN(a_controller_that_nothing_serves_may_be_served_later),
        RUN(without_sysfs_nobody_can_tell),
        RUN(the_most_permissive_controller_counts),
        RUN(a_closed_controller_blocks_storage),
        RUN(only_built_in_ports_block_removable_storage),
        RUN(a_closed_controller_that_udev_rules_may_open_is_unknown),
        RUN(a_controller_that_does_not_say_leaves_it_unknown),
        RUN(a_blacklist_alone_keeps_nothing_out),
        RUN(an_install_line_that_fails_blocks_the_driver),
        RUN(a_driver_that_is_loaded_already_is_not_blocked),
        RUN(a_built_in_driver_cannot_be_blocked),
        RUN(files_that_modprobe_passes_over_do_not_count),
        RUN(a_file_in_etc_replaces_one_of_its_name),
        RUN(the_kernel_refuses_what_its_command_line_lists),
        RUN(the_kernel_loads_what_its_command_line_lists_by_another_name),
        RUN(no_module_can_be_loaded_any_more),
        RUN(a_kernel_without_the_driver_has_to_say_so),
        RUN(an_install_line_that_loads_after_all_does_not_block),
        RUN(an_install_line_may_go_on_on_the_next),
        RUN(counts_each_device_once_by_what_it_can_do),
        RUN(usbguard_that_runs_by_rules_controls_storage),
        RUN(usbguard_that_was_never_started_enforces_nothing),
        RUN(usbguard_without_a_process_does_not_run),
        RUN(usbguard_that_died_leaves_a_closed_controller_closed),
        RUN(usbguard_that_allows_all_storage_opens_a_closed_controller),
        RUN(without_systemd_nobody_tells_whether_usbguard_runs),
        RUN(rules_that_are_none_leave_usbguard_unknown),
        RUN(the_least_protected_thunderbolt_domain_counts),
        RUN(a_thunderbolt_port_that_is_asleep_is_unknown),
    };

    return RUN_ALL(tests);
}
