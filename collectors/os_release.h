#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/collector.h"

/* Which system is this, on what kind of machine, and until when does its maker support it? */
extern const struct collector os_release_collector;

/* The kind for a chassis type of the firmware (SMBIOS 3.7, 7.4.1), or NULL where it tells none. */
const char *machine_kind_of_chassis(uint64_t type);

/* When support ends, as midnight (UTC) at the start of its last day. */
struct support {
    int64_t end;
    bool has_lts_end;
    int64_t lts_end; /* of the support that follows and is free for all */
};

/*
 * Finds a release by its code name in a table of the distro-info-data package (columns version,
 * codename, series, created, release, eol, eol-lts, ...). False when it is not there, or without
 * an end. Exposed for its tests.
 */
bool support_find(const char *csv, const char *codename, struct support *ret_support);
