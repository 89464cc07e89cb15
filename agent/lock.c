#include "agent/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LOCK_FILE        "lock"
#define WAIT_SECONDS     60
#define TRIES_PER_SECOND 20

int lock_take(int folder, struct error *err)
{
    const struct timespec pause = {.tv_nsec = 1000000000 / TRIES_PER_SECOND};
    int fd = openat(folder, LOCK_FILE, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return error_set(err, errno, "cannot open the lock: %s", strerror(errno));
    for (int tries = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; tries++) {
        if (errno != EWOULDBLOCK || tries >= WAIT_SECONDS * TRIES_PER_SECOND) {
            (void)close(fd);
            return error_set(err, EBUSY, "another run has been at work for a minute: try later");
        }
        (void)nanosleep(&pause, NULL);
    }
    return fd;
}
