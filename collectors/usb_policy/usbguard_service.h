#pragma once

#include <stdbool.h>

#include "platform/error.h"

struct sysroot;

int usbguard_is_installed(const struct sysroot *root, bool *ret_installed, struct error *err);

/*
 * Whether processes are in the control group that systemd keeps for usbguard.service: an answer
 * that needs no bus. Fails with -ENOENT where there is no systemd with its groups.
 */
int usbguard_is_running(const struct sysroot *root, bool *ret_running, struct error *err);
