#include "agent/layout.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "platform/text.h"

#define INSTALLED_STATE    "/var/lib/dijkwacht"
#define INSTALLED_SETTINGS "/etc/dijkwacht"
#define INSTALLED_UPLOADER "/usr/libexec/dijkwacht/upload"
#define PATH_MAX_SIZE      4096U

static const struct {
    const char *name;
    mode_t mode;
} folders[] = {
    [FOLDER_COLLECT] = {"collect", 0700},    [FOLDER_OUTBOX] = {"outbox", 02750},
    [FOLDER_RECEIPTS] = {"receipts", 02750}, [FOLDER_TLS] = {"tls", 0700},
    [FOLDER_PUBLIC] = {"public", 0755},      [FOLDER_SETTINGS] = {"etc", 0755},
};

static char *join(const char *folder, const char *name)
{
    struct text path = {0};

    text_add_format(&path, "%s/%s", folder, name);
    return text_take(&path);
}

char *layout_path(const struct layout *layout, enum folder folder)
{
    if (layout->state == NULL && folder == FOLDER_SETTINGS)
        return must_copy_text(INSTALLED_SETTINGS, sizeof(INSTALLED_SETTINGS));
    return join(layout->state == NULL ? INSTALLED_STATE : layout->state, folders[folder].name);
}

int layout_open(const struct layout *layout, enum folder folder, struct error *err)
{
    AUTO_FREE char *path = layout_path(layout, folder);
    int r = 0;

    if (layout->state != NULL) {
        r = directory_create(layout->state, 0755, err);
        if (r == 0)
            r = directory_create(path, folders[folder].mode, err);
    }
    return r < 0 ? r : directory_open(path, err);
}

int layout_open_public(const struct layout *layout, const char *name, struct error *err)
{
    AUTO_CLOSE int public = layout_open(layout, FOLDER_PUBLIC, err);
    int fd;

    if (public < 0)
        return public;
    if (mkdirat(public, name, 0755) < 0 && errno != EEXIST)
        return error_set(err, errno, "cannot create public/%s: %s", name, strerror(errno));
    fd = openat(public, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, errno, "cannot open public/%s: %s", name, strerror(errno));
    return fd;
}

char *layout_uploader(const struct layout *layout)
{
    char self[PATH_MAX_SIZE];
    ssize_t length;
    char *slash;

    if (layout->state == NULL)
        return must_copy_text(INSTALLED_UPLOADER, sizeof(INSTALLED_UPLOADER));
    length = readlink("/proc/self/exe", self, sizeof(self) - 1);
    self[length < 0 ? 0 : length] = '\0';
    slash = strrchr(self, '/');
    if (slash != NULL)
        *slash = '\0';
    return join(self, "upload");
}

const char *layout_user(const struct layout *layout, const char *user)
{
    return layout->state == NULL ? user : NULL;
}
