#pragma once

#include <stddef.h>

#include "collectors/disk_encryption/storage.h"

/*
 * Counts the file systems that are stored in the clear on disks which stay in the machine, and
 * that nobody has mounted: another system, an old disk. Fails with -ENOENT when udev has no
 * database, which alone tells what is on a device.
 */
int unmounted_plain_count(struct storage *storage, const struct sysroot *root,
                          const struct mounts *mounts, size_t *ret_count, struct error *err);
