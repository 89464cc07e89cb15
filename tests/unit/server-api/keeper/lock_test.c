#include "server-api/keeper/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "tests/support/test.h"

#define NOT_LOCKED 2

static int spare_file;

/* Without what sanitizers do at an end, which is forbidden too. */
static void end(int code)
{
    (void)syscall(SYS_exit_group, code);
}

/* How a locked child ends that does this: the signal that killed it, or 0 after a clean end. */
static int ends_with(void (*act)(void))
{
    pid_t child = fork();
    int status = 0;

    if (child == 0) {
        if (process_lock(NULL) < 0)
            end(NOT_LOCKED);
        act();
        end(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void open_file(void)
{
    (void)open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void make_socket(void)
{
    (void)socket(AF_INET, SOCK_STREAM, 0);
}

static void run_program(void)
{
    (void)execl("/bin/true", "true", (char *)NULL);
}

static void make_child(void)
{
    (void)fork();
}

static void signal_another(void)
{
    (void)kill(getppid(), 0);
}

static void remove_file(void)
{
    (void)unlink("/nowhere");
}

static void map_file(void)
{
    (void)mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, spare_file, 0);
}

static void map_executable_memory(void)
{
    (void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void make_memory_executable(void)
{
    (void)mprotect(&spare_file, sizeof(spare_file), PROT_READ | PROT_EXEC);
}

static void become_dumpable(void)
{
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void compute(void)
{
    for (size_t size = 1; size < 64U * 1024U * 1024U; size *= 4) {
        AUTO_FREE char *block = malloc(size);

        if (block != NULL)
            block[size - 1] = 1;
        else
            end(1);
    }
}

TEST(kills_what_reaches_beyond_computing_and_answering)
{
    static void (*const acts[])(void) = {
        open_file,      make_socket,     run_program,           make_child,
        remove_file,    map_file,        map_executable_memory, make_memory_executable,
        signal_another, become_dumpable,
    };

    spare_file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    assert_true(spare_file >= 0);
    for (size_t i = 0; i < sizeof(acts) / sizeof(*acts); i++)
        if (ends_with(acts[i]) != SIGSYS)
            fail_msg("act %zu was not forbidden", i);
    (void)close(spare_file);
}

TEST(leaves_memory_to_compute_with)
{
    assert_int_equal(ends_with(compute), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(kills_what_reaches_beyond_computing_and_answering),
        RUN(leaves_memory_to_compute_with),
    };

    return RUN_ALL(tests);
}
