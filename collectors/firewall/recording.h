#pragma once

#include <stdbool.h>

#include "platform/text.h"

struct machine;

/*
 * What the kernel says about packet filters, interfaces and listening sockets, as bytes: taken in
 * with privileges, and parsed by others without them. Each part has a result: 0, or the negative
 * errno value that says why it is not there.
 */
#define RULESET_MAX_SIZE (16U * 1024U * 1024U)
#define SET_MAX_SIZE     (1024U * 1024U) /* a larger set counts as one of unknown content */

enum network_namespace {
    NAMESPACE_OF_THE_MACHINE, /* the one that the first process is in */
    NAMESPACE_OTHER,
    NAMESPACE_UNKNOWN, /* we may not look */
};

struct recording {
    int ruleset_result; /* -ENOENT: the kernel has no nf_tables */
    struct text ruleset;

    int legacy_result;
    struct text legacy_tables; /* lines: tables of the older xtables that exist */

    int network_result;
    struct text links;
    struct text addresses;
    enum network_namespace name_space;

    int sockets_result;
    struct text tcp;
    struct text udp;
};

/* Asks the running kernel. The caller frees it with recording_free(). */
struct recording *recording_take(const struct machine *machine);
void recording_free(struct recording *recording);
