#include "collectors/disk_encryption/storage.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "collectors/disk_encryption/btrfs.h"
#include "collectors/disk_encryption/filesystems.h"
#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/sysroot.h"
#include "platform/text.h"

#define LINKS_MAX   40U /* as the kernel's own limit */
#define NESTING_MAX 8U  /* files on file systems in files, overlays on overlays */

struct storage {
    const struct sysroot *root;
    const struct mounts *mounts;
    struct block_graph *graph;
    unsigned nesting;
};

static struct coverage cover_file(void *context, const char *path)
{
    return storage_cover_path(context, path);
}

struct storage *storage_new(const struct sysroot *root, const struct mounts *mounts,
                            const struct luks_headers *headers)
{
    struct storage *storage = must_allocate(1, sizeof(*storage));

    storage->root = root;
    storage->mounts = mounts;
    storage->graph = block_graph_new(root, headers, cover_file, storage);
    return storage;
}

void storage_free(struct storage *storage)
{
    if (storage == NULL)
        return;
    block_graph_free(storage->graph);
    free(storage);
}

void auto_storage_free(struct storage **storage)
{
    storage_free(*storage);
}

struct block_graph *storage_devices(struct storage *storage)
{
    return storage->graph;
}

/* Adds one component to path, or its target's components to rest when it is a link. */
static void step(const struct sysroot *root, struct text *path, struct text *rest, unsigned *links)
{
    size_t before = path->length, start = strspn(rest->bytes, "/"), length;
    AUTO_FREE char *target = NULL;
    AUTO_FREE char *after = NULL;

    length = strcspn(rest->bytes + start, "/");
    after = must_copy_text(rest->bytes + start + length, rest->length);
    if (length == 2 && strncmp(rest->bytes + start, "..", length) == 0) {
        const char *slash = path->length > 0 ? strrchr(path->bytes, '/') : NULL;

        text_truncate(path, slash == NULL ? 0 : (size_t)(slash - path->bytes));
    } else if (length > 0 && !(length == 1 && rest->bytes[start] == '.')) {
        text_add_string(path, "/");
        text_add(path, rest->bytes + start, length);
        if (*links < LINKS_MAX && sysroot_read_link(root, path->bytes, &target, NULL) == 0) {
            (*links)++;
            text_truncate(path, target[0] == '/' ? 0 : before);
        }
    }
    text_truncate(rest, 0);
    if (target != NULL) {
        text_add_string(rest, target);
        text_add_string(rest, "/");
    }
    text_add_string(rest, after);
}

/* The path without symbolic links, which the caller frees. */
static char *resolve(const struct sysroot *root, const char *path)
{
    AUTO(text_clear) struct text rest = {0};
    struct text resolved = {0};
    unsigned links = 0;

    text_add_string(&rest, path);
    while (rest.length > 0)
        step(root, &resolved, &rest, &links);
    if (resolved.length == 0)
        text_add_string(&resolved, "/");
    return text_take(&resolved);
}

const struct mount *storage_mount_holding(const struct storage *storage, const char *path)
{
    AUTO_FREE char *resolved = resolve(storage->root, path);

    return mounts_holding(storage->mounts, resolved);
}

struct coverage storage_cover_path(struct storage *storage, const char *path)
{
    const struct mount *mount = storage_mount_holding(storage, path);
    int r = sysroot_stat(storage->root, path, &(struct stat){0}, NULL);

    /* A path of another mount namespace, or a deleted file, would be looked up in vain. */
    if (r < 0)
        return coverage_unknown(unknown_reason_from_code(r));
    if (mount == NULL)
        return coverage_unknown(UNKNOWN_NOT_PRESENT);
    return storage_cover_mount(storage, mount);
}

static struct coverage cover_btrfs(struct storage *storage, const struct mount *mount)
{
    struct btrfs_members members;
    struct coverage whole = coverage_start();
    int r = btrfs_members_read(storage->root, mount, &members, NULL);

    if (r < 0)
        return coverage_unknown(unknown_reason_from_code(r));
    for (size_t i = 0; i < members.count; i++) {
        struct coverage part = block_graph_cover(storage->graph, members.numbers[i]);

        coverage_add(&whole, &part);
    }
    if (!members.told || !members.complete) {
        struct coverage missing =
            coverage_unknown(members.told ? UNKNOWN_CONFLICTING : UNKNOWN_NOT_PRESENT);

        coverage_add(&whole, &missing);
    }
    return whole;
}

static bool is_same_filesystem(const struct storage *storage, const char *left, const char *right)
{
    struct stat left_status, right_status;

    return sysroot_stat(storage->root, left, &left_status, NULL) == 0 &&
           sysroot_stat(storage->root, right, &right_status, NULL) == 0 &&
           S_ISDIR(left_status.st_mode) && S_ISDIR(right_status.st_mode) &&
           left_status.st_dev == right_status.st_dev;
}

/*
 * What is written goes to upperdir. The option keeps the path as it was when mounting, which may
 * lie outside what we see (a container's does); both of its folders must be where it says.
 */
static struct coverage cover_overlay(struct storage *storage, const struct mount *mount)
{
    AUTO_FREE char *upper = mount_option(mount, "upperdir");
    AUTO_FREE char *work = mount_option(mount, "workdir");
    const struct mount *holder;

    if (upper == NULL || work == NULL)
        return coverage_unknown(UNKNOWN_UNSUPPORTED);
    holder = storage_mount_holding(storage, upper);
    if (holder == NULL || holder == mount || upper[0] != '/' || work[0] != '/' ||
        !is_same_filesystem(storage, upper, work))
        return coverage_unknown(UNKNOWN_SANDBOXED);
    return storage_cover_mount(storage, holder);
}

static struct coverage cover_kind(struct storage *storage, const struct mount *mount)
{
    struct block_number number = {.major = mount->major, .minor = mount->minor};

    switch (filesystem_kind(mount->filesystem, mount->major)) {
    case FILESYSTEM_ON_DEVICE:
        return block_graph_cover(storage->graph, number);
    case FILESYSTEM_BTRFS:
        return cover_btrfs(storage, mount);
    case FILESYSTEM_OVERLAY:
        return cover_overlay(storage, mount);
    case FILESYSTEM_MEMORY:
        return (struct coverage){.state = COVERAGE_VOLATILE};
    case FILESYSTEM_REMOTE:
        return (struct coverage){.state = COVERAGE_ELSEWHERE};
    case FILESYSTEM_KERNEL:
    case FILESYSTEM_STACKED:
    case FILESYSTEM_OPAQUE:
        break;
    }
    return coverage_unknown(UNKNOWN_UNSUPPORTED);
}

struct coverage storage_cover_mount(struct storage *storage, const struct mount *mount)
{
    struct coverage coverage;

    if (storage->nesting >= NESTING_MAX)
        return coverage_unknown(UNKNOWN_LIMIT_EXCEEDED);
    storage->nesting++;
    coverage = cover_kind(storage, mount);
    storage->nesting--;
    return coverage;
}

size_t storage_devices_of_mount(const struct storage *storage, const struct mount *mount,
                                struct block_number *ret_numbers, size_t max)
{
    struct btrfs_members members;
    enum filesystem_kind kind = filesystem_kind(mount->filesystem, mount->major);
    size_t count = 0;

    if (kind == FILESYSTEM_ON_DEVICE && max > 0) {
        ret_numbers[0] = (struct block_number){.major = mount->major, .minor = mount->minor};
        return 1;
    }
    if (kind != FILESYSTEM_BTRFS || btrfs_members_read(storage->root, mount, &members, NULL) < 0)
        return 0;
    for (; count < members.count && count < max; count++)
        ret_numbers[count] = members.numbers[count];
    return count;
}
