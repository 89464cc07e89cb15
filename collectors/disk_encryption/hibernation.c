#include "collectors/disk_encryption/hibernation.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/number.h"
#include "platform/sysroot.h"

#define BLANKS     " \t\n"
#define NUMBER_MAX 0xfffffU

static bool has_word(const char *text, const char *word)
{
    while (*text != '\0') {
        size_t length;

        text += strspn(text, BLANKS);
        length = strcspn(text, BLANKS);
        if (length == strlen(word) && strncmp(text, word, length) == 0)
            return true;
        text += length;
    }
    return false;
}

/* Lockdown forbids hibernation; where it cannot be read, hibernation counts as possible. */
static bool is_locked_down(const struct sysroot *root)
{
    AUTO_FREE char *line = NULL;

    return sysroot_read_line(root, "/sys/kernel/security/lockdown", &line, NULL) == 0 &&
           (has_word(line, "[integrity]") || has_word(line, "[confidentiality]"));
}

/* "8:3", or "0:0" for none. A kernel that cannot hibernate has no such file. */
static int read_resume_device(const struct sysroot *root, struct hibernation *hibernation)
{
    AUTO_FREE char *line = NULL;
    uint64_t major, minor;
    const char *colon;
    int r = sysroot_read_line(root, "/sys/power/resume", &line, NULL);

    if (r < 0)
        return r == -ENOENT ? 0 : r;
    colon = strchr(line, ':');
    if (colon == NULL || !number_parse(line, (size_t)(colon - line), NUMBER_MAX, &major) ||
        !number_parse(colon + 1, strlen(colon + 1), NUMBER_MAX, &minor))
        return -EBADMSG;
    hibernation->has_resume_device = major != 0 || minor != 0;
    hibernation->resume_device =
        (struct block_number){.major = (unsigned)major, .minor = (unsigned)minor};
    return 0;
}

void hibernation_read(const struct sysroot *root, struct hibernation *ret_hibernation)
{
    AUTO_FREE char *states = NULL;
    AUTO_FREE char *command_line = NULL;
    int r = sysroot_read_line(root, "/sys/power/state", &states, NULL);

    *ret_hibernation = (struct hibernation){0};
    if (r == 0)
        r = sysroot_read_line(root, "/proc/cmdline", &command_line, NULL);
    if (r < 0 || states == NULL || command_line == NULL) {
        ret_hibernation->reason = unknown_reason_from_code(r);
        return;
    }
    ret_hibernation->known = true;
    ret_hibernation->supported = has_word(states, "disk") &&
                                 !has_word(command_line, "nohibernate") &&
                                 !has_word(command_line, "hibernate=no") && !is_locked_down(root);
    ret_hibernation->resume_code = read_resume_device(root, ret_hibernation);
}
