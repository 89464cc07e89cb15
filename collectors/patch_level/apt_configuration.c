#include "collectors/patch_level/apt_configuration.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/text.h"

#define DEPTH_MAX      16U
#define SETTINGS_MAX   16384U
#define KEY_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_:/.+"
#define BLANK          " \t\r\n"

struct parser {
    const char *at;
    struct apt_configuration *configuration;
    struct text key;               /* of the section that is open */
    size_t lengths[DEPTH_MAX + 1]; /* of the key at each depth */
    size_t depth;
    struct error *err;
};

static int refuse(const struct parser *parser, const char *why)
{
    return error_set(parser->err, EBADMSG, "%s at \"%.20s\"", why, parser->at);
}

static int add_setting(struct parser *parser, const char *key, const char *value)
{
    struct apt_configuration *configuration = parser->configuration;

    if (configuration->count == SETTINGS_MAX)
        return error_set(parser->err, EFBIG, "there are more than %u settings", SETTINGS_MAX);
    configuration->items =
        must_grow(configuration->items, configuration->count + 1, sizeof(*configuration->items));
    configuration->items[configuration->count++] = (struct apt_setting){
        .key = must_copy_text(key, strlen(key)), .value = must_copy_text(value, strlen(value))};
    return 0;
}

static bool is_below(const char *key, const char *section)
{
    size_t length = strlen(section);

    return strncasecmp(key, section, length) == 0 &&
           (key[length] == '\0' || strncmp(key + length, "::", 2) == 0);
}

/* "#clear key;" takes away what is at and below the key. */
static void clear_below(struct apt_configuration *configuration, const char *section)
{
    size_t kept = 0;

    for (size_t i = 0; i < configuration->count; i++) {
        struct apt_setting *setting = &configuration->items[i];

        if (is_below(setting->key, section)) {
            free(setting->key);
            free(setting->value);
        } else {
            configuration->items[kept++] = *setting;
        }
    }
    configuration->count = kept;
}

static char *take_key(struct parser *parser)
{
    size_t length = strspn(parser->at, KEY_CHARACTERS);
    char *key = must_copy_text(parser->at, length);

    parser->at += length;
    return key;
}

static int clear(struct parser *parser)
{
    AUTO_FREE char *key = NULL;

    parser->at += strspn(parser->at, BLANK);
    key = take_key(parser);
    parser->at += strspn(parser->at, BLANK);
    if (key[0] == '\0' || *parser->at != ';')
        return refuse(parser, "#clear without a setting");
    parser->at++;
    clear_below(parser->configuration, key);
    return 0;
}

/* Skips blanks and comments, and does what the two directives say. */
static int skip(struct parser *parser)
{
    for (;;) {
        int r = 0;

        parser->at += strspn(parser->at, BLANK);
        if (strncmp(parser->at, "/*", 2) == 0) {
            const char *end = strstr(parser->at + 2, "*/");

            if (end == NULL)
                return refuse(parser, "a comment without an end");
            parser->at = end + 2;
        } else if (strncasecmp(parser->at, "#clear", 6) == 0) {
            parser->at += 6;
            r = clear(parser);
        } else if (strncasecmp(parser->at, "#include", 8) == 0) {
            return error_set(parser->err, EOPNOTSUPP, "#include is not supported");
        } else if (strncmp(parser->at, "//", 2) == 0 || parser->at[0] == '#') {
            parser->at += strcspn(parser->at, "\n");
        } else {
            return 0;
        }
        if (r < 0)
            return r;
    }
}

/* A value in quotes, which has no escapes, or one word. */
static char *take_value(struct parser *parser)
{
    const char *start = parser->at;
    size_t length;

    if (*start == '"') {
        length = strcspn(start + 1, "\"");
        if (start[1 + length] != '"')
            return NULL;
        parser->at = start + length + 2;
        return must_copy_text(start + 1, length);
    }
    length = strcspn(start, BLANK ";{}\"");
    parser->at = start + length;
    return must_copy_text(start, length);
}

static char *full_key(const struct parser *parser, const char *key)
{
    struct text full = {0};

    text_add_string(&full, text_string(&parser->key));
    if (full.length > 0 && key[0] != '\0')
        text_add_string(&full, "::");
    text_add_string(&full, key);
    return text_take(&full);
}

static int open_section(struct parser *parser, const char *key)
{
    if (parser->depth == DEPTH_MAX)
        return error_set(parser->err, EFBIG, "sections are nested too deeply");
    parser->at++;
    parser->lengths[parser->depth++] = parser->key.length;
    text_truncate(&parser->key, 0);
    text_add_string(&parser->key, key);
    return 0;
}

static int close_section(struct parser *parser)
{
    if (parser->depth == 0)
        return refuse(parser, "a section that was not opened");
    text_truncate(&parser->key, parser->lengths[--parser->depth]);
    parser->at++;
    parser->at += strspn(parser->at, BLANK);
    if (*parser->at == ';')
        parser->at++;
    return 0;
}

/* One entry of a list: a value alone. */
static int parse_entry(struct parser *parser)
{
    AUTO(text_clear) struct text key = {0};
    AUTO_FREE char *value = take_value(parser);
    int r;

    if (value == NULL)
        return refuse(parser, "a text without an end");
    if (parser->depth == 0)
        return refuse(parser, "a value without a setting");
    text_add_format(&key, "%s::", text_string(&parser->key));
    r = skip(parser);
    if (r < 0)
        return r;
    if (*parser->at == ';')
        parser->at++;
    else if (*parser->at != '}')
        return refuse(parser, "a value without its semicolon");
    return add_setting(parser, text_string(&key), value);
}

static int parse_setting(struct parser *parser)
{
    AUTO_FREE char *name = take_key(parser);
    AUTO_FREE char *key = full_key(parser, name);
    AUTO_FREE char *value = NULL;
    int r = skip(parser);

    if (r < 0)
        return r;
    if (name[0] == '\0')
        return refuse(parser, "no setting");
    if (*parser->at == '{')
        return open_section(parser, key);
    value = take_value(parser);
    if (value == NULL)
        return refuse(parser, "a text without an end");
    r = add_setting(parser, key, value);
    if (r == 0)
        r = skip(parser);
    if (r < 0)
        return r;
    /* A section may have a value of its own: Scope "value" { ... }; */
    if (*parser->at == '{')
        return open_section(parser, key);
    if (*parser->at != ';')
        return refuse(parser, "a value without its semicolon");
    parser->at++;
    return 0;
}

static int parse(struct parser *parser)
{
    for (;;) {
        int r = skip(parser);

        if (r < 0)
            return r;
        if (*parser->at == '\0')
            return parser->depth == 0 ? 0 : refuse(parser, "a section without its end");
        if (*parser->at == '}')
            r = close_section(parser);
        else if (*parser->at == ';')
            parser->at++;
        else if (*parser->at == '"')
            r = parse_entry(parser);
        else
            r = parse_setting(parser);
        if (r < 0)
            return r;
    }
}

int apt_configuration_add(struct apt_configuration *configuration, const char *text,
                          struct error *err)
{
    struct parser parser = {.at = text, .configuration = configuration, .err = err};
    int r = parse(&parser);

    text_clear(&parser.key);
    return r;
}

void apt_configuration_clear(struct apt_configuration *configuration)
{
    for (size_t i = 0; i < configuration->count; i++) {
        free(configuration->items[i].key);
        free(configuration->items[i].value);
    }
    free(configuration->items);
    *configuration = (struct apt_configuration){0};
}

const char *apt_configuration_value(const struct apt_configuration *configuration, const char *key)
{
    for (size_t i = configuration->count; i > 0; i--)
        if (strcasecmp(configuration->items[i - 1].key, key) == 0)
            return configuration->items[i - 1].value;
    return NULL;
}

bool apt_configuration_has_below(const struct apt_configuration *configuration, const char *key)
{
    for (size_t i = 0; i < configuration->count; i++)
        if (is_below(configuration->items[i].key, key) && configuration->items[i].value[0] != '\0')
            return true;
    return false;
}

/* The words of apt's StringToBool. */
bool apt_says_no(const char *value, size_t length)
{
    static const char *const no[] = {"no", "false", "without", "off", "disable", "0", NULL};

    for (size_t i = 0; no[i] != NULL; i++)
        if (strlen(no[i]) == length && strncasecmp(no[i], value, length) == 0)
            return true;
    return false;
}
