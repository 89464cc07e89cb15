#pragma once

#include "collectors/collector.h"

/* What happens to a USB device that somebody plugs in? */
extern const struct collector usb_policy_collector;
