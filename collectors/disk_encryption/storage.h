#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collectors/disk_encryption/coverage.h"
#include "platform/mounts.h"

struct sysroot;

/* Where file systems and files are stored: the step from the mount table to the block devices. */
struct storage;

/* Everything must outlive the storage; headers may be NULL. */
struct storage *storage_new(const struct sysroot *root, const struct mounts *mounts,
                            const struct luks_headers *headers);
void storage_free(struct storage *storage);
void auto_storage_free(struct storage **storage);

struct block_graph *storage_devices(struct storage *storage);

struct coverage storage_cover_mount(struct storage *storage, const struct mount *mount);

/* Of a file or folder that exists. Symbolic links in the path are followed. */
struct coverage storage_cover_path(struct storage *storage, const char *path);

/* The mount that holds a path, symbolic links followed; NULL when there is none. */
const struct mount *storage_mount_holding(const struct storage *storage, const char *path);

/* The block devices of a mounted file system, at most max; 0 when it is on none that we know. */
size_t storage_devices_of_mount(const struct storage *storage, const struct mount *mount,
                                struct block_number *ret_numbers, size_t max);
