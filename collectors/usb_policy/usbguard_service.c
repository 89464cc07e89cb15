#include "collectors/usb_policy/usbguard_service.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"

#define PROCESSES_MAX_SIZE (64U * 1024U)

int usbguard_is_installed(const struct sysroot *root, bool *ret_installed, struct error *err)
{
    static const char *const programs[] = {"/usr/sbin/usbguard-daemon", "/usr/bin/usbguard-daemon",
                                           "/sbin/usbguard-daemon",
                                           "/usr/local/sbin/usbguard-daemon"};
    bool found = false;

    for (size_t i = 0; !found && i < sizeof(programs) / sizeof(programs[0]); i++) {
        int r = sysroot_exists(root, programs[i], &found, err);

        if (r < 0)
            return r;
    }
    *ret_installed = found;
    return 0;
}

int usbguard_is_running(const struct sysroot *root, bool *ret_running, struct error *err)
{
    /* version 2; version 1; both at once */
    static const char *const slices[] = {"/sys/fs/cgroup/system.slice",
                                         "/sys/fs/cgroup/systemd/system.slice",
                                         "/sys/fs/cgroup/unified/system.slice"};

    for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
        AUTO(text_clear) struct text path = {0};
        AUTO(text_clear) struct text processes = {0};
        bool found;
        int r = sysroot_exists(root, slices[i], &found, err);

        if (r < 0)
            return r;
        if (!found)
            continue;
        text_add_format(&path, "%s/usbguard.service/cgroup.procs", slices[i]);
        r = sysroot_read(root, path.bytes, PROCESSES_MAX_SIZE, &processes, err);
        if (r < 0 && r != -ENOENT)
            return r;
        *ret_running = r == 0 && processes.length > 0;
        return 0;
    }
    return error_set(err, ENOENT, "there is no systemd that would tell whether usbguard runs");
}
