#include "agent/privileges.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(capability)      (UINT32_C(1) << (capability))
#define COLLECT_CAPABILITIES (BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_NET_ADMIN))

/* capset(2) without libcap: the two calls are all that is needed of it. */
static int set_capabilities(uint32_t low, struct error *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {
        {.effective = low, .permitted = low},
    };

    if (syscall(SYS_capset, &header, data) < 0)
        return error_set(err, errno, "cannot set the capabilities: %s", strerror(errno));
    return 0;
}

int privileges_drop(struct error *err)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_set(err, errno, "cannot give up new privileges: %s", strerror(errno));
    return set_capabilities(0, err);
}

static int switch_user(const struct passwd *user, struct error *err)
{
    if (setgroups(0, NULL) < 0 || setresgid(user->pw_gid, user->pw_gid, user->pw_gid) < 0 ||
        setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
        return error_set(err, errno, "cannot become the user %s: %s", user->pw_name,
                         strerror(errno));
    return 0;
}

int privileges_become(const char *user, bool for_collect, struct error *err)
{
    const struct passwd *entry = getpwnam(user);
    int r;

    if (entry == NULL)
        return error_set(err, ENOENT, "there is no user %s: is the package installed?", user);
    if (geteuid() == entry->pw_uid)
        return 0;
    if (geteuid() != 0)
        return error_set(err, EPERM, "only root may do this: put sudo before it");
    if (for_collect && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return error_set(err, errno, "cannot keep capabilities: %s", strerror(errno));
    r = switch_user(entry, err);
    if (r == 0)
        r = set_capabilities(for_collect ? COLLECT_CAPABILITIES : 0, err);
    return r;
}
