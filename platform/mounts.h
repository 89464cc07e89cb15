#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "platform/error.h"

struct sysroot;

#define MOUNTS_MAX_SIZE (8U * 1024U * 1024U) /* of the mount table's text */
#define MOUNTS_MAX      16384U

/* One line of mountinfo, see proc_pid_mountinfo(5). Texts are unescaped. */
struct mount {
    unsigned id, parent;
    unsigned major, minor; /* major 0: not on one block device */
    char *root;            /* what of the file system is mounted here */
    char *point;
    char *filesystem;
    char *source;
    char *super_options;
    bool read_only; /* the file system itself, not only this mount of it */
};

/* The mount table in its own order. Start with {0}; end with mounts_clear(). */
struct mounts {
    struct mount *items;
    size_t count;
};

/*
 * The mounts of the machine's first process. Our own table would show what a sandbox changed.
 * Fails with -ENOENT when there is none (an image), -EACCES, -EBADMSG with the line, -EFBIG.
 */
int mounts_read(const struct sysroot *root, struct mounts *mounts, struct error *err);

/* Fails with -EBADMSG and the line, -EFBIG above MOUNTS_MAX. Exposed for tests and fuzzing. */
int mounts_parse(const char *text, struct mounts *mounts, struct error *err);
void mounts_clear(struct mounts *mounts);

/*
 * The mount that a path without symbolic links leads to: from the root from mount to mount, so
 * that what a later mount hides does not count. NULL when there is no root mount.
 */
const struct mount *mounts_holding(const struct mounts *mounts, const char *path);

/*
 * The value of a super option as "upperdir", which the caller frees; NULL when it is not there.
 * Commas that the kernel escaped inside come back as they were.
 */
char *mount_option(const struct mount *mount, const char *name);

/*
 * A field as the kernel writes paths in /proc: space, tab, line end and backslash come as \ooo.
 * The caller frees it; NULL when it holds a NUL (\000).
 */
char *mount_unescape(const char *field, size_t length);
