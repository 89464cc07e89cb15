#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "collectors/patch_level/apt_release.h"
#include "platform/error.h"

struct apt_sources;
struct inputs;
struct os_release;
struct packages;

/* What apt's package lists say about the security updates of this system. */
struct security_lists {
    /* A source is configured whose signed Release file says it is this system's own security. */
    bool configured;
    /* Each component in use, for each architecture in use, has its security index here. */
    bool indexed;
    /* 0 when every index that should be read was read to its end, else why not. */
    int result;
    struct error why;
    /* Of the security sources: the oldest publication, the first to expire, the oldest arrival. */
    bool has_published_at, has_expires_at, has_refreshed_at;
    int64_t published_at, expires_at, refreshed_at;
    /* What the first of them says about itself. */
    bool has_own;
    struct apt_release own;
};

/*
 * Finds the security sources among those configured, and marks each package that one of them has a
 * newer version for. Fails only where nothing at all can be said: when the system has no code
 * name (-ENOENT), or a Release file cannot be read.
 */
int security_lists_read(struct inputs *inputs, const struct apt_sources *sources,
                        const struct os_release *os, struct packages *packages,
                        struct security_lists *ret_lists, struct error *err);
void security_lists_clear(struct security_lists *lists);
