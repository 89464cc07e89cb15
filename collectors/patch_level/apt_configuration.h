#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "platform/error.h"

/*
 * apt's configuration (apt.conf(5)): nested sections and lists, in the order in which apt reads
 * them, where later values replace earlier ones.
 */
struct apt_setting {
    char *key;   /* "APT::Periodic::Enable"; an entry of a list ends with "::" */
    char *value; /* "" for a section that has none of its own */
};

struct apt_configuration {
    struct apt_setting *items;
    size_t count;
};

/*
 * Adds what one file sets. -EBADMSG for what apt would refuse, -EOPNOTSUPP for an #include, -EFBIG
 * beyond 16 nested sections or 16,384 settings.
 */
int apt_configuration_add(struct apt_configuration *configuration, const char *text,
                          struct error *err);
void apt_configuration_clear(struct apt_configuration *configuration);

/* The value in force, or NULL. Upper and lower case of the key are one. */
const char *apt_configuration_value(const struct apt_configuration *configuration, const char *key);

/* True when something at or below this key is set to a value that is not empty. */
bool apt_configuration_has_below(const struct apt_configuration *configuration, const char *key);

/* What apt takes for a no; anything else has to count as a yes where that is the worse. */
bool apt_says_no(const char *value, size_t length);
