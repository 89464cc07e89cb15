#include "platform/sysroot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define LINE_MAX_SIZE 4096U
#define READ_SIZE     65536U
#define OPEN_TRIES    64 /* somebody may rename for ever */

/* glibc has no wrapper for openat2(2). */
static int open_inside(const struct sysroot *root, const char *path, int flags)
{
    struct open_how how = {
        .flags = (unsigned long long)(unsigned)(flags | O_CLOEXEC),
        .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
    };
    long fd = -1;

    errno = EAGAIN;
    /* EAGAIN: a rename elsewhere made "where is .." unanswerable (openat2(2)). */
    for (int i = 0; i < OPEN_TRIES && fd < 0 && (errno == EAGAIN || errno == EINTR); i++)
        fd = syscall(SYS_openat2, root->fd, path, &how, sizeof(how));
    return fd < 0 ? -errno : (int)fd;
}

int sysroot_open(const char *directory, struct sysroot *ret_root, struct error *err)
{
    int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return error_set(err, errno, "cannot open %s: %s", directory, strerror(errno));
    ret_root->fd = fd;
    return 0;
}

void sysroot_close(struct sysroot *root)
{
    if (root->fd >= 0)
        (void)close(root->fd);
    root->fd = -1;
}

int sysroot_stat(const struct sysroot *root, const char *path, struct stat *ret_status,
                 struct error *err)
{
    AUTO_CLOSE int fd = open_inside(root, path, O_PATH);
    struct stat status;

    if (fd < 0)
        return error_set(err, -fd, "cannot look up %s: %s", path, strerror(-fd));
    if (fstat(fd, &status) < 0)
        return error_set(err, errno, "cannot examine %s: %s", path, strerror(errno));
    *ret_status = status;
    return 0;
}

int sysroot_exists(const struct sysroot *root, const char *path, bool *ret_exists,
                   struct error *err)
{
    struct stat status;
    int r = sysroot_stat(root, path, &status, err);

    if (r < 0 && r != -ENOENT && r != -ENOTDIR)
        return r;
    *ret_exists = r == 0;
    return 0;
}

/* The types are checked on the open file: a name can change its meaning in between. */
static int open_typed(const struct sysroot *root, const char *path, bool block_too,
                      struct error *err)
{
    struct stat status;
    int fd;

    /* O_NONBLOCK: a FIFO put in a file's place must not hang us. */
    fd = open_inside(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return error_set(err, -fd, "cannot open %s: %s", path, strerror(-fd));
    if (fstat(fd, &status) == 0 &&
        (S_ISREG(status.st_mode) || (block_too && S_ISBLK(status.st_mode))))
        return fd;
    (void)close(fd);
    return error_set(err, EBADF, "%s is not a %s", path,
                     block_too ? "block device" : "regular file");
}

int sysroot_open_file(const struct sysroot *root, const char *path, struct error *err)
{
    return open_typed(root, path, false, err);
}

int sysroot_open_block(const struct sysroot *root, const char *path, struct error *err)
{
    return open_typed(root, path, true, err);
}

int sysroot_read(const struct sysroot *root, const char *path, size_t max_size, struct text *out,
                 struct error *err)
{
    AUTO_CLOSE int fd = sysroot_open_file(root, path, err);
    AUTO_FREE char *buffer = NULL;
    size_t total = 0;

    if (fd < 0)
        return fd;
    /* procfs and sysfs report size 0, so only reading tells where the end is. */
    buffer = must_allocate(READ_SIZE, 1);
    for (;;) {
        ssize_t n = read(fd, buffer, READ_SIZE);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, errno, "cannot read %s: %s", path, strerror(errno));
        if (n == 0)
            return 0;
        total += (size_t)n;
        if (total > max_size)
            return error_set(err, EFBIG, "%s is larger than %zu bytes", path, max_size);
        text_add(out, buffer, (size_t)n);
    }
}

static int read_without_nul(const struct sysroot *root, const char *path, size_t max_size,
                            struct text *out, struct error *err)
{
    int r = sysroot_read(root, path, max_size, out, err);

    if (r < 0)
        return r;
    if (out->length > 0 && memchr(out->bytes, '\0', out->length) != NULL)
        return error_set(err, EBADMSG, "%s contains a NUL byte", path);
    return 0;
}

int sysroot_read_text(const struct sysroot *root, const char *path, size_t max_size,
                      char **ret_text, struct error *err)
{
    AUTO(text_clear) struct text text = {0};
    int r = read_without_nul(root, path, max_size, &text, err);

    if (r < 0)
        return r;
    *ret_text = text_take(&text);
    return 0;
}

int sysroot_read_line(const struct sysroot *root, const char *path, char **ret_line,
                      struct error *err)
{
    AUTO(text_clear) struct text text = {0};
    int r = read_without_nul(root, path, LINE_MAX_SIZE, &text, err);

    if (r < 0)
        return r;
    text_truncate(&text, strcspn(text_string(&text), "\n"));
    *ret_line = text_take(&text);
    return 0;
}

int sysroot_read_link(const struct sysroot *root, const char *path, char **ret_target,
                      struct error *err)
{
    AUTO_CLOSE int fd = open_inside(root, path, O_PATH | O_NOFOLLOW);
    char target[4096];
    ssize_t length;

    if (fd < 0)
        return error_set(err, -fd, "cannot look up %s: %s", path, strerror(-fd));
    length = readlinkat(fd, "", target, sizeof(target));
    if (length < 0)
        return error_set(err, errno == ENOENT ? EINVAL : errno, "%s is not a symbolic link", path);
    *ret_target = must_copy_text(target, (size_t)length);
    return 0;
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static void auto_closedir(DIR **directory)
{
    if (*directory != NULL)
        (void)closedir(*directory);
}

int sysroot_list(const struct sysroot *root, const char *path, size_t max_entries,
                 struct text_list *names, struct error *err)
{
    AUTO(auto_closedir) DIR *directory = NULL;
    int fd = open_inside(root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK);

    if (fd < 0)
        return error_set(err, -fd, "cannot list %s: %s", path, strerror(-fd));
    directory = fdopendir(fd);
    if (directory == NULL) {
        (void)close(fd);
        return error_set(err, ENOMEM, "cannot list %s", path);
    }
    for (const struct dirent *entry; errno = 0, (entry = readdir(directory)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (names->count >= max_entries)
            return error_set(err, EFBIG, "%s has more than %zu entries", path, max_entries);
        text_list_add(names, entry->d_name, strlen(entry->d_name));
    }
    if (errno != 0)
        return error_set(err, errno, "cannot list %s: %s", path, strerror(errno));
    if (names->count > 0)
        qsort(names->items, names->count, sizeof(*names->items), compare_names);
    return 0;
}
