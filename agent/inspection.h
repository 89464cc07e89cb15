#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/utsname.h>

#include "agent/settings.h"
#include "collectors/collector.h"
#include "platform/error.h"
#include "platform/sysroot.h"

struct section;
struct snapshot_writer;

/* One look at the machine with all collectors. */
struct inspected {
    const struct collector *collector;
    void *prepared;
    struct section *section;
    int64_t collected_at;
    int64_t duration_us;
    int64_t cpu_us;
};

struct inspection {
    struct sysroot root;
    struct machine machine;
    struct utsname kernel;
    struct inspected *entries; /* in the registry's order */
    size_t count;
};

/*
 * Opens the tree ("/" where root is NULL, which makes the machine live) and lets every collector
 * take in what needs privileges. Fails with -EINVAL for a disabled collector that does not exist.
 */
int inspection_prepare(const char *root, const struct settings *settings,
                       struct inspection *ret_inspection, struct error *err);

/* Collects every section. Those that are disabled know nothing, "disabled_by_policy". */
void inspection_collect(struct inspection *inspection, const struct settings *settings);

void inspection_add_to(const struct inspection *inspection, struct snapshot_writer *writer);
void inspection_clear(struct inspection *inspection);
