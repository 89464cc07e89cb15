/*
 * kill_before NUMBER REPORT COMMAND [ARGUMENT...]
 *
 * Runs a command and kills with SIGKILL whichever of its processes is about to make the NUMBER-th
 * system call that writes or decides. The call's name is then in the file REPORT; when the command
 * made fewer, there is no such file. Ends when all processes have ended, with the exit code of the
 * first, or 128 and its signal.
 *
 * All processes and threads are counted together. strace(1) counts each by itself, so that it
 * never reaches what a parent does before it has made as many calls as its children.
 */
#include <errno.h>
#include <limits.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSCALL_STOP   (SIGTRAP | 0x80)
#define CANNOT_TRACE   125
#define CANNOT_EXECUTE 127

/* Those that a processor does not have are not found on it, and never made. */
static const char *const names[] = {
    "bind",      "chmod",   "clone",    "clone3",    "close",      "connect",   "execve",
    "fallocate", "fchmod",  "fchmodat", "fdatasync", "flock",      "ftruncate", "fsync",
    "kill",      "link",    "linkat",   "listen",    "mkdir",      "mkdirat",   "open",
    "openat",    "openat2", "pwrite64", "pwritev",   "rename",     "renameat",  "renameat2",
    "rmdir",     "sendmsg", "sendto",   "shutdown",  "socketpair", "symlink",   "symlinkat",
    "truncate",  "unlink",  "unlinkat", "write",     "writev",
};

#define NAMES (sizeof(names) / sizeof(*names))

struct watch {
    int numbers[NAMES];
    unsigned long left; /* calls until the one to kill before; 0: done */
    const char *report;
    pid_t command;
    int code;
};

/* What is to be ended from outside is the command. */
static volatile sig_atomic_t command_id;

static void pass_on(int signal)
{
    if (command_id > 0)
        (void)kill((pid_t)command_id, signal);
}

static void fail(const char *what)
{
    (void)fprintf(stderr, "kill_before: %s: %s\n", what, strerror(errno));
    exit(CANNOT_TRACE);
}

static void execute(char **command)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
        _exit(CANNOT_TRACE);
    (void)raise(SIGSTOP);
    (void)execvp(command[0], command);
    _exit(CANNOT_EXECUTE);
}

static pid_t start(char **command)
{
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                         PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
    pid_t child = fork();
    int status;

    if (child < 0)
        fail("fork");
    if (child == 0)
        execute(command);
    command_id = child;
    if (waitpid(child, &status, 0) < 0 || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, child, NULL, options) < 0 ||
        ptrace(PTRACE_SYSCALL, child, NULL, NULL) < 0)
        fail("cannot trace");
    return child;
}

/* Written first: whoever reads it waits for our end. */
static void report(const struct watch *watch, const char *name)
{
    FILE *file = fopen(watch->report, "we");

    if (file == NULL || fputs(name, file) < 0 || fclose(file) != 0)
        fail(watch->report);
}

static void look(struct watch *watch, pid_t process)
{
    struct __ptrace_syscall_info info;

    if (watch->left == 0 || ptrace(PTRACE_GET_SYSCALL_INFO, process, sizeof(info), &info) <= 0 ||
        info.op != PTRACE_SYSCALL_INFO_ENTRY)
        return;
    for (size_t i = 0; i < NAMES; i++) {
        if (watch->numbers[i] != (int)info.entry.nr || --watch->left > 0)
            continue;
        report(watch, names[i]);
        (void)kill(process, SIGKILL); /* its whole process; the call is not made any more */
        return;
    }
}

/* The signal that a stopped process is to get. */
static int handle_stop(struct watch *watch, pid_t process, int status)
{
    int signal = WSTOPSIG(status);

    if (signal == SYSCALL_STOP)
        look(watch, process);
    /* An event, or how a new process or thread begins. */
    if (signal == SYSCALL_STOP || status >> 16 != 0 || signal == SIGSTOP)
        return 0;
    return signal;
}

static void watch_all(struct watch *watch)
{
    for (;;) {
        int status;
        pid_t process = waitpid(-1, &status, __WALL);

        if (process < 0 && errno == EINTR)
            continue;
        if (process < 0)
            return;
        if (WIFSTOPPED(status))
            (void)ptrace(PTRACE_SYSCALL, process, NULL,
                         (long)handle_stop(watch, process, status)); /* it may be dead by now */
        else if (process == watch->command)
            watch->code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
}

int main(int argc, char **argv)
{
    struct watch watch = {.code = CANNOT_TRACE};
    char *end = NULL;

    if (argc < 4 || (watch.left = strtoul(argv[1], &end, 10)) == 0 || *end != '\0') {
        (void)fputs("Usage: kill_before NUMBER REPORT COMMAND [ARGUMENT...]\n", stderr);
        return CANNOT_TRACE;
    }
    for (size_t i = 0; i < NAMES; i++)
        watch.numbers[i] = seccomp_syscall_resolve_name(names[i]);
    watch.report = argv[2];
    (void)signal(SIGTERM, pass_on);
    (void)signal(SIGINT, pass_on);
    watch.command = start(argv + 3);
    watch_all(&watch);
    return watch.code;
}
