#pragma once

#include "collectors/collector.h"

/* What does this machine let in from the network, and what listens there? */
extern const struct collector firewall_collector;
