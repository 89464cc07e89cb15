#pragma once

#include <stdbool.h>

#include "platform/block_devices.h"

struct sysroot;

/* What udev saw on a block device, from its database in /run/udev/data. */
enum udev_usage {
    UDEV_NOTHING,    /* no signature */
    UDEV_FILESYSTEM, /* a file system */
    UDEV_OTHER,      /* swap, LUKS, a RAID or LVM member */
    UDEV_POOL,       /* part of a file system that says itself whether it is mounted or encrypted */
};

struct udev_data {
    enum udev_usage usage;
    bool for_booting; /* a partition whose type says firmware, boot loader or recovery */
};

/* Fails with -ENOENT when udev has no record of it. */
int udev_data_read(const struct sysroot *root, struct block_number number,
                   struct udev_data *ret_data, struct error *err);

/* Lines as "E:ID_FS_USAGE=filesystem"; others are passed over. Exposed for tests and fuzzing. */
void udev_data_parse(const char *text, struct udev_data *ret_data);
