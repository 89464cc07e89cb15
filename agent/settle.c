#include "agent/settle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "platform/cleanup.h"

#define LOOK_SECONDS 5
#define WAIT_SECONDS 1800

static const char *const locks[] = {
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/rpm/.rpm.lock",
    "/usr/lib/sysimage/rpm/.rpm.lock",
};

/* F_GETLK only asks; what would stop us from reading is somebody who writes. */
static int is_held(const struct sysroot *root, const char *path, bool *ret_held, struct error *err)
{
    struct flock question = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    AUTO_CLOSE int fd = sysroot_open_file(root, path, err);

    *ret_held = false;
    if (fd == -ENOENT)
        return 0;
    if (fd < 0)
        return fd;
    if (fcntl(fd, F_GETLK, &question) < 0)
        return error_set(err, errno, "cannot see whether %s is held: %s", path, strerror(errno));
    *ret_held = question.l_type != F_UNLCK;
    return 0;
}

int settle_is_busy(const struct sysroot *root, bool *ret_busy, struct error *err)
{
    int r = 0;

    *ret_busy = false;
    for (size_t i = 0; r == 0 && !*ret_busy && i < sizeof(locks) / sizeof(locks[0]); i++)
        r = is_held(root, locks[i], ret_busy, err);
    return r;
}

int settle_wait(const struct sysroot *root, struct error *err)
{
    const struct timespec pause = {.tv_sec = LOOK_SECONDS};

    for (int waited = 0; waited <= WAIT_SECONDS; waited += LOOK_SECONDS) {
        bool busy;
        int r = settle_is_busy(root, &busy, err);

        if (r < 0 || !busy)
            return r;
        (void)nanosleep(&pause, NULL);
    }
    return error_set(err, ETIMEDOUT, "a package manager has been at work for half an hour");
}
