#include "collectors/disk_encryption/homes.h"

#include <stddef.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define HOMES_MAX 65536U

static bool ends_with(const char *name, const char *ending)
{
    size_t length = strlen(name), ending_length = strlen(ending);

    return length > ending_length && strcmp(name + length - ending_length, ending) == 0;
}

/* ecryptfs keeps what it encrypted in one folder, systemd-homed in "NAME.home" or "NAME.homedir".
 */
static bool has_folders_apart(const struct sysroot *root)
{
    AUTO(text_list_clear) struct text_list names = {0};

    if (sysroot_list(root, "/home", HOMES_MAX, &names, NULL) < 0)
        return false;
    for (size_t i = 0; i < names.count; i++)
        if (strcmp(names.items[i], ".ecryptfs") == 0 || ends_with(names.items[i], ".home") ||
            ends_with(names.items[i], ".homedir"))
            return true;
    return false;
}

static bool is_stacked_below_home(const struct mounts *mounts)
{
    for (size_t i = 0; i < mounts->count; i++)
        if (strcmp(mounts->items[i].filesystem, "ecryptfs") == 0 &&
            strncmp(mounts->items[i].point, "/home/", strlen("/home/")) == 0)
            return true;
    return false;
}

/* fscrypt keeps its policies in a folder at the top of the file system. */
static bool has_policies(const struct sysroot *root, const struct mount *holder)
{
    AUTO(text_clear) struct text path = {0};
    bool found = false;

    text_add_format(&path, "%s/.fscrypt", strcmp(holder->point, "/") == 0 ? "" : holder->point);
    return sysroot_exists(root, path.bytes, &found, NULL) == 0 && found;
}

bool homes_may_be_encrypted(const struct sysroot *root, const struct mounts *mounts,
                            const struct mount *holder)
{
    return has_folders_apart(root) || is_stacked_below_home(mounts) ||
           (holder != NULL && has_policies(root, holder));
}
