#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "platform/block_devices.h"
#include "platform/mounts.h"

struct sysroot;

#define BTRFS_MEMBERS_MAX 256U

/* The devices that a mounted btrfs is spread over. */
struct btrfs_members {
    char id[64]; /* the file system's UUID; the same for all its subvolumes */
    struct block_number numbers[BTRFS_MEMBERS_MAX];
    size_t count;
    bool complete; /* the kernel says that none is missing */
    bool told;     /* the kernel said whether one is missing (Linux 5.6 or later) */
};

/*
 * Looks in /sys/fs/btrfs, because the device number of a btrfs mount is none of a disk's. Fails
 * with -ENOENT when the mount's source is in none of the file systems there.
 */
int btrfs_members_read(const struct sysroot *root, const struct mount *mount,
                       struct btrfs_members *ret_members, struct error *err);
