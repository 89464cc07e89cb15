#include "platform/os_release.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"

#define MAX_SIZE        (64U * 1024U)
#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* Adds one word as a shell would read it. False when a quote has no end or more words follow. */
static bool add_unquoted(const char *at, size_t length, struct text *out)
{
    const char *end = at + length;
    char quote = '\0';

    for (; at < end; at++) {
        if (*at == '\\' && quote != '\'') {
            if (++at == end)
                return false;
        } else if (quote != '\0' && *at == quote) {
            quote = '\0';
            continue;
        } else if (quote == '\0' && (*at == '"' || *at == '\'')) {
            quote = *at;
            continue;
        } else if (quote == '\0' && (*at == ' ' || *at == '\t')) {
            return false;
        }
        text_add(out, at, 1);
    }
    return quote == '\0';
}

static char **find_field(struct os_release *release, const char *name, size_t length)
{
    const struct {
        const char *name;
        char **field;
    } fields[] = {
        {"ID", &release->id},
        {"ID_LIKE", &release->id_like},
        {"VERSION_ID", &release->version_id},
        {"VERSION_CODENAME", &release->version_codename},
        {"UBUNTU_CODENAME", &release->ubuntu_codename},
        {"DEBIAN_CODENAME", &release->debian_codename},
        {"PRETTY_NAME", &release->pretty_name},
        {"SUPPORT_END", &release->support_end},
    };

    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (strlen(fields[i].name) == length && memcmp(fields[i].name, name, length) == 0)
            return fields[i].field;
    return NULL;
}

static int parse_line(const char *line, size_t length, struct os_release *release,
                      struct error *err)
{
    AUTO(text_clear) struct text value = {0};
    size_t name_length = strspn(line, NAME_CHARACTERS);
    char **field;

    while (length > 0 && strchr(" \t\r", line[length - 1]) != NULL)
        length--;
    if (length == 0 || line[0] == '#')
        return 0;
    if (name_length == 0 || name_length >= length || line[name_length] != '=' ||
        !add_unquoted(line + name_length + 1, length - name_length - 1, &value))
        return error_set(err, EBADMSG, "a line is not NAME=value");
    field = find_field(release, line, name_length);
    if (field == NULL)
        return 0;
    free(*field);
    *field = value.length == 0 ? NULL : text_take(&value);
    return 0;
}

int os_release_parse(const char *text, struct os_release *ret_release, struct error *err)
{
    AUTO(os_release_clear) struct os_release release = {0};

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        int r = parse_line(text, length, &release, err);

        if (r < 0)
            return r;
        text += length;
        text += *text == '\n';
    }
    *ret_release = release;
    release = (struct os_release){0};
    return 0;
}

int os_release_read(const struct sysroot *root, struct os_release *ret_release, struct error *err)
{
    AUTO_FREE char *text = NULL;
    const char *path = "/etc/os-release";
    int r = sysroot_read_text(root, path, MAX_SIZE, &text, err);

    if (r == -ENOENT) {
        path = "/usr/lib/os-release";
        r = sysroot_read_text(root, path, MAX_SIZE, &text, err);
    }
    if (r < 0)
        return r;
    r = os_release_parse(text, ret_release, err);
    return r < 0 ? error_wrap(err, r, path) : 0;
}

void os_release_clear(struct os_release *release)
{
    free(release->id);
    free(release->id_like);
    free(release->version_id);
    free(release->version_codename);
    free(release->ubuntu_codename);
    free(release->debian_codename);
    free(release->pretty_name);
    free(release->support_end);
    *release = (struct os_release){0};
}

bool os_release_is_like(const struct os_release *release, const char *name)
{
    const char *word = release->id_like == NULL ? "" : release->id_like;
    size_t length = strlen(name);

    if (length == 0)
        return false;
    if (release->id != NULL && strcasecmp(release->id, name) == 0)
        return true;
    while (*word != '\0') {
        size_t word_length = strcspn(word, " ");

        if (word_length == length && strncasecmp(word, name, length) == 0)
            return true;
        word += word_length;
        word += strspn(word, " ");
    }
    return false;
}
