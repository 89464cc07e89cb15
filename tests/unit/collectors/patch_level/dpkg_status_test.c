#include "collectors/patch_level/dpkg_status.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/decompress.h"
#include "tests/support/test.h"

static int read_text(const char *text, struct packages *packages)
{
    AUTO(auto_stream_close) struct stream *stream = NULL;
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(stream_open(fd, 64U << 20U, &stream, NULL), 0);
    return packages_read(stream, packages, NULL);
}

static struct span span_of(const char *text)
{
    return (struct span){text, strlen(text)};
}

static const char *version_of(const struct packages *packages, const char *name,
                              const char *architecture)
{
    const struct package *package = packages_find(packages, span_of(name), span_of(architecture));

    return package == NULL ? "none" : package_version(packages, package);
}

#define DPKG "Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.21\n\n"

TEST(keeps_what_is_on_the_disk)
{
    AUTO(packages_clear) struct packages packages = {0};

    assert_int_equal(
        read_text(DPKG "Package: gone\nStatus: deinstall ok config-files\nVersion: 1\n"
                       "Architecture: all\n\n"
                       "Package: never\nStatus: purge ok not-installed\n\n"
                       "Package: half\nStatus: install ok half-configured\nVersion: 2\n"
                       "Architecture: amd64\n\n"
                       "Package: twisted\nStatus: install reinstreq installed\nVersion: 2\n"
                       "Architecture: amd64\n\n"
                       "Package: kept\nStatus: hold ok installed\nVersion: 3\nArchitecture: all\n",
                  &packages),
        0);
    assert_int_equal(packages.installed, 2);
    assert_int_equal(packages.broken, 2);
    assert_int_equal(packages.held, 1);
    assert_string_equal(version_of(&packages, "gone", "amd64"), "none");
    assert_string_equal(version_of(&packages, "half", "amd64"), "2");
    assert_string_equal(version_of(&packages, "kept", "all"), "3");
}

TEST(counts_all_as_the_machines_own_architecture)
{
    AUTO(packages_clear) struct packages packages = {0};

    assert_int_equal(read_text("Package: data\nStatus: install ok installed\nArchitecture: all\n"
                               "Version: 1\n\n" DPKG
                               "Package: lib\nStatus: install ok installed\nArchitecture: amd64\n"
                               "Version: 2\n\n"
                               "Package: lib\nStatus: install ok installed\nArchitecture: i386\n"
                               "Version: 3\n",
                               &packages),
                     0);
    assert_string_equal(version_of(&packages, "data", "amd64"), "1");
    assert_string_equal(version_of(&packages, "data", "i386"), "none");
    assert_string_equal(version_of(&packages, "lib", "all"), "2");
    assert_string_equal(version_of(&packages, "lib", "i386"), "3");
    assert_string_equal(version_of(&packages, "lib", "arm64"), "none");
    assert_true(packages_contain(&packages, span_of("lib")));
    assert_false(packages_contain(&packages, span_of("li")));
}

TEST(knows_when_dpkg_itself_is_missing)
{
    AUTO(packages_clear) struct packages packages = {0};

    assert_int_equal(read_text("Package: a\nStatus: install ok installed\nArchitecture: amd64\n"
                               "Version: 1\n",
                               &packages),
                     0);
    assert_int_equal(packages.native, UINT8_MAX);
    assert_null(packages_find_native(&packages, "a"));
    assert_string_equal(version_of(&packages, "a", "all"), "none");
}

TEST(finds_each_of_many)
{
    AUTO(packages_clear) struct packages packages = {0};
    AUTO(text_clear) struct text text = {0};

    text_add_string(&text, DPKG);
    for (int i = 0; i < 5000; i++)
        text_add_format(&text,
                        "Package: p%d\nStatus: install ok installed\nArchitecture: amd64\n"
                        "Version: %d\n\n",
                        i, i);
    assert_int_equal(read_text(text_string(&text), &packages), 0);
    for (int i = 0; i < 5000; i++) {
        AUTO(text_clear) struct text name = {0}, version = {0};

        text_add_format(&name, "p%d", i);
        text_add_format(&version, "%d", i);
        assert_string_equal(version_of(&packages, text_string(&name), "amd64"),
                            text_string(&version));
    }
}

TEST(refuses_what_dpkg_does_not_write)
{
    static const char *const texts[] = {
        "Status: install ok installed\n",
        "Package: a b\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n",
        "Package: -a\nStatus: install ok installed\nVersion: 1\nArchitecture: all\n",
        "Package: a\nVersion: 1\nArchitecture: all\n",
        "Package: a\nStatus: installed\nVersion: 1\nArchitecture: all\n",
        "Package: a\nStatus: install ok somewhere\nVersion: 1\nArchitecture: all\n",
        "Package: a\nStatus: install ok installed and more\nVersion: 1\nArchitecture: all\n",
        "Package: a\nStatus: install ok installed\nArchitecture: all\n",
        "Package: a\nStatus: install ok installed\nVersion: 1\n",
        "Package: a\nStatus: install ok installed\nVersion:\nArchitecture: all\n",
        "Package: a\nStatus: install ok installed\nVersion: 1\nArchitecture: a/b\n",
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        AUTO(packages_clear) struct packages packages = {0};

        if (read_text(texts[i], &packages) != -EBADMSG)
            fail_msg("passed: %s", texts[i]);
    }
}

TEST(refuses_too_many_architectures)
{
    AUTO(packages_clear) struct packages packages = {0};
    AUTO(text_clear) struct text text = {0};

    for (unsigned i = 0; i <= ARCHITECTURES_MAX; i++)
        text_add_format(&text,
                        "Package: p\nStatus: install ok installed\nArchitecture: a%u\n"
                        "Version: 1\n\n",
                        i);
    assert_int_equal(read_text(text_string(&text), &packages), -EFBIG);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(keeps_what_is_on_the_disk),         RUN(counts_all_as_the_machines_own_architecture),
        RUN(knows_when_dpkg_itself_is_missing), RUN(finds_each_of_many),
        RUN(refuses_what_dpkg_does_not_write),  RUN(refuses_too_many_architectures),
    };

    return RUN_ALL(tests);
}
