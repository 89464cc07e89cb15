#include "collectors/disk_encryption/swaps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/mounts.h"
#include "platform/sysroot.h"

#define SWAPS_MAX_SIZE (256U * 1024U)
#define BLANKS         " \t"
#define DELETED        "\\040(deleted)"

void swaps_clear(struct swaps *swaps)
{
    for (size_t i = 0; i < swaps->count; i++)
        free(swaps->items[i].path);
    *swaps = (struct swaps){0};
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* "PATH  partition|file  SIZE  USED  PRIORITY"; only the first two are of use. */
static bool parse_line(const char *line, size_t length, struct swap *swap)
{
    AUTO_FREE char *copy = must_copy_text(line, length);
    size_t path_length = strcspn(copy, BLANKS), type_length;
    const char *type = copy + path_length;

    while (is_blank(*type))
        type++;
    type_length = strcspn(type, BLANKS);
    if (copy[0] != '/' || path_length == length)
        return false;
    if (type_length == strlen("file") && strncmp(type, "file", type_length) == 0)
        swap->is_file = true;
    else if (type_length != strlen("partition") || strncmp(type, "partition", type_length) != 0)
        return false;

    if (path_length > strlen(DELETED) &&
        strncmp(copy + path_length - strlen(DELETED), DELETED, strlen(DELETED)) == 0)
        swap->deleted = true;
    swap->path = mount_unescape(copy, path_length);
    return swap->path != NULL;
}

int swaps_parse(const char *text, struct swaps *swaps, struct error *err)
{
    size_t line_number = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        struct swap swap = {0};

        line_number++;
        if (line_number == 1 && strncmp(text, "Filename", strlen("Filename")) != 0)
            return error_set(err, EBADMSG, "line 1 is not the heading");
        if (line_number > 1) {
            if (swaps->count >= SWAPS_MAX)
                return error_set(err, EFBIG, "there are more than %u swap areas", SWAPS_MAX);
            if (!parse_line(text, length, &swap))
                return error_set(err, EBADMSG, "line %zu is not a swap area", line_number);
            swaps->items[swaps->count++] = swap;
        }
        text += length;
        text += *text == '\n';
    }
    return line_number > 0 ? 0 : error_set(err, EBADMSG, "the heading is missing");
}

int swaps_read(const struct sysroot *root, struct swaps *swaps, struct error *err)
{
    AUTO_FREE char *text = NULL;
    int r = sysroot_read_text(root, "/proc/swaps", SWAPS_MAX_SIZE, &text, err);

    if (r < 0)
        return r;
    return error_wrap(err, swaps_parse(text, swaps, err), "/proc/swaps");
}
