#include "collectors/usb_policy/udev_rules.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define FILES_MAX     1024U
#define FILE_MAX_SIZE (1024U * 1024U)

/* A line that is no comment and mentions "authorized": an attribute, or a program that writes it.
 */
static bool mentions_authorization(const char *text)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n"), indent = strspn(text, " \t");

        if (indent < length && text[indent] != '#' &&
            memmem(text, length, "authorized", strlen("authorized")) != NULL)
            return true;
        text += length;
        text += *text == '\n';
    }
    return false;
}

static int count_in_folder(const struct sysroot *root, const char *folder, unsigned *count,
                           struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    int r = sysroot_list(root, folder, FILES_MAX, &names, err);

    if (r == -ENOENT || r == -ENOTDIR)
        return 0;
    for (size_t i = 0; r == 0 && i < names.count; i++) {
        AUTO(text_clear) struct text path = {0};
        AUTO_FREE char *text = NULL;
        size_t length = strlen(names.items[i]);

        if (length <= strlen(".rules") ||
            strcmp(names.items[i] + length - strlen(".rules"), ".rules") != 0)
            continue;
        text_add_format(&path, "%s/%s", folder, names.items[i]);
        r = sysroot_read_text(root, path.bytes, FILE_MAX_SIZE, &text, err);
        if (r == 0)
            *count += mentions_authorization(text);
        else if (r == -EBADF || r == -ENOENT) /* a link to /dev/null masks a file */
            r = 0;
    }
    return r;
}

int udev_authorization_rules_count(const struct sysroot *root, unsigned *ret_count,
                                   struct error *err)
{
    static const char *const folders[] = {"/etc/udev/rules.d", "/run/udev/rules.d",
                                          "/usr/local/lib/udev/rules.d"};
    unsigned count = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(folders[0]); i++)
        r = count_in_folder(root, folders[i], &count, err);
    if (r == 0)
        *ret_count = count;
    return r;
}
