#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "platform/error.h"

struct sysroot;

/* What /etc/os-release says (os-release(5)). Texts that it does not give are NULL. */
struct os_release {
    char *id;
    char *id_like; /* words */
    char *version_id;
    char *version_codename;
    char *ubuntu_codename; /* what a derivative is built from */
    char *debian_codename;
    char *pretty_name;
    char *support_end; /* "2026-05-13" */
};

/*
 * Reads "NAME=value" lines with the quotes and escapes of a shell, without its expansions. -EBADMSG
 * when a line is something else.
 */
int os_release_parse(const char *text, struct os_release *ret_release, struct error *err);

/* From /etc/os-release, or from /usr/lib/os-release when it is missing. */
int os_release_read(const struct sysroot *root, struct os_release *ret_release, struct error *err);
void os_release_clear(struct os_release *release);

/* True when id is this name, or id_like has it among its words; upper and lower case are one. */
bool os_release_is_like(const struct os_release *release, const char *name);
