#pragma once

#include <stdbool.h>

#include "platform/error.h"

struct packages;
struct survey;
struct sysroot;

/*
 * Whether unattended-upgrades installs security updates by itself: the package is there, apt's
 * settings switch it on (APT::Periodic, as /usr/lib/apt/apt.systemd.daily reads them), systemd
 * starts both of apt's timers, and the system's own security source is among the origins that it
 * may install from. -EOPNOTSUPP on a system without systemd or with an origin that is not
 * understood, -EINVAL for a setting that is no interval, or why the survey does not know.
 */
int automatic_updates_read(const struct sysroot *root, const struct survey *survey,
                           bool *ret_enabled, struct error *err);

/* True when it is installed at all. */
bool automatic_updates_installed(const struct packages *packages);

/* True when systemd would start the unit at boot: wanted by timers.target and not masked. */
int timer_enabled(const struct sysroot *root, const char *timer, bool *ret_enabled,
                  struct error *err);
