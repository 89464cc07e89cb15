#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "platform/error.h"

struct text;
struct text_list;

/*
 * The file tree being examined: "/" in production, a mounted image or a fixture otherwise.
 * Every path is absolute within it, and no symbolic link leads out of it (openat2(2),
 * RESOLVE_IN_ROOT). Works on regular files only where it reads, never blocks on a FIFO or a device.
 */
struct sysroot {
    int fd;
};

int sysroot_open(const char *directory, struct sysroot *ret_root, struct error *err);
void sysroot_close(struct sysroot *root);

/* Fails with -ENOENT when there is none (also behind a dangling link), -EACCES when not permitted.
 */
int sysroot_stat(const struct sysroot *root, const char *path, struct stat *ret_status,
                 struct error *err);

int sysroot_exists(const struct sysroot *root, const char *path, bool *ret_exists,
                   struct error *err);

/* Opens a regular file for reading and returns its descriptor, which the caller closes. */
int sysroot_open_file(const struct sysroot *root, const char *path, struct error *err);

/* Opens a block device or a regular file (an image of one) for reading; the caller closes it. */
int sysroot_open_block(const struct sysroot *root, const char *path, struct error *err);

/*
 * Reads a whole regular file, adding to out. Fails with -ENOENT when there is none, -EACCES when
 * not permitted, -EFBIG above max_size.
 */
int sysroot_read(const struct sysroot *root, const char *path, size_t max_size, struct text *out,
                 struct error *err);

/*
 * The same as text, which the caller frees; moreover fails with -EBADMSG on a NUL byte.
 */
int sysroot_read_text(const struct sysroot *root, const char *path, size_t max_size,
                      char **ret_text, struct error *err);

/* Reads a small file of one line (as sysfs has them, at most 4 KiB) without its line end. */
int sysroot_read_line(const struct sysroot *root, const char *path, char **ret_line,
                      struct error *err);

/* The text of a symbolic link itself, which the caller frees. -EINVAL when it is no link. */
int sysroot_read_link(const struct sysroot *root, const char *path, char **ret_target,
                      struct error *err);

/*
 * The names in a directory, without "." and "..", in byte order. Fails with -ENOENT when there is
 * none, -EFBIG when there are more than max_entries.
 */
int sysroot_list(const struct sysroot *root, const char *path, size_t max_entries,
                 struct text_list *names, struct error *err);
