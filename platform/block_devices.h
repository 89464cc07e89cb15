#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"

struct sysroot;

/* A block device as sysfs shows it: what it is, and what it is made of. */

#define BLOCK_LOWER_MAX 1024U /* devices directly below one */

struct block_number {
    unsigned major, minor;
};

enum block_kind {
    BLOCK_DISK,      /* nothing below it that Linux knows of */
    BLOCK_PARTITION, /* of the device in lower[0] */
    BLOCK_MAPPED,    /* device mapper; see mapping */
    BLOCK_RAID,      /* md */
    BLOCK_CACHE,     /* bcache */
    BLOCK_LOOP,      /* backing is a file, or a device below /dev */
    BLOCK_MEMORY,    /* zram or a RAM disk; backing where zram writes to, if anywhere */
    BLOCK_REMOTE,    /* made by something whose storage sysfs does not show (zvol, drbd) */
};

/* Start with {0}; end with block_device_clear(). */
struct block_device {
    struct block_number number;
    enum block_kind kind;
    char *name;    /* as in sysfs: '!' stands for a '/' */
    char *mapping; /* dm/uuid; "" where it has none; NULL unless BLOCK_MAPPED */
    char *backing; /* NULL where there is none */
    bool has_size;
    uint64_t size_bytes;
    bool removable; /* the disk or its medium comes out; only said of disks */
    struct block_number *lower;
    size_t lower_count;
    bool lower_complete; /* false: a cache set is attached that lower does not show */
};

/* Fails with -ENOENT when the kernel has no such device, or as reading sysfs fails. */
int block_device_read(const struct sysroot *root, struct block_number number,
                      struct block_device *device, struct error *err);
void block_device_clear(struct block_device *device);

/* The device of a sysfs name such as "sda1". */
int block_number_by_name(const struct sysroot *root, const char *name,
                         struct block_number *ret_number, struct error *err);

/*
 * The device of a path below /dev: by its kernel name, its device mapper name, else by the node
 * itself. -ENOENT when it is none of these.
 */
int block_number_by_path(const struct sysroot *root, const char *path,
                         struct block_number *ret_number, struct error *err);

/* The node below /dev with the kernel's name for it, which the caller frees. */
char *block_device_path(const struct block_device *device);

bool block_number_equal(struct block_number left, struct block_number right);
