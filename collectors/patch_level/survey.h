#pragma once

#include <stdbool.h>

#include "collectors/patch_level/apt_configuration.h"
#include "collectors/patch_level/apt_sources.h"
#include "collectors/patch_level/dpkg_status.h"
#include "collectors/patch_level/inputs.h"
#include "collectors/patch_level/security_lists.h"
#include "platform/error.h"
#include "platform/os_release.h"

struct sysroot;

/* One step of the survey: 0, or why it could not be done. */
struct step {
    int result;
    struct error err;
};

/* All that is read about packages, each part with its own outcome. Start with {0}. */
struct survey {
    struct step packages_step;
    struct packages packages;
    struct step configuration_step;
    struct apt_configuration configuration;
    struct step lists_step; /* the sources, their Release files and their indexes */
    struct os_release os;   /* known when lists_step is */
    struct security_lists lists;
    bool has_contact;
    int64_t contact; /* when apt last asked its sources with success, as its stamps say */
};

/*
 * Reads dpkg's and apt's files. What changes while it is read is read once more, and is -EAGAIN in
 * its step when it changed again.
 */
void survey_read(const struct sysroot *root, struct survey *survey);
void survey_clear(struct survey *survey);
