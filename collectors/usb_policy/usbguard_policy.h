#pragma once

#include <stdbool.h>

#include "platform/error.h"

struct sysroot;

/*
 * usbguard's configuration and rules, which only root may read, and what they come to for storage
 * that is plugged in: see usbguard-daemon.conf(5) and usbguard-rules.conf(5).
 */
struct usbguard_files;

/* Takes in the files as they are. */
struct usbguard_files *usbguard_files_read(const struct sysroot *root);
void usbguard_files_free(struct usbguard_files *files);

/*
 * Whether the daemon, when it runs, keeps storage devices out that nobody allowed one by one.
 * Fails as reading failed, with -EBADMSG for what is no rule, and with -EOPNOTSUPP where rules
 * are kept in other files than usual.
 */
int usbguard_files_enforce(const struct usbguard_files *files, bool *ret_enforce,
                           struct error *err);

/* What the configuration says, as far as it matters. Exposed for tests and fuzzing. */
struct usbguard_configuration {
    bool usual_rules;  /* rules are in /etc/usbguard/rules.conf, or nowhere */
    bool usual_folder; /* and in /etc/usbguard/rules.d, or nowhere */
    bool has_rules, has_folder;
    bool default_blocks;   /* what no rule names stays out */
    bool inserted_decided; /* and what is plugged in meets rules or stays out */
    bool present_decided;  /* so does what was there at the start */
};
int usbguard_configuration_parse(const char *text, struct usbguard_configuration *ret_configuration,
                                 struct error *err);

/* What rules do with storage that they do not name. */
enum usbguard_storage {
    STORAGE_UNDECIDED, /* no rule applies so far: later rules, then the default, decide */
    STORAGE_ALLOWED,
    STORAGE_KEPT_OUT,
};

/*
 * Continues from what the rules before said. A rule counts as allowing if any storage device
 * could be made to fit it: one that also says it is a keyboard, for instance. Fails with -EBADMSG
 * and the line.
 */
int usbguard_rules_parse(const char *text, enum usbguard_storage *storage, struct error *err);
