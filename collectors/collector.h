#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "snapshot/section.h"

struct sysroot;

/* The machine being examined, and what a collector may know beside its files. */
struct machine {
    const struct sysroot *root;

    /*
     * True when root is the running system, so that questions to its kernel (netlink, uname,
     * D-Bus) are answers about it. False for a mounted image or a fixture: what only the kernel
     * tells is then unknown, "not_present".
     */
    bool live;

    int64_t now; /* the wall clock, seconds since 1970 */

    /* uname(2) of the running kernel; NULL when not live. A fixture may set them. */
    const char *kernel_release;
    const char *kernel_version;
    const char *architecture;
};

/*
 * A collector answers one question about the machine. It reads through what it is given, fills
 * its facts, and does nothing else: no network, no child process, no logging, no verdict. What
 * it could not read completely is unknown with its reason; it cannot fail.
 */
struct collector {
    const char *name;    /* its file or folder, its section, its key in the configuration */
    const char *summary; /* one line, shown by "dijkwacht collectors" */
    unsigned schema;     /* grows when the meaning of a fact changes */
    const struct fact *facts;

    /*
     * Optional. Takes in what needs privileges and parses none of it: runs before they are
     * dropped, all collectors' first. Returns what collect is given; released by release.
     */
    void *(*prepare)(const struct machine *machine);
    void (*collect)(const struct machine *machine, const void *prepared, struct facts *facts);
    void (*release)(void *prepared);
};
