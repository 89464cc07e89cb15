#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "platform/error.h"

/*
 * Writes a file that must not exist yet, durably and with exactly this mode. -EEXIST when it does;
 * after any other failure it is not there.
 */
int new_file_write(const char *path, mode_t mode, const void *bytes, size_t length,
                   struct error *err);
