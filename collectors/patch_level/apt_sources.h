#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "platform/error.h"
#include "platform/text_list.h"

/* One enabled source of binary packages: one URI and one suite of it (sources.list(5)). */
struct apt_source {
    char *uri; /* ends with a slash */
    char *suite;
    struct text_list components;    /* empty for a flat repository, whose suite ends with a slash */
    struct text_list architectures; /* empty: those of dpkg */
    bool unchecked;                 /* apt is told to take its lists without a good signature */
};

#define SOURCES_MAX 1024U

struct apt_sources {
    struct apt_source *items;
    size_t count;
};

/*
 * Add what one file configures: a list of one-line entries, or stanzas (.sources). -EBADMSG for
 * an entry that apt would refuse, -EFBIG above SOURCES_MAX.
 */
int apt_sources_add_lines(struct apt_sources *sources, const char *text, struct error *err);
int apt_sources_add_stanzas(struct apt_sources *sources, const char *text, struct error *err);
void apt_sources_clear(struct apt_sources *sources);

/*
 * How the names of this source's files below /var/lib/apt/lists begin, which the caller frees:
 * "mirror.example_debian_dists_bookworm_".
 */
char *apt_source_list_prefix(const struct apt_source *source);

/*
 * apt reads the files of its folders whose names are letters, digits, '_', '-', ':' and '.' only
 * and end with the extension (".list"); those without a dot too where the extension is optional.
 */
bool apt_reads_file(const char *name, const char *extension, bool extension_optional);
