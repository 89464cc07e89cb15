#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/disk_encryption/storage.h"

/* What a volume is for. A path would tell more than we want to know. The order is that of lists. */
enum volume_role {
    ROLE_ROOT,
    ROLE_HOME,
    ROLE_VAR,
    ROLE_TMP,
    ROLE_BOOT,
    ROLE_DATA,
    ROLE_REMOVABLE,
};

/* A file system, however often it is mounted. */
struct volume {
    const struct mount *mount; /* the first of it in the table */
    enum volume_role role;
    unsigned roles; /* one bit for each role that a mount of it has */
    bool in_scope;  /* must be encrypted for the machine to be */
    bool has_size;
    uint64_t size_bytes;
    struct coverage coverage;
};

/* Start with {0}; end with volumes_clear(). Sorted, so that the order of mounting is no matter. */
struct volumes {
    struct volume *items;
    size_t count;
};

/*
 * The file systems that keep data on this machine, and what holds /, /home, /var and /tmp
 * whatever it is. In scope: those four, and each that is writable, does not come out, and does
 * not just boot the machine.
 */
void volumes_find(struct storage *storage, const struct sysroot *root, const struct mounts *mounts,
                  struct volumes *volumes);
void volumes_clear(struct volumes *volumes);

/*
 * All that is stored at and below /home, /var or /tmp: the file system that holds the path, and
 * those in scope with the role. With ROLE_ROOT or ROLE_BOOT only the one that holds the path.
 */
struct coverage volumes_cover_path(struct storage *storage, const struct volumes *volumes,
                                   const char *path, enum volume_role role);
