#pragma once

#include <stdbool.h>

#include "platform/block_devices.h"
#include "snapshot/section.h"

struct sysroot;

/* Whether memory can be written to disk, and where the kernel would look for it. */
struct hibernation {
    bool known; /* else why not */
    enum unknown_reason reason;
    bool supported;  /* by the kernel, and not switched off */
    int resume_code; /* 0, or why the kernel's own device for resuming could not be read */
    bool has_resume_device;
    struct block_number resume_device;
};

void hibernation_read(const struct sysroot *root, struct hibernation *ret_hibernation);
