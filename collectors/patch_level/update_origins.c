#include "collectors/patch_level/update_origins.h"

#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>
#include <strings.h>

#include "collectors/patch_level/apt_configuration.h"
#include "collectors/patch_level/apt_release.h"
#include "platform/cleanup.h"
#include "platform/os_release.h"
#include "platform/text.h"

#define PATTERNS "Unattended-Upgrade::Origins-Pattern::"
#define ORIGINS  "Unattended-Upgrade::Allowed-Origins::"

enum match { MATCH_NO, MATCH_YES, MATCH_UNKNOWN };

struct matching {
    const struct os_release *os;
    const struct apt_release *release;
};

static const char *or_empty(const char *text)
{
    return text == NULL ? "" : text;
}

/* Puts the system's names in, as lsb_release(1) would write them. */
static void substitute(const struct os_release *os, const char *pattern, struct text *out)
{
    static const char id[] = "${distro_id}", codename[] = "${distro_codename}";

    while (*pattern != '\0') {
        if (strncmp(pattern, id, sizeof(id) - 1) == 0) {
            size_t start = out->length;

            text_add_string(out, or_empty(os->id));
            if (out->length > start)
                out->bytes[start] = (char)toupper((unsigned char)out->bytes[start]);
            pattern += sizeof(id) - 1;
        } else if (strncmp(pattern, codename, sizeof(codename) - 1) == 0) {
            text_add_string(out, or_empty(os->version_codename));
            pattern += sizeof(codename) - 1;
        } else {
            text_add(out, pattern++, 1);
        }
    }
}

static enum match match_value(const char *pattern, const char *value)
{
    return fnmatch(pattern, or_empty(value), FNM_NOESCAPE) == 0 ? MATCH_YES : MATCH_NO;
}

/* Component and site are not part of what a Release file says. */
static enum match match_field(const struct apt_release *release, const char *name,
                              const char *pattern)
{
    const struct {
        const char *names[4];
        const char *value;
    } fields[] = {
        {{"o", "origin", NULL}, release->origin},
        {{"l", "label", NULL}, release->label},
        {{"a", "suite", "archive", NULL}, release->suite},
        {{"n", "codename", NULL}, release->codename},
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        for (size_t j = 0; fields[i].names[j] != NULL; j++)
            if (strcmp(fields[i].names[j], name) == 0)
                return match_value(pattern, fields[i].value);
    return MATCH_UNKNOWN;
}

static char *trim(char *text)
{
    size_t length;

    text += strspn(text, " \t");
    length = strlen(text);
    while (length > 0 && strchr(" \t", text[length - 1]) != NULL)
        text[--length] = '\0';
    return text;
}

/* "origin=Debian,codename=bookworm-security,label=Debian-Security": all of them count. */
static enum match match_pattern(const struct matching *matching, const char *pattern)
{
    AUTO(text_clear) struct text text = {0};
    enum match result = MATCH_YES;
    char *rest;

    substitute(matching->os, pattern, &text);
    if (text.length == 0 || strchr(text.bytes, '\\') != NULL)
        return MATCH_UNKNOWN;
    rest = text.bytes;
    for (char *part; (part = strsep(&rest, ",")) != NULL;) {
        char *value = strchr(part, '=');
        enum match match;

        if (value == NULL)
            return MATCH_UNKNOWN;
        *value++ = '\0';
        match = match_field(matching->release, trim(part), trim(value));
        if (match == MATCH_NO)
            return MATCH_NO;
        if (match == MATCH_UNKNOWN)
            result = MATCH_UNKNOWN;
    }
    return result;
}

/* "Origin:suite", the older form. */
static enum match match_origin(const struct matching *matching, const char *origin)
{
    AUTO(text_clear) struct text text = {0};
    char *colon;

    substitute(matching->os, origin, &text);
    colon = text.length == 0 ? NULL : strchr(text.bytes, ':');
    if (colon == NULL || strchr(text.bytes, '\\') != NULL)
        return MATCH_UNKNOWN;
    *colon = '\0';
    if (match_value(trim(text.bytes), matching->release->origin) == MATCH_NO)
        return MATCH_NO;
    return match_value(trim(colon + 1), matching->release->suite);
}

static enum match match_setting(const struct matching *matching, const struct apt_setting *setting)
{
    if (strncasecmp(setting->key, PATTERNS, strlen(PATTERNS)) == 0)
        return match_pattern(matching, setting->value);
    if (strncasecmp(setting->key, ORIGINS, strlen(ORIGINS)) == 0)
        return match_origin(matching, setting->value);
    return MATCH_NO;
}

int update_origins_allow(const struct apt_configuration *configuration, const struct os_release *os,
                         const struct apt_release *release, bool *ret_allowed, struct error *err)
{
    const struct matching matching = {os, release};
    bool unclear = false;

    for (size_t i = 0; i < configuration->count; i++) {
        enum match match = match_setting(&matching, &configuration->items[i]);

        if (match == MATCH_YES) {
            *ret_allowed = true;
            return 0;
        }
        unclear = unclear || match == MATCH_UNKNOWN;
    }
    if (unclear)
        return error_set(err, EOPNOTSUPP, "an origin of unattended-upgrades is not understood");
    *ret_allowed = false;
    return 0;
}
