#pragma once

#include "platform/error.h"

struct sysroot;

/* What keeps the kernel from loading the driver for USB storage. */
enum modprobe_policy {
    MODPROBE_NONE,
    MODPROBE_BLACKLIST, /* not loaded by itself; still by name, or because uas needs it */
    MODPROBE_BLOCKED,   /* replaced by a command that fails, refused by the kernel */
};

/*
 * Reads modprobe.d(5) in its five folders, where a file of an earlier one replaces those of its
 * name, the kernel's command line, and whether module loading is switched off. Fails when any of
 * it cannot be read: then the policy is not known.
 */
int modprobe_policy_read(const struct sysroot *root, enum modprobe_policy *ret_policy,
                         struct error *err);

/* What lines about usb-storage were found; of several "install" lines all must block. */
struct modprobe_lines {
    unsigned blacklist, blocking, other_install;
};

/* Adds what one file says. Lines that mean nothing to us are passed over. Exposed for tests. */
void modprobe_lines_parse(const char *text, struct modprobe_lines *lines);

/* Adds what the kernel's command line says. */
void modprobe_command_line_parse(const char *text, struct modprobe_lines *lines);
