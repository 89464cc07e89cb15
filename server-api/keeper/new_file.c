#include "server-api/keeper/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/memory.h"

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

static int sync_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    AUTO_FREE char *parent =
        slash == NULL ? must_copy_text(".", 1) : must_copy_text(path, (size_t)(slash - path) + 1);
    AUTO_CLOSE int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    return fd < 0 || fsync(fd) < 0 ? -errno : 0;
}

int new_file_write(const char *path, mode_t mode, const void *bytes, size_t length,
                   struct error *err)
{
    AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    int r;

    if (fd < 0 && errno == EEXIST)
        return error_set(err, EEXIST, "%s exists already and is not overwritten", path);
    if (fd < 0)
        return error_set(err, errno, "cannot create %s: %s", path, strerror(errno));
    r = write_all(fd, bytes, length);
    if (r == 0 && (fchmod(fd, mode) < 0 || fsync(fd) < 0))
        r = -errno;
    if (r == 0)
        r = sync_parent(path);
    if (r < 0) {
        (void)unlink(path);
        return error_set(err, -r, "cannot write %s: %s", path, strerror(-r));
    }
    return 0;
}
