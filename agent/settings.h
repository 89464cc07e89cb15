#pragma once

#include "agent/layout.h"
#include "platform/error.h"
#include "platform/text_list.h"

/* The configuration file, dijkwacht.conf. A machine needs none: every setting has a default. */
struct settings {
    char *proxy;               /* http://, https:// or socks5h://; NULL for none */
    struct text_list disabled; /* collectors that are not to look */
};

/*
 * Reads the layout's file; that there is none is no error unless the command line named it. Fails
 * with -EINVAL and "<file>: line 3: …". The caller clears the settings.
 */
int settings_load(const struct layout *layout, struct settings *ret_settings, struct error *err);
/* The text alone, for its tests. */
int settings_parse(const char *text, struct settings *ret_settings, struct error *err);
void settings_clear(struct settings *settings);
