#pragma once

#include <stdbool.h>

#include "platform/error.h"

struct apt_configuration;
struct apt_release;
struct os_release;

/*
 * Whether unattended-upgrades may install what comes from this repository: one of the patterns in
 * Unattended-Upgrade::Origins-Pattern or Allowed-Origins matches it. -EOPNOTSUPP when only a
 * pattern that is not understood here could.
 */
int update_origins_allow(const struct apt_configuration *configuration, const struct os_release *os,
                         const struct apt_release *release, bool *ret_allowed, struct error *err);
