#include "server-api/keeper/lock.h"

#include <errno.h>
#include <seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "platform/cleanup.h"

/* OpenSSL asks for the process id to notice a fork; the rest is messages, memory and the end. */
static const int allowed[] = {
    SCMP_SYS(read),   SCMP_SYS(write),     SCMP_SYS(recvfrom),      SCMP_SYS(sendto),
    SCMP_SYS(brk),    SCMP_SYS(munmap),    SCMP_SYS(mremap),        SCMP_SYS(madvise),
    SCMP_SYS(futex),  SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(getpid),
    SCMP_SYS(gettid), SCMP_SYS(exit),      SCMP_SYS(exit_group),    SCMP_SYS(sched_yield),
};

static void auto_seccomp_release(scmp_filter_ctx *filter)
{
    if (*filter != NULL)
        seccomp_release(*filter);
}

/* Memory without a file behind it, and never executable. */
static int allow_anonymous_memory(scmp_filter_ctx filter)
{
    return seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                            SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                            SCMP_A4(SCMP_CMP_MASKED_EQ, UINT32_MAX, UINT32_MAX));
}

static int load_filter(void)
{
    AUTO(auto_seccomp_release) scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    int r = filter == NULL ? -ENOMEM : 0;

    for (size_t i = 0; r == 0 && i < sizeof(allowed) / sizeof(*allowed); i++)
        r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    if (r == 0)
        r = allow_anonymous_memory(filter);
    return r == 0 ? seccomp_load(filter) : r;
}

int process_lock(struct error *err)
{
    static const struct rlimit none = {0};
    int r;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 ||
        setrlimit(RLIMIT_CORE, &none) < 0)
        return error_set(err, errno, "cannot give up privileges: %s", strerror(errno));
    r = load_filter();
    if (r < 0)
        return error_set(err, -r, "cannot lock the process with seccomp: %s", strerror(-r));
    return 0;
}
