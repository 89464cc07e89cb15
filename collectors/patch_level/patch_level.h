#pragma once

#include "collectors/collector.h"

/* Which security updates wait to be installed, and how does this machine get them? */
extern const struct collector patch_level_collector;
