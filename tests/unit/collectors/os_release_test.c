#include "collectors/os_release.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/text.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

#define BOOKWORM                                                                                   \
    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n"               \
    "VERSION_CODENAME=bookworm\n"

static void auto_fixture_remove(char **folder)
{
    fixture_remove(*folder);
}

static void assert_kind(const char *chassis, const char *expected)
{
    AUTO(auto_fixture_remove) char *root = fixture_new_folder();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "sys/class/dmi/id/chassis_type", chassis);
    result = fixture_collect(&os_release_collector, root, 0);
    assert_fact_text(result, "machine_kind", expected);
}

static void set_mtime(const char *root, const char *path, time_t seconds)
{
    AUTO(text_clear) struct text full = {0};
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

    text_add_format(&full, "%s/%s", root, path);
    assert_int_equal(utimensat(AT_FDCWD, text_string(&full), times, 0), 0);
}

TEST(reports_debian_with_its_support)
{
    AUTO(auto_fixture_remove) char *root = fixture_new_folder();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "usr/lib/os-release", BOOKWORM);
    fixture_link(root, "etc/os-release", "../usr/lib/os-release");
    result = fixture_collect(&os_release_collector, root, 0);
    assert_fact_text(result, "id", "debian");
    assert_fact_text(result, "version_id", "12");
    assert_fact_text(result, "codename", "bookworm");
    assert_fact_text(result, "name", "Debian GNU/Linux 12 (bookworm)");
    assert_fact_text(result, "support_end", "2026-07-11T00:00:00Z");
    assert_fact_text(result, "lts_end", "2028-06-30T00:00:00Z");
    assert_fact_text(result, "support_source", "built_in");
    assert_fact_unknown(result, "machine_kind", "not_present");
    assert_fact_unknown(result, "kernel", "not_present");
}

TEST(takes_the_newer_of_two_tables)
{
    AUTO(auto_fixture_remove) char *root = fixture_new_folder();
    AUTO(auto_json_free) struct json *newer = NULL, *older = NULL;

    fixture_write(root, "etc/os-release", BOOKWORM);
    fixture_write(root, "usr/share/distro-info/debian.csv",
                  "version,codename,series,created,release,eol,eol-lts,eol-elts\n"
                  "12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-08-01,2029-01-01,2033-06-30\n");
    set_mtime(root, "usr/share/distro-info/debian.csv", 4000000000);
    newer = fixture_collect(&os_release_collector, root, 0);
    assert_fact_text(newer, "support_end", "2026-08-01T00:00:00Z");
    assert_fact_text(newer, "lts_end", "2029-01-01T00:00:00Z");
    assert_fact_text(newer, "support_source", "distro_info");

    set_mtime(root, "usr/share/distro-info/debian.csv", 1000000000);
    older = fixture_collect(&os_release_collector, root, 0);
    assert_fact_text(older, "support_end", "2026-07-11T00:00:00Z");
    assert_fact_text(older, "support_source", "built_in");
}

TEST(finds_a_release_that_only_the_old_table_knows)
{
    AUTO(auto_fixture_remove) char *root = fixture_new_folder();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "etc/os-release", "ID=debian\nVERSION_CODENAME=stretch\n");
    fixture_write(root, "usr/share/distro-info/debian.csv",
                  "version,codename,series,created,release,eol,eol-lts\n"
                  "9,Stretch,stretch,2015-04-25,2017-06-17,2020-07-18,2022-06-30\n");
    set_mtime(root, "usr/share/distro-info/debian.csv", 1000000000);
    result = fixture_collect(&os_release_collector, root, 0);
    assert_fact_text(result, "lts_end", "2022-06-30T00:00:00Z");
    assert_fact_text(result, "support_source", "distro_info");
}

TEST(does_not_call_paid_support_of_ubuntu_long_term_support)
{
    AUTO(auto_fixture_remove) char *root = fixture_new_folder();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "etc/os-release",
                  "ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=jammy\nVERSION_ID=\"22.04\"\n");
    fixture_write(root, "usr/share/distro-info/ubuntu.csv",
                  "version,codename,series,created,release,eol,eol-server,eol-esm,eol-legacy\n"
                  "22.04 LTS,Jammy Jellyfish,jammy,2021-10-14,2022-04-21,2027-06-02,2027-06-02,"
                  "2032-04-21,2034-04-25\n");
    set_mtime(root, "usr/share/distro-info/ubuntu.csv", 4000000000);
    result = fixture_collect(&os_release_collector, root, 0);
    assert_fact_text(result, "support_end", "2027-06-02T00:00:00Z");
    assert_fact_unknown(result, "lts_end", "not_applicable");
}

TEST(takes_the_end_that_fedora_states)
{
    AUTO(auto_fixture_remove) char *root = fixture_new_folder();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "etc/os-release", "ID=fedora\nVERSION_ID=42\nSUPPORT_END=2026-05-13\n");
    result = fixture_collect(&os_release_collector, root, 0);
    assert_fact_text(result, "support_end", "2026-05-13T00:00:00Z");
    assert_fact_text(result, "support_source", "os_release");
    assert_fact_unknown(result, "lts_end", "not_present");
}

TEST(does_not_guess_the_support_of_others)
{
    AUTO(auto_fixture_remove) char *root = fixture_new_folder();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "etc/os-release",
                  "ID=linuxmint\nID_LIKE=\"ubuntu debian\"\nVERSION_CODENAME=virginia\n"
                  "UBUNTU_CODENAME=jammy\nSUPPORT_END=soon\n");
    result = fixture_collect(&os_release_collector, root, 0);
    assert_fact_unknown(result, "support_end", "not_present");
    assert_fact_unknown(result, "support_source", "not_present");
}

TEST(says_why_it_does_not_know_the_system)
{
    AUTO(auto_fixture_remove) char *root = fixture_new_folder();
    AUTO(auto_json_free) struct json *missing = NULL, *damaged = NULL;

    missing = fixture_collect(&os_release_collector, root, 0);
    assert_fact_unknown(missing, "id", "not_present");
    fixture_write(root, "etc/os-release", "no equals sign\n");
    damaged = fixture_collect(&os_release_collector, root, 0);
    assert_fact_unknown(damaged, "id", "parse_error");
    assert_fact_unknown(damaged, "support_end", "parse_error");
}

TEST(tells_laptops_desktops_and_servers_apart)
{
    assert_kind("10\n", "laptop");
    assert_kind("31\n", "laptop");
    assert_kind("3\n", "desktop");
    assert_kind("35\n", "desktop");
    assert_kind("23\n", "server");
    assert_null(machine_kind_of_chassis(1));
    assert_null(machine_kind_of_chassis(2));
    assert_null(machine_kind_of_chassis(37));
    assert_null(machine_kind_of_chassis(UINT64_MAX));
}

TEST(does_not_call_a_virtual_machine_a_desktop)
{
    AUTO(auto_fixture_remove) char *root = fixture_new_folder();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "sys/class/dmi/id/chassis_type", "3\n");
    fixture_write(root, "sys/class/dmi/id/sys_vendor", "VMware, Inc.\n");
    result = fixture_collect(&os_release_collector, root, 0);
    assert_fact_text(result, "machine_kind", "virtual");
}

TEST(says_why_it_does_not_know_the_kind)
{
    AUTO(auto_fixture_remove) char *root = fixture_new_folder();
    AUTO(auto_json_free) struct json *other = NULL, *damaged = NULL, *container = NULL;

    fixture_write(root, "sys/class/dmi/id/chassis_type", "2\n");
    other = fixture_collect(&os_release_collector, root, 0);
    assert_fact_unknown(other, "machine_kind", "unsupported");
    fixture_write(root, "sys/class/dmi/id/chassis_type", "laptop\n");
    damaged = fixture_collect(&os_release_collector, root, 0);
    assert_fact_unknown(damaged, "machine_kind", "parse_error");
    fixture_write(root, "run/systemd/container", "docker");
    container = fixture_collect(&os_release_collector, root, 0);
    assert_fact_text(container, "machine_kind", "container");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reports_debian_with_its_support),
        RUN(takes_the_newer_of_two_tables),
        RUN(finds_a_release_that_only_the_old_table_knows),
        RUN(does_not_call_paid_support_of_ubuntu_long_term_support),
        RUN(takes_the_end_that_fedora_states),
        RUN(does_not_guess_the_support_of_others),
        RUN(says_why_it_does_not_know_the_system),
        RUN(tells_laptops_desktops_and_servers_apart),
        RUN(does_not_call_a_virtual_machine_a_desktop),
        RUN(says_why_it_does_not_know_the_kind),
    };

    return RUN_ALL(tests);
}
