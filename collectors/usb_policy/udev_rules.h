#pragma once

#include "platform/error.h"

struct sysroot;

/*
 * Counts the files of this machine's own udev rules (/etc, /run, /usr/local) that set whether a
 * USB device is let in. What they come to would take an evaluator of udev rules.
 */
int udev_authorization_rules_count(const struct sysroot *root, unsigned *ret_count,
                                   struct error *err);
