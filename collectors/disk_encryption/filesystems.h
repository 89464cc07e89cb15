#pragma once

#include <stdbool.h>

/* What a file system's type says about where its data are. */
enum filesystem_kind {
    FILESYSTEM_ON_DEVICE, /* on the one block device that the mount names */
    FILESYSTEM_BTRFS,     /* on the devices that /sys/fs/btrfs lists */
    FILESYSTEM_OVERLAY,   /* written to another file system */
    FILESYSTEM_MEMORY,
    FILESYSTEM_REMOTE,  /* on another machine, or the host of this one */
    FILESYSTEM_KERNEL,  /* shows the kernel; stores nothing */
    FILESYSTEM_STACKED, /* encrypts or joins folders of others; or a process serves it */
    FILESYSTEM_OPAQUE,  /* stores on devices that we cannot follow yet (zfs, bcachefs, flash) */
};

/* major: of the mount's device, 0 when it is on no single block device. */
enum filesystem_kind filesystem_kind(const char *type, unsigned major);

/* An image that is never written, such as a snap or a CD. */
bool filesystem_is_image(const char *type);

/* Its type as we report it: the name where it is a usual one, "fuse" for any of them, "other". */
const char *filesystem_public_name(const char *type);
