#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "platform/error.h"

struct stream;
struct sysroot;

/*
 * The files that an answer was made from, as they were before they were read. Package databases
 * change under their readers; an answer holds only when every one of them is the same after it.
 */
struct inputs {
    const struct sysroot *root;
    struct input *items;
    size_t count;
};

struct input {
    char *path;
    struct stat status;
};

void inputs_clear(struct inputs *inputs);

/* These remember the file and open or read it as sysroot_open_file and sysroot_read_text do. */
int inputs_open_stream(struct inputs *inputs, const char *path, size_t max_decoded,
                       struct stream **ret_stream, struct error *err);
int inputs_read_text(struct inputs *inputs, const char *path, size_t max_size, char **ret_text,
                     struct error *err);

/* What stat(2) said about a file that was remembered; NULL when it was not. */
const struct stat *inputs_status(const struct inputs *inputs, const char *path);

/* 0 while all of them are as they were, -EAGAIN with the first that is not. */
int inputs_check_unchanged(const struct inputs *inputs, struct error *err);
