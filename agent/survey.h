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
struct surveyed {
    const struct collector *collector;
    void *prepared;
    struct section *section;
    int64_t collected_at;
    int64_t duration_us;
    int64_t cpu_us;
};

struct survey {
    struct sysroot root;
    struct machine machine;
    struct utsname kernel;
    struct surveyed *entries; /* in the registry's order */
    size_t count;
};

/*
 * Opens the tree ("/" where root is NULL, which makes the machine live) and lets every collector
 * take in what needs privileges. Fails with -EINVAL for a disabled collector that does not exist.
 */
int survey_prepare(const char *root, const struct settings *settings, struct survey *ret_survey,
                   struct error *err);

/* Collects every section. Those that are disabled know nothing, "disabled_by_policy". */
void survey_collect(struct survey *survey, const struct settings *settings);

void survey_add_to(const struct survey *survey, struct snapshot_writer *writer);
void survey_clear(struct survey *survey);
