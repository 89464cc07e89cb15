#pragma once

#include <stddef.h>

/*
 * The order of Debian package versions (deb-version(7), Debian policy 5.6.12): negative, 0 or
 * positive as left is older, equal or newer. Any text has a place in the order.
 */
int dpkg_version_compare(const char *left, size_t left_length, const char *right,
                         size_t right_length);
