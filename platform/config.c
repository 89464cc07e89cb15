#include "platform/config.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/text.h"

#define KEYS_MAX   64U
#define WHITESPACE " \t\r"

static int unknown_key(const struct config_key *keys, const char *name, struct error *err)
{
    AUTO(text_clear) struct text known = {0};

    for (; keys->name != NULL; keys++)
        text_add_format(&known, "%s%s", known.length == 0 ? "" : ", ", keys->name);
    return error_set(err, EINVAL, "there is no setting \"%.40s\"; known are: %s", name,
                     text_string(&known));
}

static char *trimmed(const char *text, size_t length)
{
    while (length > 0 && strchr(WHITESPACE, text[0]) != NULL) {
        text++;
        length--;
    }
    while (length > 0 && strchr(WHITESPACE, text[length - 1]) != NULL)
        length--;
    return must_copy_text(text, length);
}

struct reading {
    const struct config_key *keys;
    bool seen[KEYS_MAX];
    void *target;
};

static int parse_line(struct reading *reading, const char *line, size_t length, struct error *err)
{
    AUTO_FREE char *whole = trimmed(line, length);
    const char *equals = strchr(whole, '=');
    AUTO_FREE char *name = NULL, *value = NULL;
    size_t index = 0;
    int r;

    if (whole[0] == '\0' || whole[0] == '#')
        return 0;
    if (equals == NULL)
        return error_set(err, EINVAL, "expected \"setting = value\"");
    name = trimmed(whole, (size_t)(equals - whole));
    value = trimmed(equals + 1, strlen(equals + 1));

    while (reading->keys[index].name != NULL && strcmp(reading->keys[index].name, name) != 0)
        index++;
    if (reading->keys[index].name == NULL)
        return unknown_key(reading->keys, name, err);
    if (index < KEYS_MAX && reading->seen[index])
        return error_set(err, EINVAL, "%s is set twice", name);
    if (index < KEYS_MAX)
        reading->seen[index] = true;
    r = reading->keys[index].set(reading->target, value, err);
    return r < 0 ? error_wrap(err, r, name) : 0;
}

int config_parse(const char *text, const struct config_key *keys, void *target, struct error *err)
{
    struct reading reading = {.keys = keys, .target = target};
    size_t number = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        int r = parse_line(&reading, text, length, err);

        number++;
        if (r < 0) {
            AUTO(text_clear) struct text where = {0};

            text_add_format(&where, "line %zu", number);
            return error_wrap(err, r, text_string(&where));
        }
        text += length;
        text += *text == '\n';
    }
    return 0;
}
