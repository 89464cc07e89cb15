#include "collectors/patch_level/inputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/decompress.h"
#include "platform/memory.h"
#include "platform/sysroot.h"

void inputs_clear(struct inputs *inputs)
{
    for (size_t i = 0; i < inputs->count; i++)
        free(inputs->items[i].path);
    free(inputs->items);
    inputs->items = NULL;
    inputs->count = 0;
}

const struct stat *inputs_status(const struct inputs *inputs, const char *path)
{
    for (size_t i = 0; i < inputs->count; i++)
        if (strcmp(inputs->items[i].path, path) == 0)
            return &inputs->items[i].status;
    return NULL;
}

static int remember(struct inputs *inputs, const char *path, struct error *err)
{
    struct stat status;
    int r = sysroot_stat(inputs->root, path, &status, err);

    if (r < 0 || inputs_status(inputs, path) != NULL)
        return r;
    inputs->items = must_grow(inputs->items, inputs->count + 1, sizeof(*inputs->items));
    inputs->items[inputs->count++] =
        (struct input){.path = must_copy_text(path, strlen(path)), .status = status};
    return 0;
}

int inputs_open_stream(struct inputs *inputs, const char *path, size_t max_decoded,
                       struct stream **ret_stream, struct error *err)
{
    int r = remember(inputs, path, err), fd;

    if (r < 0)
        return r;
    fd = sysroot_open_file(inputs->root, path, err);
    if (fd < 0)
        return fd;
    r = stream_open(fd, max_decoded, ret_stream, err);
    return r < 0 ? error_wrap(err, r, path) : 0;
}

int inputs_read_text(struct inputs *inputs, const char *path, size_t max_size, char **ret_text,
                     struct error *err)
{
    int r = remember(inputs, path, err);

    return r < 0 ? r : sysroot_read_text(inputs->root, path, max_size, ret_text, err);
}

static bool same_time(const struct timespec *left, const struct timespec *right)
{
    return left->tv_sec == right->tv_sec && left->tv_nsec == right->tv_nsec;
}

static bool same_file(const struct stat *left, const struct stat *right)
{
    return left->st_dev == right->st_dev && left->st_ino == right->st_ino &&
           left->st_size == right->st_size && same_time(&left->st_mtim, &right->st_mtim) &&
           same_time(&left->st_ctim, &right->st_ctim);
}

int inputs_check_unchanged(const struct inputs *inputs, struct error *err)
{
    for (size_t i = 0; i < inputs->count; i++) {
        const struct input *input = &inputs->items[i];
        struct stat now;

        if (sysroot_stat(inputs->root, input->path, &now, NULL) < 0 ||
            !same_file(&input->status, &now))
            return error_set(err, EAGAIN, "%s changed while it was read", input->path);
    }
    return 0;
}
