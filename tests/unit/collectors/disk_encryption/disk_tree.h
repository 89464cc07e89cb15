#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "platform/text.h"

struct json;

#define TREE_DEVICES_MAX 32U

/*
 * A machine's disks as /sys and /proc show them, built in a throw-away folder. Devices are named
 * as in sysfs; their numbers are given out in order.
 */
struct disk_tree {
    char *folder;
    struct {
        const char *name;
        unsigned major, minor;
        char path[160]; /* below /sys/devices */
    } devices[TREE_DEVICES_MAX];
    size_t count;
    struct text mounts, swaps;
    unsigned next_mount;
    bool as_nobody; /* collect without privileges */
};

/* Of an ordinary kernel: no null cipher in use, no swap, no hibernation, nothing mounted. */
struct disk_tree tree_new(void);

void tree_disk(struct disk_tree *tree, const char *name);
/* A disk at a place such as "pci0000:00/usb1/1-1" */
void tree_disk_at(struct disk_tree *tree, const char *name, const char *place);
void tree_partition(struct disk_tree *tree, const char *name, const char *disk);
/* lower: the devices that it is made of, between spaces. */
void tree_mapped(struct disk_tree *tree, const char *name, const char *uuid, const char *lower);
void tree_made_of(struct disk_tree *tree, const char *name, const char *lower);
/* A file of a device, as "removable" or "loop/backing_file". */
void tree_attribute(struct disk_tree *tree, const char *name, const char *attribute,
                    const char *value);
void tree_udev(struct disk_tree *tree, const char *name, const char *lines);
/* What a device starts with, where LUKS keeps its header. */
void tree_content(struct disk_tree *tree, const char *name, const void *bytes, size_t length);

/* device: a name, or "" for none. */
void tree_mount(struct disk_tree *tree, const char *device, const char *point,
                const char *filesystem);
void tree_mount_with(struct disk_tree *tree, const char *device, const char *point,
                     const char *filesystem, const char *source_and_options);
/* Removes an empty folder. */
void tree_forget(struct disk_tree *tree, const char *folder);
void tree_swap(struct disk_tree *tree, const char *path, const char *type);
/* members: kernel names between spaces; missing: how many more the kernel misses. */
void tree_btrfs(struct disk_tree *tree, const char *members, unsigned missing);
void tree_number_of(const struct disk_tree *tree, const char *name, char ret_number[24]);

/* Runs the collector, removes the tree, and answers what fixture_collect answers. */
struct json *tree_collect(struct disk_tree *tree);

/* Adds the bytes of a file below tests/fixtures/disk_encryption. */
void tree_fixture(const char *name, struct text *bytes);
