#include "agent/settle.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/fixture.h"
#include "tests/support/test.h"

static char *folder;
static struct sysroot root;

static int make_root(void **state)
{
    (void)state;
    folder = fixture_new_folder();
    return sysroot_open(folder, &root, NULL);
}

static int drop_root(void **state)
{
    (void)state;
    sysroot_close(&root);
    fixture_remove(folder);
    return 0;
}

static void make_lock(const char *parents[], const char *name)
{
    char path[512];
    int fd;

    (void)snprintf(path, sizeof(path), "%s", folder);
    for (size_t i = 0; parents[i] != NULL; i++) {
        size_t length = strlen(path);

        (void)snprintf(path + length, sizeof(path) - length, "/%s", parents[i]);
        assert_int_equal(mkdir(path, 0755), 0);
    }
    (void)snprintf(path + strlen(path), sizeof(path) - strlen(path), "/%s", name);
    fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0640);
    assert_true(fd >= 0);
    assert_int_equal(close(fd), 0);
}

/* Another process holds the lock, as dpkg does, until its channel is closed. */
struct holder {
    pid_t pid;
    int channel;
};

static void hold(const char *name, struct holder *ret_holder)
{
    char path[512], byte;
    int to_child[2], from_child[2];

    (void)snprintf(path, sizeof(path), "%s%s", folder, name);
    assert_int_equal(pipe(to_child), 0);
    assert_int_equal(pipe(from_child), 0);
    ret_holder->pid = fork();
    if (ret_holder->pid == 0) {
        struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
        int fd = open(path, O_RDWR | O_CLOEXEC);

        (void)close(to_child[1]);
        if (fd < 0 || fcntl(fd, F_SETLK, &lock) < 0 || write(from_child[1], "x", 1) != 1)
            _exit(1);
        _exit((int)read(to_child[0], &byte, 1));
    }
    assert_int_equal(read(from_child[0], &byte, 1), 1);
    (void)close(to_child[0]);
    (void)close(from_child[0]);
    (void)close(from_child[1]);
    ret_holder->channel = to_child[1];
}

static void let_go(const struct holder *holder)
{
    (void)close(holder->channel);
    assert_int_equal(waitpid(holder->pid, NULL, 0), holder->pid);
}

static bool is_busy(void)
{
    bool busy;

    assert_int_equal(settle_is_busy(&root, &busy, NULL), 0);
    return busy;
}

static void sees_who_holds(const char *parents[], const char *name, const char *path)
{
    struct holder holder;

    make_lock(parents, name);
    assert_false(is_busy());
    hold(path, &holder);
    assert_true(is_busy());
    let_go(&holder);
    assert_false(is_busy());
    assert_int_equal(settle_wait(&root, NULL), 0);
}

TEST(nobody_is_at_work_where_there_is_no_lock)
{
    assert_false(is_busy());
}

TEST(sees_that_apt_is_at_work)
{
    const char *parents[] = {"var", "lib", "dpkg", NULL};

    sees_who_holds(parents, "lock-frontend", "/var/lib/dpkg/lock-frontend");
}

TEST(sees_that_rpm_is_at_work)
{
    const char *parents[] = {"usr", "lib", "sysimage", "rpm", NULL};

    sees_who_holds(parents, ".rpm.lock", "/usr/lib/sysimage/rpm/.rpm.lock");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nobody_is_at_work_where_there_is_no_lock, make_root,
                                        drop_root),
        cmocka_unit_test_setup_teardown(sees_that_apt_is_at_work, make_root, drop_root),
        cmocka_unit_test_setup_teardown(sees_that_rpm_is_at_work, make_root, drop_root),
    };

    return RUN_ALL(tests);
}
