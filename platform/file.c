#include "platform/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define LEFTOVER_PREFIX ".new-"
#define READ_SIZE       16384U

int directory_open(const char *path, struct error *err)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return error_set(err, errno, "cannot open the folder %s: %s", path, strerror(errno));
    return fd;
}

int directory_create(const char *path, mode_t mode, struct error *err)
{
    struct stat status;

    if (mkdir(path, mode) == 0) {
        /* The umask must not decide, and mkdir(2) ignores the set-group-id bit. */
        if (chmod(path, mode) < 0)
            return error_set(err, errno, "cannot set the mode of %s: %s", path, strerror(errno));
        return 0;
    }
    if (errno != EEXIST)
        return error_set(err, errno, "cannot create the folder %s: %s", path, strerror(errno));
    if (lstat(path, &status) < 0 || !S_ISDIR(status.st_mode))
        return error_set(err, ENOTDIR, "%s is not a folder", path);
    return 0;
}

static int write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, bytes, length);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        bytes += n;
        length -= (size_t)n;
    }
    return 0;
}

static int write_and_rename(int directory, const char *temporary, const char *name, mode_t mode,
                            const void *bytes, size_t length)
{
    AUTO_CLOSE int fd =
        openat(directory, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    int r;

    if (fd < 0)
        return -errno;
    r = write_all(fd, bytes, length);
    if (r < 0)
        return r;
    if (fchmod(fd, mode) < 0 || fsync(fd) < 0 ||
        renameat(directory, temporary, directory, name) < 0)
        return -errno;
    return fsync(directory) < 0 ? -errno : 0;
}

int file_write(int directory, const char *name, mode_t mode, const void *bytes, size_t length,
               struct error *err)
{
    char temporary[300];
    int r;

    (void)snprintf(temporary, sizeof(temporary), LEFTOVER_PREFIX "%d-%.240s", (int)getpid(), name);
    r = write_and_rename(directory, temporary, name, mode, bytes, length);
    if (r < 0) {
        (void)unlinkat(directory, temporary, 0);
        return error_set(err, -r, "cannot write %s: %s", name, strerror(-r));
    }
    return 0;
}

int file_read(int directory, const char *name, size_t max_size, struct text *out, struct error *err)
{
    AUTO_CLOSE int fd =
        openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    AUTO_FREE char *buffer = NULL;
    struct stat status;
    size_t total = 0;

    if (fd < 0)
        return error_set(err, errno, "cannot open %s: %s", name, strerror(errno));
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
        return error_set(err, EBADF, "%s is not a regular file", name);
    buffer = must_allocate(READ_SIZE, 1);
    for (;;) {
        ssize_t n = read(fd, buffer, READ_SIZE);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return error_set(err, errno, "cannot read %s: %s", name, strerror(errno));
        if (n == 0)
            return 0;
        total += (size_t)n;
        if (total > max_size)
            return error_set(err, EFBIG, "%s is larger than %zu bytes", name, max_size);
        text_add(out, buffer, (size_t)n);
    }
}

int file_remove(int directory, const char *name, struct error *err)
{
    if (unlinkat(directory, name, 0) < 0) {
        if (errno == ENOENT)
            return 0;
        return error_set(err, errno, "cannot remove %s: %s", name, strerror(errno));
    }
    if (fsync(directory) < 0)
        return error_set(err, errno, "cannot remove %s for good: %s", name, strerror(errno));
    return 0;
}

static void auto_closedir(DIR **directory)
{
    if (*directory != NULL)
        (void)closedir(*directory);
}

static int compare_names(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

static int list_matching(int directory, size_t max_entries, bool leftovers, struct text_list *names,
                         struct error *err)
{
    AUTO(auto_closedir) DIR *stream = NULL;
    int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return error_set(err, errno, "cannot list a folder: %s", strerror(errno));
    stream = fdopendir(fd);
    if (stream == NULL) {
        (void)close(fd);
        return error_set(err, ENOMEM, "cannot list a folder");
    }
    for (const struct dirent *entry; errno = 0, (entry = readdir(stream)) != NULL;) {
        bool left = strncmp(entry->d_name, LEFTOVER_PREFIX, strlen(LEFTOVER_PREFIX)) == 0;

        if (leftovers ? !left : entry->d_name[0] == '.')
            continue;
        if (names->count >= max_entries)
            return error_set(err, EFBIG, "a folder has more than %zu files", max_entries);
        text_list_add(names, entry->d_name, strlen(entry->d_name));
    }
    if (errno != 0)
        return error_set(err, errno, "cannot list a folder: %s", strerror(errno));
    if (names->count > 0)
        qsort(names->items, names->count, sizeof(*names->items), compare_names);
    return 0;
}

int directory_list(int directory, size_t max_entries, struct text_list *names, struct error *err)
{
    return list_matching(directory, max_entries, false, names, err);
}

int directory_remove_leftovers(int directory, struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    int r = list_matching(directory, 10000, true, &names, err);

    for (size_t i = 0; r == 0 && i < names.count; i++)
        r = file_remove(directory, names.items[i], err);
    return r;
}
