#pragma once

#include "collectors/collector.h"

/* Are all the places where this machine keeps data encrypted, and with what? */
extern const struct collector disk_encryption_collector;
