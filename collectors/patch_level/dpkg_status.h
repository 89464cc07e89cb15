#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/patch_level/stanza.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define PACKAGES_MAX      200000U
#define ARCHITECTURES_MAX 16U

/* One installed package. Texts are offsets into the table's strings. */
struct package {
    uint32_t name;
    uint32_t version;
    uint32_t next; /* the next of its hash chain, 0 at the end: items start at 1 */
    uint8_t architecture;
    bool installed; /* completely */
    bool held;
    bool security_pending;
};

/* What dpkg says is on the disk, completely installed or not. */
struct packages {
    struct text strings;
    struct package *items; /* items[0] is unused */
    size_t count;          /* with items[0] */
    size_t capacity;
    uint32_t *slots;
    size_t slot_count; /* a power of two */
    struct text_list architectures;
    uint8_t all;      /* the index of "all" in architectures; UINT8_MAX while there is none */
    uint8_t native;   /* the architecture of dpkg itself; UINT8_MAX when dpkg is not there */
    size_t installed; /* in state "installed" */
    size_t broken;    /* in any state between not installed and installed */
    size_t held;
};

/*
 * Reads /var/lib/dpkg/status. -EBADMSG when a stanza is not what dpkg writes, -EFBIG above
 * PACKAGES_MAX packages or ARCHITECTURES_MAX architectures. The table is the caller's to clear,
 * also after a failure.
 */
int packages_read(struct stream *stream, struct packages *packages, struct error *err);
void packages_clear(struct packages *packages);

const char *package_name(const struct packages *packages, const struct package *package);
const char *package_version(const struct packages *packages, const struct package *package);
const char *package_architecture(const struct packages *packages, const struct package *package);

/*
 * The package of that name and architecture; "all" and the machine's own architecture count as
 * one, because a package may move between them. NULL when there is none.
 */
struct package *packages_find(const struct packages *packages, struct span name,
                              struct span architecture);

/* The same for a package of the machine's own architecture or "all". */
struct package *packages_find_native(const struct packages *packages, const char *name);

/* The first package of that name in any architecture, to save the work for all others. */
bool packages_contain(const struct packages *packages, struct span name);

/* True for lower and upper case letters, digits, '+', '-' and '.', starting with no sign. */
bool package_name_valid(struct span name);
