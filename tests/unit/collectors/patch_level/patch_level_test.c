#include "collectors/patch_level/patch_level.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/text.h"
#include "tests/support/compress.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

#define INSTALLED(name, architecture, version)                                                     \
    "Package: " name "\nStatus: install ok installed\nArchitecture: " architecture                 \
    "\nVersion: " version "\n\n"
#define AVAILABLE(name, architecture, version)                                                     \
    "Package: " name "\nVersion: " version "\nArchitecture: " architecture "\n\n"

#define STATUS                                                                                     \
    INSTALLED("dpkg", "amd64", "1.21.22")                                                          \
    INSTALLED("libssl3", "amd64", "3.0.15-1~deb12u1")                                              \
    INSTALLED("tzdata", "all", "2025b-0+deb12u1")                                                  \
    INSTALLED("vim", "amd64", "2:9.0.1378-2")
#define SOURCES                                                                                    \
    "deb http://deb.example/debian bookworm main\n"                                                \
    "deb http://deb.example/debian-security bookworm-security main\n"

#define BASE_PREFIX     "var/lib/apt/lists/deb.example_debian_dists_bookworm_"
#define SECURITY_PREFIX "var/lib/apt/lists/deb.example_debian-security_dists_bookworm-security_"

/* What stands in the lists of one source, to be changed by a test before it is written. */
struct lists {
    const char *prefix;
    const char *head; /* of the Release file */
    const char *component;
    const char *architecture;
    const char *packages;
    enum compression compression;
    size_t promised; /* the size that the Release file states; 0 for the true one */
};

static const struct lists security = {
    .prefix = SECURITY_PREFIX,
    .head = "Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\n"
            "Codename: bookworm-security\nDate: Sat, 21 Nov 2026 00:53:02 UTC\n"
            "Valid-Until: Sat, 28 Nov 2026 00:53:02 UTC\n",
    .component = "main",
    .architecture = "amd64",
    .packages = AVAILABLE("libssl3", "amd64", "3.0.17-1~deb12u2")
        AVAILABLE("vim", "amd64", "2:9.0.1378-2") AVAILABLE("other", "amd64", "9"),
};
static const struct lists base = {
    .prefix = BASE_PREFIX,
    .head = "Origin: Debian\nLabel: Debian\nSuite: stable\nCodename: bookworm\n"
            "Date: Sat, 11 Jul 2026 10:16:37 UTC\n",
    .component = "main",
    .architecture = "amd64",
    .packages =
        AVAILABLE("libssl3", "amd64", "3.0.20-1~deb12u1") AVAILABLE("vim", "amd64", "2:9.0.1378-9"),
};

static void auto_fixture_remove(char **folder)
{
    fixture_remove(*folder);
}

static void write_release(const char *root, const struct lists *lists)
{
    AUTO(text_clear) struct text path = {0}, text = {0};
    size_t size = lists->promised == 0 ? strlen(lists->packages) : lists->promised;

    text_add_format(&path, "%sInRelease", lists->prefix);
    text_add_format(&text,
                    "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n%sSHA256:\n"
                    " abc %zu %s/binary-%s/Packages\n"
                    "-----BEGIN PGP SIGNATURE-----\n\nabc=\n-----END PGP SIGNATURE-----\n",
                    lists->head, size, lists->component, lists->architecture);
    fixture_write(root, text_string(&path), text_string(&text));
}

static void write_lists(const char *root, const struct lists *lists)
{
    AUTO(text_clear) struct text path = {0}, file = {0};

    write_release(root, lists);
    text_add_format(&path, "%s%s_binary-%s_Packages%s", lists->prefix, lists->component,
                    lists->architecture, compression_ending(lists->compression));
    compress_bytes(lists->compression, lists->packages, strlen(lists->packages), &file);
    fixture_write_bytes(root, text_string(&path), text_string(&file), file.length);
}

static int remove_list(const char *root, const char *path)
{
    AUTO(text_clear) struct text full = {0};

    text_add_format(&full, "%s/%s", root, path);
    return remove(text_string(&full));
}

/* Debian 12 with one security update that waits. */
static char *new_root(void)
{
    char *root = fixture_new_folder();

    fixture_write(root, "etc/os-release", "ID=debian\nVERSION_CODENAME=bookworm\n");
    fixture_write(root, "etc/apt/sources.list", SOURCES);
    fixture_write(root, "var/lib/dpkg/status", STATUS);
    fixture_make_folder(root, "var/lib/dpkg/updates");
    write_lists(root, &base);
    write_lists(root, &security);
    return root;
}

static struct json *collect(const char *root)
{
    return fixture_collect(&patch_level_collector, root, 0);
}

static void assert_pending(const char *root, int64_t expected)
{
    AUTO(auto_json_free) struct json *result = collect(root);

    assert_fact_integer(result, "pending_security_updates", expected);
}

static void assert_pending_unknown(const char *root, const char *reason)
{
    AUTO(auto_json_free) struct json *result = collect(root);

    assert_fact_unknown(result, "pending_security_updates", reason);
    assert_fact_unknown(result, "held_security_updates", reason);
    assert_fact_unknown(result, "pending_security_packages", reason);
}

static const char *name_at(const struct json *result, unsigned index)
{
    const struct json *name = json_first(json_at(result, "/facts/pending_security_packages"));

    for (; index > 0; index--)
        name = json_next(name);
    return json_text(name) == NULL ? "none" : json_text(name);
}

TEST(reports_what_waits)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = collect(root);

    assert_fact_text(result, "package_manager", "apt");
    assert_fact_integer(result, "installed_packages", 4);
    assert_fact_integer(result, "broken_packages", 0);
    assert_fact_integer(result, "held_packages", 0);
    assert_fact_integer(result, "pending_security_updates", 1);
    assert_fact_integer(result, "held_security_updates", 0);
    assert_string_equal(name_at(result, 0), "libssl3");
    assert_fact_bool(result, "security_source_configured", true);
    assert_fact_bool(result, "security_source_indexed", true);
    assert_fact_text(result, "security_lists_published_at", "2026-11-21T00:53:02Z");
    assert_fact_text(result, "security_lists_expire_at", "2026-11-28T00:53:02Z");
    assert_fact_unknown(result, "restart_required", "not_present");
}

TEST(says_the_same_at_a_second_look)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *first = collect(root);
    AUTO(auto_json_free)
    struct json *second = fixture_collect(&patch_level_collector, root, 2000000000);

    assert_string_equal(json_text(json_at(first, "/facts/lists_refreshed_at")),
                        json_text(json_at(second, "/facts/lists_refreshed_at")));
}

TEST(reads_every_form_in_which_apt_keeps_lists)
{
    for (int kind = 0; kind < COMPRESSION_COUNT; kind++) {
        AUTO(auto_fixture_remove) char *root = new_root();
        struct lists lists = security;

        assert_int_equal(remove_list(root, SECURITY_PREFIX "main_binary-amd64_Packages"), 0);
        lists.compression = (enum compression)kind;
        write_lists(root, &lists);
        assert_pending(root, 1);
    }
}

TEST(counts_an_update_that_a_point_release_overtook)
{
    /* The main index has 3.0.20, security has 3.0.17: security still has a newer one. */
    AUTO(auto_fixture_remove) char *root = new_root();

    assert_pending(root, 1);
    fixture_write(root, "var/lib/dpkg/status",
                  INSTALLED("dpkg", "amd64", "1.21.22")
                      INSTALLED("libssl3", "amd64", "3.0.17-1~deb12u2"));
    assert_pending(root, 0);
}

TEST(counts_held_packages_too)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(
        root, "var/lib/dpkg/status",
        INSTALLED("dpkg", "amd64",
                  "1.21.22") "Package: libssl3\nStatus: hold ok installed\nArchitecture: amd64\n"
                             "Version: 3.0.15-1\n");
    result = collect(root);
    assert_fact_integer(result, "pending_security_updates", 1);
    assert_fact_integer(result, "held_security_updates", 1);
    assert_fact_integer(result, "held_packages", 1);
}

TEST(tells_architectures_apart)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;
    struct lists lists = security;

    lists.packages = AVAILABLE("libssl3", "i386", "3.0.17-1~deb12u2")
        AVAILABLE("tzdata", "all", "2026a-0+deb12u1");
    write_lists(root, &lists);
    result = collect(root);
    assert_fact_integer(result, "pending_security_updates", 1);
    assert_string_equal(name_at(result, 0), "tzdata");
}

TEST(needs_the_index_of_a_foreign_architecture_in_use)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *without = NULL, *with = NULL;
    AUTO(text_clear) struct text release = {0};
    const char *packages = AVAILABLE("libc6", "i386", "2.36-9+deb12u13");

    fixture_write(root, "var/lib/dpkg/status", STATUS INSTALLED("libc6", "i386", "2.36-9+deb12u9"));
    without = collect(root);
    assert_fact_bool(without, "security_source_indexed", false);
    assert_fact_unknown(without, "pending_security_updates", "not_present");

    text_add_format(&release,
                    "%sSHA256:\n abc %zu main/binary-amd64/Packages\n"
                    " abc %zu main/binary-i386/Packages\n",
                    security.head, strlen(security.packages), strlen(packages));
    assert_int_equal(remove_list(root, SECURITY_PREFIX "InRelease"), 0);
    fixture_write(root, SECURITY_PREFIX "Release", text_string(&release));
    fixture_write(root, SECURITY_PREFIX "main_binary-i386_Packages", packages);
    with = collect(root);
    assert_fact_integer(with, "pending_security_updates", 2);
    assert_string_equal(name_at(with, 0), "libc6:i386");
}

TEST(is_unknown_when_the_lists_were_cleaned)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;

    assert_int_equal(remove_list(root, SECURITY_PREFIX "InRelease"), 0);
    assert_int_equal(remove_list(root, BASE_PREFIX "InRelease"), 0);
    result = collect(root);
    assert_fact_bool(result, "security_source_configured", true);
    assert_fact_bool(result, "security_source_indexed", false);
    assert_fact_unknown(result, "pending_security_updates", "not_present");
    assert_fact_unknown(result, "security_lists_published_at", "not_present");
}

TEST(is_unknown_when_an_index_is_missing)
{
    AUTO(auto_fixture_remove) char *root = new_root();

    assert_int_equal(remove_list(root, SECURITY_PREFIX "main_binary-amd64_Packages"), 0);
    assert_pending_unknown(root, "not_present");
}

TEST(is_unknown_when_an_index_is_cut_off)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(text_clear) struct text cut = {0};
    struct lists lists = security;

    text_add(&cut, security.packages, strlen(security.packages) - 30);
    lists.packages = text_string(&cut);
    lists.promised = strlen(security.packages);
    write_lists(root, &lists);
    assert_pending_unknown(root, "parse_error");
    lists.compression = COMPRESSION_LZ4;
    assert_int_equal(remove_list(root, SECURITY_PREFIX "main_binary-amd64_Packages"), 0);
    write_lists(root, &lists);
    assert_pending_unknown(root, "parse_error");
}

TEST(is_unknown_when_an_index_cannot_be_decoded)
{
    AUTO(auto_fixture_remove) char *root = new_root();

    fixture_write_bytes(root, SECURITY_PREFIX "main_binary-amd64_Packages", "\x1f\x8b\x08garbage",
                        10);
    assert_pending_unknown(root, "parse_error");
    fixture_write(root, SECURITY_PREFIX "main_binary-amd64_Packages", "BZh91AY&SY");
    assert_pending_unknown(root, "unsupported");
}

TEST(is_unknown_when_an_index_is_damaged)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    struct lists lists = security;

    lists.packages = "Package: libssl3\nArchitecture: amd64\n\n";
    write_lists(root, &lists);
    assert_pending_unknown(root, "parse_error");
    lists.packages = "Version: 1\nArchitecture: amd64\n\n";
    write_lists(root, &lists);
    assert_pending_unknown(root, "parse_error");
}

TEST(is_unknown_when_an_area_has_no_security_index)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "etc/apt/sources.list",
                  "deb http://deb.example/debian bookworm main contrib\n"
                  "deb http://deb.example/debian-security bookworm-security main\n");
    result = collect(root);
    assert_fact_bool(result, "security_source_configured", true);
    assert_fact_bool(result, "security_source_indexed", false);
    assert_fact_unknown(result, "pending_security_updates", "not_present");
}

TEST(accepts_an_empty_index_that_apt_did_not_keep)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(text_clear) struct text release = {0};

    fixture_write(root, "etc/apt/sources.list",
                  "deb http://deb.example/debian bookworm main contrib\n"
                  "deb http://deb.example/debian-security bookworm-security main contrib\n");
    text_add_format(&release,
                    "%sSHA256:\n abc %zu main/binary-amd64/Packages\n"
                    " abc 0 contrib/binary-amd64/Packages\n",
                    security.head, strlen(security.packages));
    assert_int_equal(remove_list(root, SECURITY_PREFIX "InRelease"), 0);
    fixture_write(root, SECURITY_PREFIX "Release", text_string(&release));
    assert_pending(root, 1);
}

TEST(is_unknown_without_a_security_source)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "etc/apt/sources.list", "deb http://deb.example/debian bookworm main\n");
    result = collect(root);
    assert_fact_bool(result, "security_source_configured", false);
    assert_fact_bool(result, "security_source_indexed", false);
    assert_fact_unknown(result, "pending_security_updates", "not_present");
}

TEST(does_not_take_another_releases_security_for_its_own)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "etc/os-release", "ID=debian\nVERSION_CODENAME=trixie\n");
    result = collect(root);
    assert_fact_bool(result, "security_source_configured", false);
    assert_fact_unknown(result, "pending_security_updates", "not_present");
}

TEST(does_not_count_another_releases_security)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    struct lists lists = security;

    fixture_write(root, "etc/apt/sources.list",
                  SOURCES "deb http://deb.example/debian-security trixie-security main\n");
    lists.prefix = "var/lib/apt/lists/deb.example_debian-security_dists_trixie-security_";
    lists.head = "Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\n"
                 "Codename: trixie-security\nDate: Sat, 21 Nov 2026 00:53:02 UTC\n";
    lists.packages = AVAILABLE("vim", "amd64", "2:9.1.1230-2+deb13u1");
    write_lists(root, &lists);
    assert_pending(root, 1);
}

TEST(does_not_take_a_strangers_security_for_its_own)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;
    struct lists lists = security;

    lists.head = "Origin: Stranger\nLabel: x\nSuite: x-security\nCodename: bookworm-security\n"
                 "Date: Sat, 21 Nov 2026 00:53:02 UTC\n";
    write_lists(root, &lists);
    result = collect(root);
    assert_fact_bool(result, "security_source_configured", false);
    assert_fact_unknown(result, "pending_security_updates", "not_present");
}

TEST(ignores_the_lists_of_sources_that_are_off)
{
    AUTO(auto_fixture_remove) char *root = new_root();

    fixture_write(root, "etc/apt/sources.list", "");
    fixture_write(root, "etc/apt/sources.list.d/debian.sources",
                  "Types: deb\nURIs: http://deb.example/debian\nSuites: bookworm\n"
                  "Components: main\n\n"
                  "Types: deb\nURIs: http://deb.example/debian-security\n"
                  "Suites: bookworm-security\nComponents: main\nEnabled: no\n");
    assert_pending_unknown(root, "not_present");
    fixture_write(root, "etc/apt/sources.list.d/security.list",
                  "deb http://deb.example/debian-security bookworm-security main\n");
    assert_pending(root, 1);
}

TEST(counts_paid_security_beside_ubuntus_own)
{
    AUTO(auto_fixture_remove) char *root = fixture_new_folder();
    AUTO(auto_json_free) struct json *both = NULL, *paid_only = NULL;
    struct lists own = security, paid = security;

    fixture_write(root, "etc/os-release", "ID=ubuntu\nID_LIKE=debian\nVERSION_CODENAME=jammy\n");
    fixture_make_folder(root, "etc/apt/sources.list.d");
    fixture_write(root, "var/lib/dpkg/status", STATUS);
    own.prefix = "var/lib/apt/lists/a.example_u_dists_jammy-security_";
    own.head = "Origin: Ubuntu\nLabel: Ubuntu\nSuite: jammy-security\nCodename: jammy\n"
               "Date: Sat, 21 Nov 2026 00:53:02 UTC\n";
    paid.prefix = "var/lib/apt/lists/esm.example_infra_dists_jammy-infra-security_";
    paid.head = "Origin: UbuntuESM\nLabel: UbuntuESM\nSuite: jammy-infra-security\n"
                "Codename: jammy\nDate: Sat, 21 Nov 2026 00:53:02 UTC\n";
    paid.packages = AVAILABLE("vim", "amd64", "2:9.0.1378-2+esm1");
    write_lists(root, &own);
    write_lists(root, &paid);
    fixture_write(root, "etc/apt/sources.list",
                  "deb http://a.example/u jammy-security main\n"
                  "deb http://esm.example/infra jammy-infra-security main\n");
    both = collect(root);
    assert_fact_bool(both, "security_source_configured", true);
    assert_fact_integer(both, "pending_security_updates", 2);

    fixture_write(root, "etc/apt/sources.list",
                  "deb http://esm.example/infra jammy-infra-security main\n");
    paid_only = collect(root);
    assert_fact_bool(paid_only, "security_source_configured", false);
    assert_fact_unknown(paid_only, "pending_security_updates", "not_present");
}

TEST(does_not_count_a_third_party)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    struct lists lists = security;

    fixture_write(root, "etc/apt/sources.list.d/vendor.list",
                  "deb https://vendor.example/apt stable main\n");
    lists.prefix = "var/lib/apt/lists/vendor.example_apt_dists_stable_";
    lists.head = "Origin: Vendor\nSuite: stable\nCodename: stable\n";
    lists.packages = AVAILABLE("vim", "amd64", "99");
    write_lists(root, &lists);
    assert_pending(root, 1);
}

TEST(is_unknown_while_dpkg_works)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "var/lib/dpkg/updates/0001", "Package: libssl3\n");
    result = collect(root);
    assert_fact_unknown(result, "installed_packages", "in_progress");
    assert_fact_unknown(result, "pending_security_updates", "in_progress");
    assert_fact_unknown(result, "automatic_updates_enabled", "in_progress");
}

TEST(is_unknown_when_the_status_is_damaged)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "var/lib/dpkg/status", STATUS "Package: cut\nStatus: install ok\n");
    result = collect(root);
    assert_fact_unknown(result, "installed_packages", "parse_error");
    assert_fact_unknown(result, "pending_security_updates", "parse_error");
}

TEST(is_unknown_when_apt_looks_elsewhere)
{
    AUTO(auto_fixture_remove) char *root = new_root();

    fixture_write(root, "etc/apt/apt.conf.d/90cache", "Dir::Cache::pkgcache \"\";\n");
    assert_pending(root, 1);
    fixture_write(root, "etc/apt/apt.conf.d/90dirs", "Dir::State::lists \"/srv/lists\";\n");
    assert_pending_unknown(root, "unsupported");
}

static void set_mtime(const char *root, const char *path, time_t seconds)
{
    AUTO(text_clear) struct text full = {0};
    const struct timespec times[2] = {{.tv_sec = seconds}, {.tv_sec = seconds}};

    text_add_format(&full, "%s/%s", root, path);
    assert_int_equal(utimensat(AT_FDCWD, text_string(&full), times, 0), 0);
}

TEST(knows_no_date_when_one_list_has_none)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;
    struct lists undated = security;

    undated.prefix = "var/lib/apt/lists/mirror.example_s_dists_bookworm-security_";
    undated.head = "Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\n"
                   "Codename: bookworm-security\n";
    write_lists(root, &undated);
    fixture_write(root, "etc/apt/sources.list",
                  SOURCES "deb http://mirror.example/s bookworm-security main\n");
    result = collect(root);
    assert_fact_bool(result, "security_source_indexed", true);
    assert_fact_unknown(result, "security_lists_published_at", "not_present");
}

TEST(a_list_that_never_expires_has_no_such_day)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;
    struct lists lists = security;

    lists.head = "Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\n"
                 "Codename: bookworm-security\nDate: Sat, 21 Nov 2026 00:53:02 UTC\n";
    write_lists(root, &lists);
    result = collect(root);
    assert_fact_text(result, "security_lists_published_at", "2026-11-21T00:53:02Z");
    assert_fact_unknown(result, "security_lists_expire_at", "not_applicable");
}

TEST(an_area_of_another_release_has_no_security_list)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;
    struct lists next = base;

    next.prefix = "var/lib/apt/lists/deb.example_debian_dists_trixie_";
    next.head = "Origin: Debian\nLabel: Debian\nSuite: testing\nCodename: trixie\n"
                "Date: Sat, 11 Jul 2026 10:16:37 UTC\n";
    write_lists(root, &next);
    fixture_write(root, "etc/apt/sources.list",
                  SOURCES "deb http://deb.example/debian trixie main\n");
    result = collect(root);
    assert_fact_bool(result, "security_source_indexed", false);
    assert_fact_unknown(result, "pending_security_updates", "not_present");
}

TEST(does_not_believe_a_source_whose_signature_nobody_checks)
{
    static const char *const options[] = {"[trusted=yes]", "[arch=amd64 Trusted=YES]",
                                          "[allow-insecure=yes]", "[allow-weak=1]"};
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(text_clear) struct text sources = {0};

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
        text_truncate(&sources, 0);
        text_add_format(&sources,
                        "deb http://deb.example/debian bookworm main\n"
                        "deb %s http://deb.example/debian-security bookworm-security main\n",
                        options[i]);
        fixture_write(root, "etc/apt/sources.list", text_string(&sources));
        assert_pending_unknown(root, "unsupported");
    }
    fixture_write(root, "etc/apt/sources.list", "deb http://deb.example/debian bookworm main\n");
    fixture_write(root, "etc/apt/sources.list.d/s.sources",
                  "Types: deb\nURIs: http://deb.example/debian-security\n"
                  "Suites: bookworm-security\nComponents: main\nTrusted: yes\n");
    assert_pending_unknown(root, "unsupported");
}

TEST(does_not_believe_any_list_when_apt_takes_unsigned_ones)
{
    AUTO(auto_fixture_remove) char *root = new_root();

    fixture_write(root, "etc/apt/apt.conf.d/99x", "Acquire::AllowInsecureRepositories \"0\";\n");
    assert_pending(root, 1);
    fixture_write(root, "etc/apt/apt.conf.d/99x",
                  "Acquire { AllowInsecureRepositories \"true\"; };\n");
    assert_pending_unknown(root, "unsupported");
    fixture_write(root, "etc/apt/apt.conf.d/99x", "Acquire::AllowWeakRepositories \"1\";\n");
    assert_pending_unknown(root, "unsupported");
}

TEST(is_unknown_when_the_status_ends_within_a_line)
{
    AUTO(auto_fixture_remove) char *root = new_root();

    fixture_write(root, "var/lib/dpkg/status",
                  STATUS "Package: zip\nStatus: install ok installed\n"
                         "Architecture: amd64\nVersion: 3.0");
    assert_pending_unknown(root, "parse_error");
}

TEST(takes_the_youngest_sign_of_contact)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *younger = NULL, *older = NULL;

    fixture_write(root, "var/lib/apt/periodic/update-stamp", "");
    fixture_write(root, "var/lib/apt/periodic/update-success-stamp", "");
    set_mtime(root, "var/lib/apt/periodic/update-stamp", 3000000000);
    set_mtime(root, "var/lib/apt/periodic/update-success-stamp", 4000000000);
    younger = collect(root);
    assert_fact_text(younger, "lists_refreshed_at", "2096-10-02T07:06:40Z");

    set_mtime(root, "var/lib/apt/periodic/update-stamp", 0);
    set_mtime(root, "var/lib/apt/periodic/update-success-stamp", 0);
    older = collect(root);
    assert_true(strcmp(json_text(json_at(older, "/facts/lists_refreshed_at")), "2026") > 0);
}

TEST(sees_that_a_restart_was_asked_for)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL;

    fixture_write(root, "run/reboot-required", "");
    result = collect(root);
    assert_fact_bool(result, "restart_required", true);
    assert_fact_unknown(result, "kernel_running", "not_present");
}

TEST(compares_the_running_kernel)
{
    AUTO(auto_fixture_remove) char *root = new_root();
    AUTO(auto_json_free) struct json *result = NULL, *custom = NULL, *container = NULL;
    struct machine machine = {.kernel_release = "6.1.0-40-amd64",
                              .kernel_version = "#1 SMP Debian 6.1.153-1 (2025-09-20)"};

    fixture_write(root, "var/lib/dpkg/status",
                  STATUS INSTALLED("linux-image-6.1.0-40-amd64", "amd64", "6.1.153-1"));
    result = fixture_collect_machine(&patch_level_collector, root, machine);
    assert_fact_bool(result, "restart_required", false);
    assert_fact_text(result, "kernel_running", "6.1.153-1");
    assert_fact_text(result, "kernel_newest_installed", "6.1.153-1");

    machine.kernel_version = "#1 SMP mine";
    custom = fixture_collect_machine(&patch_level_collector, root, machine);
    assert_fact_unknown(custom, "restart_required", "unsupported");

    fixture_write(root, "run/systemd/container", "lxc");
    container = fixture_collect_machine(&patch_level_collector, root, machine);
    assert_fact_unknown(container, "restart_required", "not_applicable");
}

TEST(claims_nothing_on_other_systems)
{
    AUTO(auto_fixture_remove) char *root = fixture_new_folder();
    AUTO(auto_json_free) struct json *other = collect(root), *dnf = NULL, *zypper = NULL;

    assert_fact_text(other, "package_manager", "other");
    fixture_write(root, "usr/bin/dnf", "");
    fixture_write(root, "var/lib/dpkg/status", "");
    fixture_make_folder(root, "etc/apt");
    dnf = collect(root);
    assert_fact_text(dnf, "package_manager", "dnf");
    assert_fact_unknown(dnf, "pending_security_updates", "unsupported");
    assert_fact_unknown(dnf, "automatic_updates_enabled", "unsupported");
    fixture_write(root, "usr/bin/zypper", "");
    zypper = collect(root);
    assert_fact_text(zypper, "package_manager", "zypper");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reports_what_waits),
        RUN(says_the_same_at_a_second_look),
        RUN(reads_every_form_in_which_apt_keeps_lists),
        RUN(counts_an_update_that_a_point_release_overtook),
        RUN(counts_held_packages_too),
        RUN(tells_architectures_apart),
        RUN(needs_the_index_of_a_foreign_architecture_in_use),
        RUN(is_unknown_when_the_lists_were_cleaned),
        RUN(is_unknown_when_an_index_is_missing),
        RUN(is_unknown_when_an_index_is_cut_off),
        RUN(is_unknown_when_an_index_cannot_be_decoded),
        RUN(is_unknown_when_an_index_is_damaged),
        RUN(is_unknown_when_an_area_has_no_security_index),
        RUN(accepts_an_empty_index_that_apt_did_not_keep),
        RUN(is_unknown_without_a_security_source),
        RUN(does_not_take_another_releases_security_for_its_own),
        RUN(does_not_count_another_releases_security),
        RUN(does_not_take_a_strangers_security_for_its_own),
        RUN(ignores_the_lists_of_sources_that_are_off),
        RUN(counts_paid_security_beside_ubuntus_own),
        RUN(does_not_count_a_third_party),
        RUN(is_unknown_while_dpkg_works),
        RUN(is_unknown_when_the_status_is_damaged),
        RUN(is_unknown_when_apt_looks_elsewhere),
        RUN(knows_no_date_when_one_list_has_none),
        RUN(a_list_that_never_expires_has_no_such_day),
        RUN(an_area_of_another_release_has_no_security_list),
        RUN(does_not_believe_a_source_whose_signature_nobody_checks),
        RUN(does_not_believe_any_list_when_apt_takes_unsigned_ones),
        RUN(is_unknown_when_the_status_ends_within_a_line),
        RUN(takes_the_youngest_sign_of_contact),
        RUN(sees_that_a_restart_was_asked_for),
        RUN(compares_the_running_kernel),
        RUN(claims_nothing_on_other_systems),
    };

    return RUN_ALL(tests);
}
