#pragma once

#include <stdbool.h>

#include "platform/error.h"

struct apt_configuration;
struct packages;
struct sysroot;

/*
 * Whether unattended-upgrades installs updates by itself: the package is there, apt's settings
 * switch it on (APT::Periodic, as /usr/lib/apt/apt.systemd.daily reads them), and systemd starts
 * both of apt's timers. -EOPNOTSUPP on a system without systemd, -EINVAL for a setting that is no
 * interval.
 */
int automatic_updates_read(const struct sysroot *root,
                           const struct apt_configuration *configuration,
                           const struct packages *packages, bool *ret_enabled, struct error *err);

/* True when it is installed at all. */
bool automatic_updates_installed(const struct packages *packages);

/* True when systemd would start the unit at boot: wanted by timers.target and not masked. */
int timer_enabled(const struct sysroot *root, const char *timer, bool *ret_enabled,
                  struct error *err);
