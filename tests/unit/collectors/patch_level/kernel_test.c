#include "collectors/patch_level/kernel.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "collectors/patch_level/dpkg_status.h"
#include "platform/cleanup.h"
#include "platform/decompress.h"
#include "platform/sysroot.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

#define PACKAGE(name, version)                                                                     \
    "Package: " name "\nStatus: install ok installed\nArchitecture: amd64\nVersion: " version "\n" \
    "\n"

struct setup {
    char *folder;
    struct sysroot root;
    struct packages packages;
};

static void setup_clear(struct setup *setup)
{
    sysroot_close(&setup->root);
    fixture_remove(setup->folder);
    packages_clear(&setup->packages);
}

static struct setup setup_with(const char *status)
{
    AUTO(auto_stream_close) struct stream *stream = NULL;
    struct setup setup = {.folder = fixture_new_folder()};
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_int_equal(write(fd, status, strlen(status)), strlen(status));
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(stream_open(fd, 64U << 20U, &stream, NULL), 0);
    assert_int_equal(packages_read(stream, &setup.packages, NULL), 0);
    assert_int_equal(sysroot_open(setup.folder, &setup.root, NULL), 0);
    return setup;
}

TEST(sees_that_an_older_kernel_runs)
{
    AUTO(setup_clear)
    struct setup setup = setup_with(PACKAGE("linux-image-6.1.0-28-amd64", "6.1.119-1") PACKAGE(
        "linux-image-6.1.0-40-amd64", "6.1.153-1") PACKAGE("linux-image-amd64", "6.1.153-1"));
    AUTO(kernel_clear) struct kernel kernel = {0};

    assert_int_equal(kernel_read(&setup.root, "6.1.0-28-amd64",
                                 "#1 SMP PREEMPT_DYNAMIC Debian 6.1.119-1 (2024-11-22)",
                                 &setup.packages, &kernel, NULL),
                     0);
    assert_true(kernel.restart);
    assert_string_equal(kernel.running, "6.1.119-1");
    assert_string_equal(kernel.installed, "6.1.153-1");
}

TEST(compares_versions_where_the_name_stayed)
{
    AUTO(setup_clear)
    struct setup setup = setup_with(PACKAGE("linux-image-6.12.48+deb13-amd64", "6.12.48-2"));
    AUTO(kernel_clear) struct kernel kernel = {0};

    assert_int_equal(kernel_read(&setup.root, "6.12.48+deb13-amd64",
                                 "#1 SMP PREEMPT_DYNAMIC Debian 6.12.48-1 (2025-09-20)",
                                 &setup.packages, &kernel, NULL),
                     0);
    assert_true(kernel.restart);
}

TEST(ignores_kernels_of_other_flavours)
{
    AUTO(setup_clear)
    struct setup setup = setup_with(PACKAGE("linux-image-6.1.0-40-amd64", "6.1.153-1")
                                        PACKAGE("linux-image-6.1.0-41-rt-amd64", "6.1.158-1"));
    AUTO(kernel_clear) struct kernel kernel = {0};

    assert_int_equal(kernel_read(&setup.root, "6.1.0-40-amd64", "#1 SMP Debian 6.1.153-1 (x)",
                                 &setup.packages, &kernel, NULL),
                     0);
    assert_false(kernel.restart);
}

TEST(sees_that_the_running_kernel_was_removed)
{
    AUTO(setup_clear) struct setup setup = setup_with(PACKAGE("dpkg", "1"));
    AUTO(kernel_clear) struct kernel kernel = {0};

    assert_int_equal(kernel_read(&setup.root, "6.1.0-28-amd64", "#1 SMP Debian 6.1.119-1 (x)",
                                 &setup.packages, &kernel, NULL),
                     0);
    assert_true(kernel.restart);
    assert_null(kernel.installed);
}

TEST(reads_what_ubuntu_says_of_its_kernel)
{
    AUTO(setup_clear)
    struct setup setup = setup_with(PACKAGE("linux-image-6.8.0-45-generic", "6.8.0-45.45"));
    AUTO(kernel_clear) struct kernel same = {0}, older = {0};

    fixture_write(setup.folder, "proc/version_signature", "Ubuntu 6.8.0-45.45-generic 6.8.12\n");
    assert_int_equal(kernel_read(&setup.root, "6.8.0-45-generic", "#45-Ubuntu SMP Fri Aug 30",
                                 &setup.packages, &same, NULL),
                     0);
    assert_false(same.restart);
    assert_string_equal(same.running, "6.8.0-45.45");
    fixture_write(setup.folder, "proc/version_signature", "Ubuntu 6.8.0-44.44-generic 6.8.12\n");
    assert_int_equal(kernel_read(&setup.root, "6.8.0-44-generic", "#44-Ubuntu SMP Fri Aug 30",
                                 &setup.packages, &older, NULL),
                     0);
    assert_true(older.restart);
}

TEST(does_not_judge_a_kernel_that_is_no_package)
{
    AUTO(setup_clear)
    struct setup setup = setup_with(PACKAGE("linux-image-6.1.0-40-amd64", "6.1.153-1"));
    struct kernel kernel = {0};

    assert_int_equal(kernel_read(&setup.root, "6.18.44-custom", "#1 SMP PREEMPT_DYNAMIC @0",
                                 &setup.packages, &kernel, NULL),
                     -EOPNOTSUPP);
    fixture_write(setup.folder, "proc/version_signature", "Ubuntu generic\n");
    assert_int_equal(
        kernel_read(&setup.root, "6.18.44-generic", "#1 SMP", &setup.packages, &kernel, NULL),
        -EOPNOTSUPP);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(sees_that_an_older_kernel_runs),       RUN(compares_versions_where_the_name_stayed),
        RUN(ignores_kernels_of_other_flavours),    RUN(sees_that_the_running_kernel_was_removed),
        RUN(reads_what_ubuntu_says_of_its_kernel), RUN(does_not_judge_a_kernel_that_is_no_package),
    };

    return RUN_ALL(tests);
}
