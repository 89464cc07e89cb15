#include "collectors/patch_level/apt_sources.h"

#include <errno.h>

#include "platform/cleanup.h"
#include "tests/support/test.h"

static void assert_prefix(const char *line, const char *expected)
{
    AUTO(apt_sources_clear) struct apt_sources sources = {0};
    AUTO_FREE char *prefix = NULL;

    assert_int_equal(apt_sources_add_lines(&sources, line, NULL), 0);
    assert_int_equal(sources.count, 1);
    prefix = apt_source_list_prefix(&sources.items[0]);
    assert_string_equal(prefix, expected);
}

TEST(names_the_lists_as_apt_does)
{
    assert_prefix("deb http://mirror.example/debian bookworm main",
                  "mirror.example_debian_dists_bookworm_");
    assert_prefix(
        "deb [signed-by=/a.gpg] https://user:pass@example.org:8443/x/ stable/updates main",
        "example.org:8443_x_dists_stable_updates_");
    assert_prefix("deb file:/srv/a~b_c bookworm main", "_srv_a%7eb%5fc_dists_bookworm_");
    assert_prefix("deb http://example.org/flat ./", "example.org_flat_._");
    assert_prefix("deb http://example.org/flat /", "example.org_flat_");
    assert_prefix("deb mirror+file:/etc/apt/mirrors/debian.list bookworm main",
                  "_etc_apt_mirrors_debian.list_dists_bookworm_");
    assert_prefix("deb http://[::1]/debian bookworm main", "%5b::1%5d_debian_dists_bookworm_");
    assert_prefix("deb http://example.org/a@b bookworm main", "example.org_a%40b_dists_bookworm_");
}

TEST(reads_lines_with_comments_and_options)
{
    AUTO(apt_sources_clear) struct apt_sources sources = {0};

    assert_int_equal(apt_sources_add_lines(&sources,
                                           "# deb http://a/ b c\n\n"
                                           "deb-src http://example.org/debian bookworm main\n"
                                           "deb cdrom:[Debian GNU/Linux 12 #1]/ bookworm main\n"
                                           "deb [arch=amd64,i386] http://example.org/debian "
                                           "bookworm main contrib # end\n",
                                           NULL),
                     0);
    assert_int_equal(sources.count, 1);
    assert_string_equal(sources.items[0].uri, "http://example.org/debian/");
    assert_string_equal(sources.items[0].suite, "bookworm");
    assert_int_equal(sources.items[0].components.count, 2);
    assert_string_equal(sources.items[0].components.items[1], "contrib");
    assert_int_equal(sources.items[0].architectures.count, 2);
    assert_string_equal(sources.items[0].architectures.items[1], "i386");
}

TEST(reads_stanzas)
{
    AUTO(apt_sources_clear) struct apt_sources sources = {0};

    assert_int_equal(apt_sources_add_stanzas(
                         &sources,
                         "# comment\nTypes: deb deb-src\n# inside\nURIs: http://a.example/x\n"
                         "Suites: one\n two\nComponents: main\n contrib\n"
                         "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n abc\n"
                         "Architectures: amd64\n \t\n"
                         "types: deb\nURIs: http://b.example/y\nSuites: three\n"
                         "Components: main\nEnabled: NO\n\n"
                         "Types: deb-src\nURIs: http://c.example/\nSuites: four\n"
                         "Components: main\n\n"
                         "Types: deb\nURIs: http://d.example/\nSuites: flat/\nEnabled: yes\n",
                         NULL),
                     0);
    assert_int_equal(sources.count, 3);
    assert_string_equal(sources.items[0].suite, "one");
    assert_string_equal(sources.items[1].suite, "two");
    assert_int_equal(sources.items[1].components.count, 2);
    assert_int_equal(sources.items[1].architectures.count, 1);
    assert_string_equal(sources.items[2].suite, "flat/");
    assert_int_equal(sources.items[2].components.count, 0);
}

TEST(refuses_entries_that_apt_would_refuse)
{
    static const char *const lines[] = {"deb\n",
                                        "deb http://example.org/\n",
                                        "deb http://example.org/ bookworm\n",
                                        "deb http://example.org/ flat/ main\n",
                                        "deb [arch=amd64 http://example.org/ bookworm main\n",
                                        "deb example.org bookworm main\n",
                                        "dep http://example.org/ bookworm main\n"};
    static const char *const stanzas[] = {
        "URIs: http://a/\nSuites: b\nComponents: c\n", "Types: deb\nSuites: b\nComponents: c\n",
        "Types: deb\nURIs: http://a/\nComponents: c\n", "Types: deb\nURIs: http://a/\nSuites: b\n"};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        AUTO(apt_sources_clear) struct apt_sources sources = {0};

        if (apt_sources_add_lines(&sources, lines[i], NULL) != -EBADMSG)
            fail_msg("passed: %s", lines[i]);
    }
    for (size_t i = 0; i < sizeof(stanzas) / sizeof(stanzas[0]); i++) {
        AUTO(apt_sources_clear) struct apt_sources sources = {0};

        if (apt_sources_add_stanzas(&sources, stanzas[i], NULL) != -EBADMSG)
            fail_msg("passed: %s", stanzas[i]);
    }
}

TEST(says_that_changes_of_architectures_are_not_supported)
{
    AUTO(apt_sources_clear) struct apt_sources sources = {0};

    assert_int_equal(apt_sources_add_lines(&sources, "deb [arch-=i386] http://a/ b c\n", NULL),
                     -EOPNOTSUPP);
    assert_int_equal(apt_sources_add_stanzas(&sources,
                                             "Types: deb\nURIs: http://a/\nSuites: b\n"
                                             "Components: c\nArchitectures-Add: i386\n",
                                             NULL),
                     -EOPNOTSUPP);
}

TEST(knows_which_files_apt_reads)
{
    assert_true(apt_reads_file("debian.sources", ".sources", false));
    assert_true(apt_reads_file("50unattended-upgrades", ".conf", true));
    assert_true(apt_reads_file("x.conf", ".conf", true));
    assert_false(apt_reads_file("x", ".list", false));
    assert_false(apt_reads_file("x.list.disabled", ".list", false));
    assert_false(apt_reads_file("x.list~", ".list", false));
    assert_false(apt_reads_file(".list", ".list", false));
    assert_false(apt_reads_file("20auto-upgrades.ucf-dist", ".conf", true));
    assert_false(apt_reads_file("", ".conf", true));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(names_the_lists_as_apt_does),
        RUN(reads_lines_with_comments_and_options),
        RUN(reads_stanzas),
        RUN(refuses_entries_that_apt_would_refuse),
        RUN(says_that_changes_of_architectures_are_not_supported),
        RUN(knows_which_files_apt_reads),
    };

    return RUN_ALL(tests);
}
