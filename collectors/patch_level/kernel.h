#pragma once

#include <stdbool.h>

#include "platform/error.h"

struct packages;
struct sysroot;

/* The kernel that runs beside the newest of its flavour that is installed, as package versions. */
struct kernel {
    char *running;   /* "6.1.119-1" */
    char *installed; /* "6.1.153-1"; NULL when its package is not installed any more */
    bool restart;    /* what runs is not the newest */
};

/*
 * release and version are those of uname(2). -EOPNOTSUPP when the distribution did not build this
 * kernel, or when it does not say which package it is from.
 */
int kernel_read(const struct sysroot *root, const char *release, const char *version,
                const struct packages *packages, struct kernel *ret_kernel, struct error *err);
void kernel_clear(struct kernel *kernel);
