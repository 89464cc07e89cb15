#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collectors/patch_level/stanza.h"
#include "platform/text_list.h"

#define RELEASE_MAX_SIZE (8U * 1024U * 1024U)

/* What a repository says about itself in its Release or InRelease file. */
struct apt_release {
    char *origin; /* NULL where the file does not say, as all texts here */
    char *label;
    char *suite;
    char *codename;
    bool has_date;
    int64_t date;
    bool has_valid_until;
    int64_t valid_until;
    bool packages_for_all; /* packages of architecture "all" have an index of their own */

    /* The Packages indexes it lists, not compressed, and how long each is. */
    struct text_list index_paths;
    uint64_t *index_sizes;
};

/*
 * Reads the text of such a file. apt checked its signature before it kept the file; here a signed
 * one must be whole, with both ends of its signature. -EBADMSG otherwise.
 */
int apt_release_parse(const char *text, struct apt_release *ret_release, struct error *err);
void apt_release_clear(struct apt_release *release);

/* The size of the index at that path below the suite; false when the file does not list it. */
bool apt_release_index_size(const struct apt_release *release, const char *path,
                            uint64_t *ret_size);

/* Security updates come from here: Debian's label, or a suite or code name "...-security". */
bool apt_release_is_security(const struct apt_release *release);

/* The code name of the system this is for: "bookworm" of "bookworm-security". Empty if unsaid. */
struct span apt_release_root(const struct apt_release *release);

/* Reads "Sat, 21 Nov 2026 00:53:02 UTC" (RFC 5322 with the zone as UTC, GMT, Z or +0000). */
bool apt_date_parse(struct span text, int64_t *ret_seconds);
