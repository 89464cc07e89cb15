#include "collectors/patch_level/patch_level.h"
#include "platform/cleanup.h"
#include "platform/json.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

#define PACKAGE(name)                                                                              \
    "Package: " name "\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n\n"
#define SETTINGS "etc/apt/apt.conf.d/20auto-upgrades"
#define ON       "APT::Periodic::Update-Package-Lists \"1\";\nAPT::Periodic::Unattended-Upgrade \"1\";\n"

#define ORIGINS         "etc/apt/apt.conf.d/50unattended-upgrades"
#define SECURITY_PREFIX "var/lib/apt/lists/deb.example_s_dists_bookworm-security_"
#define SECURITY_RELEASE                                                                           \
    "Origin: Debian\nLabel: Debian-Security\nSuite: oldstable-security\n"                          \
    "Codename: bookworm-security\nDate: Sat, 21 Nov 2026 00:53:02 UTC\n"                           \
    "SHA256:\n abc 0 main/binary-amd64/Packages\n"

static void auto_fixture_remove(char **folder)
{
    fixture_remove(*folder);
}

static void enable_timer(const char *root, const char *unit, const char *wanted)
{
    fixture_write(root, unit, "[Timer]\n");
    fixture_link(root, wanted, "/usr/lib/systemd/system/x.timer");
}

/* A Debian system on which everything is switched on. */
static char *new_root(void)
{
    char *root = fixture_new_folder();

    fixture_write(root, "var/lib/dpkg/status", PACKAGE("dpkg") PACKAGE("unattended-upgrades"));
    fixture_write(root, "usr/lib/systemd/systemd", "");
    fixture_write(root, SETTINGS, ON);
    fixture_write(root, "etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n");
    fixture_write(root, "etc/apt/sources.list",
                  "deb http://deb.example/s bookworm-security main\n");
    fixture_write(root, SECURITY_PREFIX "Release", SECURITY_RELEASE);
    fixture_write(
        root, ORIGINS,
        "Unattended-Upgrade::Origins-Pattern {\n"
        "    \"origin=Debian,codename=${distro_codename},label=Debian\";\n"
        "    \"origin=Debian,codename=${distro_codename}-security,label=Debian-Security\";"
        "\n};\n");
    enable_timer(root, "usr/lib/systemd/system/apt-daily.timer",
                 "etc/systemd/system/timers.target.wants/apt-daily.timer");
    enable_timer(root, "usr/lib/systemd/system/apt-daily-upgrade.timer",
                 "etc/systemd/system/timers.target.wants/apt-daily-upgrade.timer");
    fixture_write(root, "usr/lib/systemd/system/apt-daily.service", "[Service]\n");
    fixture_write(root, "usr/lib/systemd/system/apt-daily-upgrade.service", "[Service]\n");
    return root;
}

static void assert_enabled(const char *root, bool expected)
{
    AUTO(auto_json_free)
    struct json *result = fixture_collect(&patch_level_collector, root, 0);

    assert_fact_bool(result, "automatic_updates_enabled", expected);
}

static void assert_enabled_unknown(const char *root, const char *reason)
{
    AUTO(auto_json_free)
    struct json *result = fixture_collect(&patch_level_collector, root, 0);

    assert_fact_unknown(result, "automatic_updates_enabled", reason);
}

TEST(are_on_when_everything_is)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free)
    struct json *result = fixture_collect(&patch_level_collector, root, 0);

    assert_fact_bool(result, "automatic_updates_enabled", true);
    assert_fact_text(result, "automatic_updates_mechanism", "unattended_upgrades");
}

TEST(are_off_without_the_package)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "var/lib/dpkg/status", PACKAGE("dpkg"));
    result = fixture_collect(&patch_level_collector, root, 0);
    assert_fact_bool(result, "automatic_updates_enabled", false);
    assert_fact_text(result, "automatic_updates_mechanism", "none");
}

TEST(are_off_when_a_setting_is)
{
    static const char *const settings[] = {
        "",
        "APT::Periodic::Unattended-Upgrade \"1\";\n",
        "APT::Periodic::Update-Package-Lists \"1\";\n",
        ON "APT::Periodic::Enable \"0\";\n",
        ON "APT::Periodic { Unattended-Upgrade \"0\"; };\n",
        ON "#clear APT::Periodic;\n",
        ON "APT::Periodic::Update-Package-Lists \"00h\";\n",
    };
    AUTO(auto_fixture_remove) char *root = new_root();

    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
        fixture_write(root, SETTINGS, settings[i]);
        assert_enabled(root, false);
    }
    fixture_write(root, SETTINGS, ON "APT::Periodic::Unattended-Upgrade \"12h\";\n");
    assert_enabled(root, true);
    fixture_write(root, SETTINGS, ON "APT::Periodic::Unattended-Upgrade \"always\";\n");
    assert_enabled(root, true);
}

TEST(follow_the_file_that_apt_reads_last)
{
    AUTO(auto_fixture_remove) char *root = new_root();

    fixture_write(root, "etc/apt/apt.conf.d/99off.disabled", "APT::Periodic::Enable \"0\";\n");
    assert_enabled(root, true);
    fixture_write(root, "etc/apt/apt.conf.d/99off", "APT::Periodic::Enable \"0\";\n");
    assert_enabled(root, false);
    fixture_write(root, "etc/apt/apt.conf", "APT::Periodic::Enable \"1\";\n");
    assert_enabled(root, true);
}

TEST(are_off_when_a_timer_is_masked)
{
    AUTO(auto_fixture_remove) char *root = new_root();

    fixture_link(root, "etc/systemd/system/apt-daily-upgrade.timer", "/dev/null");
    assert_enabled(root, false);
}

TEST(are_off_when_the_service_behind_a_timer_is_masked)
{
    AUTO(auto_fixture_remove) char *upgrade = new_root(), *lists = new_root();

    fixture_link(upgrade, "etc/systemd/system/apt-daily-upgrade.service", "/dev/null");
    assert_enabled(upgrade, false);
    fixture_link(lists, "etc/systemd/system/apt-daily.service", "/dev/null");
    assert_enabled(lists, false);
}

TEST(are_off_when_a_timer_is_masked_until_the_next_start)
{
    AUTO(auto_fixture_remove) char *root = new_root();

    fixture_link(root, "run/systemd/system/apt-daily.timer", "/dev/null");
    assert_enabled(root, false);
}

TEST(are_off_when_a_timer_is_empty_or_not_wanted)
{
    AUTO(auto_fixture_remove) char *empty = new_root(), *unwanted = fixture_new_folder();

    fixture_write(empty, "etc/systemd/system/apt-daily.timer", "");
    assert_enabled(empty, false);

    fixture_write(unwanted, "var/lib/dpkg/status", PACKAGE("dpkg") PACKAGE("unattended-upgrades"));
    fixture_write(unwanted, "usr/lib/systemd/systemd", "");
    fixture_write(unwanted, SETTINGS, ON);
    fixture_write(unwanted, "usr/lib/systemd/system/apt-daily.timer", "[Timer]\n");
    fixture_write(unwanted, "usr/lib/systemd/system/apt-daily-upgrade.timer", "[Timer]\n");
    assert_enabled(unwanted, false);
}

TEST(are_unknown_when_the_settings_are)
{
    AUTO(auto_fixture_remove) char *root = new_root();

    fixture_write(root, SETTINGS, ON "APT::Periodic::Enable \"maybe\";\n");
    assert_enabled_unknown(root, "parse_error");
    fixture_write(root, SETTINGS, "APT::Periodic::Enable \"1\n");
    assert_enabled_unknown(root, "parse_error");
    fixture_write(root, SETTINGS, ON "#include \"/etc/other\";\n");
    assert_enabled_unknown(root, "unsupported");
}

TEST(are_off_when_they_leave_security_out)
{
    static const char *const origins[] = {
        "",
        "Unattended-Upgrade::Origins-Pattern { \"origin=Debian,label=Debian\"; };\n",
        "Unattended-Upgrade::Origins-Pattern { \"o=Debian,n=bullseye-security\"; };\n",
        "Unattended-Upgrade::Allowed-Origins { \"Debian:stable-security\"; };\n",
        "Unattended-Upgrade::Origins-Pattern { \"site=x,origin=Docker\"; };\n",
    };
    AUTO(auto_fixture_remove) char *root = new_root();

    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        fixture_write(root, ORIGINS, origins[i]);
        assert_enabled(root, false);
    }
}

TEST(are_on_for_every_form_that_names_security)
{
    static const char *const origins[] = {
        "Unattended-Upgrade::Allowed-Origins:: \"${distro_id}:oldstable-security\";\n",
        "Unattended-Upgrade::Origins-Pattern { \"origin=*\"; };\n",
        "Unattended-Upgrade::Origins-Pattern { \"label=x\"; \"l=Debian-S*, o=${distro_id}\"; };\n",
        "Unattended-Upgrade::Origins-Pattern { \"site=x\"; \"suite=oldstable-security\"; };\n",
    };
    AUTO(auto_fixture_remove) char *root = new_root();

    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        fixture_write(root, ORIGINS, origins[i]);
        assert_enabled(root, true);
    }
}

TEST(are_unknown_when_an_origin_is_not_understood)
{
    static const char *const origins[] = {
        "Unattended-Upgrade::Origins-Pattern { \"origin=Debian,component=main\"; };\n",
        "Unattended-Upgrade::Origins-Pattern { \"origin=Debian\\,x\"; };\n",
        "Unattended-Upgrade::Origins-Pattern { \"Debian\"; };\n",
        "Unattended-Upgrade::Allowed-Origins { \"Debian stable\"; };\n",
    };
    AUTO(auto_fixture_remove) char *root = new_root();

    for (size_t i = 0; i < sizeof(origins) / sizeof(origins[0]); i++) {
        fixture_write(root, ORIGINS, origins[i]);
        assert_enabled_unknown(root, "unsupported");
    }
}

TEST(are_off_without_a_security_source)
{
    AUTO(auto_fixture_remove) char *root = new_root();

    fixture_write(root, "etc/apt/sources.list", "deb http://deb.example/d bookworm main\n");
    assert_enabled(root, false);
}

TEST(are_unknown_before_the_lists_are_fetched)
{
    AUTO(auto_fixture_remove) char *root = new_root();

    fixture_write(root, "etc/apt/sources.list",
                  "deb http://deb.example/t bookworm-security main\n");
    assert_enabled_unknown(root, "not_present");
}

TEST(are_unknown_without_systemd)
{
    AUTO(auto_fixture_remove) char *root = fixture_new_folder();

    fixture_write(root, "var/lib/dpkg/status", PACKAGE("dpkg") PACKAGE("unattended-upgrades"));
    fixture_write(root, SETTINGS, ON);
    assert_enabled_unknown(root, "unsupported");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(are_on_when_everything_is),
        RUN(are_off_without_the_package),
        RUN(are_off_when_a_setting_is),
        RUN(follow_the_file_that_apt_reads_last),
        RUN(are_off_when_a_timer_is_masked),
        RUN(are_off_when_the_service_behind_a_timer_is_masked),
        RUN(are_off_when_a_timer_is_masked_until_the_next_start),
        RUN(are_off_when_a_timer_is_empty_or_not_wanted),
        RUN(are_unknown_when_the_settings_are),
        RUN(are_off_when_they_leave_security_out),
        RUN(are_on_for_every_form_that_names_security),
        RUN(are_unknown_when_an_origin_is_not_understood),
        RUN(are_off_without_a_security_source),
        RUN(are_unknown_before_the_lists_are_fetched),
        RUN(are_unknown_without_systemd),
    };

    return RUN_ALL(tests);
}
