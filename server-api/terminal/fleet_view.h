#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"
#include "snapshot/receipt.h"
#include "snapshot/section.h"

struct json;

/*
 * The answer of /v1/fleet (docs/fleet-api.md), read for showing: worst first at every level. Texts
 * belong to the document, and may say anything.
 */
struct check_about {
    const char *id;
    const char *title;
    int64_t weight;
    const char *wrong;
    const char *why;
    const struct json *steps; /* an array of texts */
    const char *time;
    bool needs_volunteer;
};

struct check_view {
    const struct check_about *about;
    enum verdict_state state;
    enum unknown_reason reason; /* for VERDICT_UNKNOWN */
    bool has_since;
    int64_t since;
    const char *fact; /* "" when none decided */
};

/* The first that is true of a machine; in this order they need help. */
enum standing { STANDING_FIX, STANDING_SILENT, STANDING_UNKNOWN, STANDING_GOOD, STANDING_REVOKED };
#define STANDING_COUNT 5

struct machine_view {
    const char *id;
    const char *label;
    const char *system; /* "" when not known */
    const char *kind;
    bool seen;
    int64_t seen_at;
    const struct json *flags; /* an array of texts */
    struct check_view *checks;
    size_t check_count;
    enum standing standing;
    int64_t weight; /* of all its checks that fail */
};

struct organisation_view {
    const char *id;
    const char *name;
    struct machine_view *machines;
    size_t machine_count;
    size_t standings[STANDING_COUNT];
    int64_t weight;
};

struct fleet_view {
    struct json *document;
    int64_t generated_at;
    struct check_about *abouts;
    size_t about_count;
    struct organisation_view *organisations;
    size_t organisation_count;
    size_t machine_count; /* without revoked ones */
    size_t standings[STANDING_COUNT];
};

#define FLEET_MAX_SIZE (256U * 1024U * 1024U)

/* -EBADMSG when it is not what a server of this version answers. The caller clears it. */
int fleet_view_read(const char *json, size_t length, struct fleet_view *ret_fleet,
                    struct error *err);
/* The identifier of the organisation of this name or identifier, or NULL. */
const char *fleet_view_organisation(const struct fleet_view *fleet, const char *id_or_name);

void fleet_view_clear(struct fleet_view *fleet);
