#include "collectors/patch_level/kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/patch_level/dpkg_status.h"
#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/package_version.h"
#include "platform/sysroot.h"

static const char *skip_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0 ? text + strlen(prefix) : NULL;
}

/* Debian puts it into uname -v: "#1 SMP PREEMPT_DYNAMIC Debian 6.1.153-1 (2025-09-20)". */
static char *debian_version(const char *version)
{
    const char *start = strstr(version, " Debian ");

    if (start == NULL)
        return NULL;
    start += strlen(" Debian ");
    return *start >= '0' && *start <= '9' ? must_copy_text(start, strcspn(start, " ")) : NULL;
}

/*
 * What tells the flavours of a kernel apart: "amd64" of "6.1.0-40-amd64" and of
 * "6.12.48+deb13-amd64", "cloud-amd64" of "6.1.0-40-cloud-amd64". Empty for a release without one.
 */
static const char *flavour_of(const char *release)
{
    const char *at = release + strcspn(release, "-");

    while (*at == '-' && at[1] >= '0' && at[1] <= '9')
        at += 1 + strcspn(at + 1, "-");
    return *at == '-' ? at + 1 : "";
}

/* Ubuntu has "Ubuntu 6.8.0-45.45-generic 6.8.12": the package's version and the flavour. */
static char *ubuntu_version(const struct sysroot *root, const char *release)
{
    AUTO_FREE char *line = NULL;
    const char *start, *flavour = flavour_of(release);
    size_t length, tail = strlen(flavour) + 1;

    if (sysroot_read_line(root, "/proc/version_signature", &line, NULL) < 0)
        return NULL;
    start = skip_prefix(line, "Ubuntu ");
    if (start == NULL)
        return NULL;
    length = strcspn(start, " ");
    if (length <= tail || start[length - tail] != '-' ||
        strncmp(start + length - tail + 1, flavour, tail - 1) != 0)
        return NULL;
    return must_copy_text(start, length - tail);
}

/* The release of a kernel's package: "6.1.0-40-amd64"; NULL for any other package. */
static const char *release_of_package(const char *name)
{
    const char *release = skip_prefix(name, "linux-image-unsigned-");

    if (release == NULL)
        release = skip_prefix(name, "linux-image-");
    return release != NULL && *release >= '0' && *release <= '9' ? release : NULL;
}

static const char *newest_of_flavour(const struct packages *packages, const char *flavour)
{
    const char *newest = NULL;

    for (size_t i = 1; i < packages->count; i++) {
        const struct package *package = &packages->items[i];
        const char *release = release_of_package(package_name(packages, package));
        const char *version = package_version(packages, package);

        if (release == NULL || strcmp(flavour_of(release), flavour) != 0)
            continue;
        if (newest == NULL ||
            dpkg_version_compare(version, strlen(version), newest, strlen(newest)) > 0)
            newest = version;
    }
    return newest;
}

int kernel_read(const struct sysroot *root, const char *release, const char *version,
                const struct packages *packages, struct kernel *ret_kernel, struct error *err)
{
    AUTO_FREE char *running = debian_version(version);
    const char *newest = newest_of_flavour(packages, flavour_of(release));

    if (running == NULL)
        running = ubuntu_version(root, release);
    if (running == NULL)
        return error_set(err, EOPNOTSUPP, "this kernel is not one of the distribution's packages");
    ret_kernel->restart = newest == NULL || strcmp(newest, running) != 0;
    ret_kernel->installed = newest == NULL ? NULL : must_copy_text(newest, strlen(newest));
    ret_kernel->running = TAKE(running);
    return 0;
}

void kernel_clear(struct kernel *kernel)
{
    free(kernel->running);
    free(kernel->installed);
    *kernel = (struct kernel){0};
}
