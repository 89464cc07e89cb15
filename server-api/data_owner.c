#include "server-api/data_owner.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/text_list.h"

#define ENTRIES_MAX 1000U

/* True when we are root and the folder is somebody else's. */
static bool has_other_owner(const char *data_folder, struct stat *ret_status)
{
    return geteuid() == 0 && stat(data_folder, ret_status) == 0 && ret_status->st_uid != 0;
}

int data_owner_become(const char *data_folder, struct error *err)
{
    struct stat status;

    if (!has_other_owner(data_folder, &status))
        return 0;
    if (setgroups(0, NULL) < 0 || setresgid(status.st_gid, status.st_gid, status.st_gid) < 0 ||
        setresuid(status.st_uid, status.st_uid, status.st_uid) < 0)
        return error_set(err, errno, "cannot become the owner of %s: %s", data_folder,
                         strerror(errno));
    return 0;
}

/* A second name for a file may be a file of root's elsewhere. */
static int give_entry(int folder, const char *name, const struct stat *owner, struct error *err)
{
    struct stat status;

    if (fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set(err, errno, "cannot look at %s: %s", name, strerror(errno));
    if (!S_ISDIR(status.st_mode) && (!S_ISREG(status.st_mode) || status.st_nlink != 1))
        return error_set(err, EINVAL, "%s is no file of the server", name);
    if (fchownat(folder, name, owner->st_uid, owner->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set(err, errno, "cannot give %s to the folder's owner: %s", name,
                         strerror(errno));
    return S_ISDIR(status.st_mode) ? 1 : 0;
}

/* Files, and folders of files: deeper than that, the server has none. */
static int give_all(int folder, const struct stat *owner, unsigned depth, struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    int r = directory_list(folder, ENTRIES_MAX, &names, err);

    for (size_t i = 0; r >= 0 && i < names.count; i++) {
        AUTO_CLOSE int below = -1;

        r = give_entry(folder, names.items[i], owner, err);
        if (r <= 0 || depth == 0)
            continue;
        below = openat(folder, names.items[i], O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        r = below < 0 ? error_set(err, errno, "cannot open %s: %s", names.items[i], strerror(errno))
                      : give_all(below, owner, depth - 1, err);
    }
    return r < 0 ? r : 0;
}

int data_owner_give(const char *data_folder, struct error *err)
{
    AUTO_CLOSE int folder = -1;
    struct stat owner;

    if (!has_other_owner(data_folder, &owner))
        return 0;
    folder = directory_open(data_folder, err);
    return folder < 0 ? folder : give_all(folder, &owner, 1, err);
}
