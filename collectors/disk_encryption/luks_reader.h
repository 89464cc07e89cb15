#pragma once

#include <stddef.h>
#include <stdint.h>

#include "collectors/disk_encryption/luks_header.h"
#include "platform/block_devices.h"

struct sysroot;

/*
 * The raw headers below the LUKS mappings that are open on disks that do not come out. Reading
 * them needs privileges, so it happens first; nothing of what disks hold is parsed here but the
 * header's own size.
 */
struct luks_headers;

struct luks_headers *luks_headers_read(const struct sysroot *root);
void luks_headers_free(struct luks_headers *headers);

/*
 * The header on this device. Fails as reading it did: -EACCES when not permitted, -ENOENT when
 * there is none, -ENODATA when it was not looked for, -EBADMSG when it is damaged.
 */
int luks_headers_find(const struct luks_headers *headers, struct block_number number,
                      struct luks_header *ret_header, struct error *err);

/*
 * The device that holds the data and header of a LUKS mapping: below it, past the integrity
 * layer that cryptsetup puts in between. -ENOENT when there is no single one.
 */
int luks_device_below(const struct sysroot *root, const struct block_device *mapped,
                      struct block_device *device, struct error *err);
