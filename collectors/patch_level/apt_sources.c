#include "collectors/patch_level/apt_sources.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "collectors/patch_level/apt_configuration.h"
#include "collectors/patch_level/stanza.h"
#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/text.h"

/* The fields of one entry while it is read; each may hold several words. */
struct entry {
    struct text_list uris;
    struct text_list suites;
    struct text_list components;
    struct text_list architectures;
    bool unchecked;
};

static void entry_clear(struct entry *entry)
{
    text_list_clear(&entry->uris);
    text_list_clear(&entry->suites);
    text_list_clear(&entry->components);
    text_list_clear(&entry->architectures);
}

static void copy_list(const struct text_list *from, struct text_list *to)
{
    for (size_t i = 0; i < from->count; i++)
        text_list_add(to, from->items[i], strlen(from->items[i]));
}

static bool ends_with_slash(const char *text)
{
    return text[0] != '\0' && text[strlen(text) - 1] == '/';
}

static char *with_slash(const char *uri)
{
    struct text text = {0};

    text_add_string(&text, uri);
    if (!ends_with_slash(uri))
        text_add(&text, "/", 1);
    return text_take(&text);
}

static int add_source(struct apt_sources *sources, const struct entry *entry, const char *uri,
                      const char *suite, struct error *err)
{
    struct apt_source *source;

    if (ends_with_slash(suite) != (entry->components.count == 0))
        return error_set(err, EBADMSG, "a source needs components, or a suite that ends with /");
    if (strchr(uri, ':') == NULL)
        return error_set(err, EBADMSG, "a source has an address without \"scheme:\"");
    if (sources->count == SOURCES_MAX)
        return error_set(err, EFBIG, "there are more than %u sources", SOURCES_MAX);
    sources->items = must_grow(sources->items, sources->count + 1, sizeof(*sources->items));
    source = &sources->items[sources->count++];
    *source =
        (struct apt_source){.uri = with_slash(uri), .suite = must_copy_text(suite, strlen(suite))};
    copy_list(&entry->components, &source->components);
    copy_list(&entry->architectures, &source->architectures);
    source->unchecked = entry->unchecked;
    return 0;
}

static int add_entry(struct apt_sources *sources, const struct entry *entry, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < entry->uris.count; i++)
        for (size_t j = 0; r == 0 && j < entry->suites.count; j++)
            r = add_source(sources, entry, entry->uris.items[i], entry->suites.items[j], err);
    return r;
}

/* "a,b" or "a b", as options and fields write their lists. */
static void add_names(struct text_list *list, struct span value)
{
    const char *end = value.start + value.length;

    for (const char *at = value.start; at < end;) {
        const char *start = at;

        while (at < end && strchr(", \t\r\n", *at) == NULL)
            at++;
        if (at > start)
            text_list_add(list, start, (size_t)(at - start));
        if (at < end)
            at++;
    }
}

/* Options by which a source may do without a good signature (sources.list(5)). */
static const char *const unchecking[] = {"Trusted", "Allow-Insecure", "Allow-Weak",
                                         "Allow-Downgrade-To-Insecure", NULL};

static bool option_is_unchecked(struct span option)
{
    for (size_t i = 0; unchecking[i] != NULL; i++) {
        size_t length = strlen(unchecking[i]);

        if (option.length > length && option.start[length] == '=' &&
            strncasecmp(option.start, unchecking[i], length) == 0)
            return !apt_says_no(option.start + length + 1, option.length - length - 1);
    }
    return false;
}

/* "[arch=amd64,i386 signed-by=...]". What adds to or takes from the list needs dpkg's own. */
static int read_options(struct span options, struct entry *entry, struct error *err)
{
    struct span option;

    while (span_next_word(&options, &option)) {
        entry->unchecked = entry->unchecked || option_is_unchecked(option);
        if (option.length > 5 && strncasecmp(option.start, "arch=", 5) == 0)
            add_names(&entry->architectures, (struct span){option.start + 5, option.length - 5});
        else if (option.length > 5 && strncasecmp(option.start, "arch", 4) == 0 &&
                 strchr("+-", option.start[4]) != NULL)
            return error_set(err, EOPNOTSUPP, "a source adds to or takes from the architectures");
    }
    return 0;
}

/* A comment starts at '#' outside of brackets. */
static struct span without_comment(struct span line)
{
    bool inside = false;

    for (size_t i = 0; i < line.length; i++) {
        if (line.start[i] == '[')
            inside = true;
        else if (line.start[i] == ']')
            inside = false;
        else if (line.start[i] == '#' && !inside)
            return (struct span){line.start, i};
    }
    return line;
}

static int take_options(struct span *line, struct entry *entry, struct error *err)
{
    size_t skip = 0;
    const char *close;
    int r;

    while (skip < line->length && strchr(" \t", line->start[skip]) != NULL)
        skip++;
    if (skip == line->length || line->start[skip] != '[')
        return 0;
    close = memchr(line->start + skip, ']', line->length - skip);
    if (close == NULL)
        return error_set(err, EBADMSG, "the options of a source have no end");
    r = read_options(
        (struct span){line->start + skip + 1, (size_t)(close - line->start) - skip - 1}, entry,
        err);
    *line = (struct span){close + 1, line->length - (size_t)(close + 1 - line->start)};
    return r;
}

static int read_line(struct apt_sources *sources, struct span line, struct error *err)
{
    AUTO(entry_clear) struct entry entry = {0};
    struct span type, uri, suite, component;
    int r;

    line = without_comment(line);
    if (!span_next_word(&line, &type) || span_is(type, "deb-src"))
        return 0;
    if (!span_is(type, "deb"))
        return error_set(err, EBADMSG, "\"%.*s\" is no type of source",
                         (int)(type.length < 40 ? type.length : 40), type.start);
    r = take_options(&line, &entry, err);
    if (r < 0)
        return r;
    if (!span_next_word(&line, &uri))
        return error_set(err, EBADMSG, "a source has no address");
    /* The name of a disc has spaces in it; no updates come from one. */
    if (uri.length > 6 && strncasecmp(uri.start, "cdrom:", 6) == 0)
        return 0;
    if (!span_next_word(&line, &suite))
        return error_set(err, EBADMSG, "a source has no suite");
    text_list_add(&entry.uris, uri.start, uri.length);
    text_list_add(&entry.suites, suite.start, suite.length);
    while (span_next_word(&line, &component))
        text_list_add(&entry.components, component.start, component.length);
    return add_entry(sources, &entry, err);
}

int apt_sources_add_lines(struct apt_sources *sources, const char *text, struct error *err)
{
    int r = 0;

    while (r == 0 && *text != '\0') {
        size_t length = strcspn(text, "\n");

        r = read_line(sources, (struct span){text, length}, err);
        text += length;
        text += *text == '\n';
    }
    return r;
}

/* Takes the comments out and the space at the ends of lines, so that a blank line is empty. */
static void clean_lines(const char *text, struct text *out)
{
    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        size_t kept = length;

        while (kept > 0 && strchr(" \t\r", text[kept - 1]) != NULL)
            kept--;
        if (text[0] != '#') {
            text_add(out, text, kept);
            text_add(out, "\n", 1);
        }
        text += length;
        text += *text == '\n';
    }
}

static void read_names(struct span stanza, const char *field, struct text_list *list)
{
    AUTO(text_clear) struct text lines = {0};

    if (stanza_field_lines(stanza, field, &lines))
        add_names(list, (struct span){lines.bytes, lines.length});
}

static bool is_enabled(struct span stanza)
{
    struct span value;

    return !stanza_field(stanza, "Enabled", &value) || !apt_says_no(value.start, value.length);
}

static bool field_is_unchecked(struct span stanza)
{
    struct span value;

    for (size_t i = 0; unchecking[i] != NULL; i++)
        if (stanza_field(stanza, unchecking[i], &value) && !apt_says_no(value.start, value.length))
            return true;
    return false;
}

static int read_stanza(struct apt_sources *sources, struct span stanza, struct error *err)
{
    AUTO(entry_clear) struct entry entry = {0};
    AUTO(text_list_clear) struct text_list types = {0};
    struct span ignored;

    read_names(stanza, "Types", &types);
    if (types.count == 0)
        return error_set(err, EBADMSG, "a source has no Types");
    if (!is_enabled(stanza) || !text_list_contains(&types, "deb", 3))
        return 0;
    read_names(stanza, "URIs", &entry.uris);
    read_names(stanza, "Suites", &entry.suites);
    read_names(stanza, "Components", &entry.components);
    read_names(stanza, "Architectures", &entry.architectures);
    entry.unchecked = field_is_unchecked(stanza);
    if (entry.uris.count == 0 || entry.suites.count == 0)
        return error_set(err, EBADMSG, "a source has no URIs or no Suites");
    if (stanza_field(stanza, "Architectures-Add", &ignored) ||
        stanza_field(stanza, "Architectures-Remove", &ignored))
        return error_set(err, EOPNOTSUPP, "a source adds to or takes from the architectures");
    return add_entry(sources, &entry, err);
}

int apt_sources_add_stanzas(struct apt_sources *sources, const char *text, struct error *err)
{
    AUTO(text_clear) struct text clean = {0};
    struct span rest, stanza;
    int r = 0;

    clean_lines(text, &clean);
    rest = (struct span){text_string(&clean), clean.length};
    while (r == 0 && stanza_take(&rest, &stanza))
        r = read_stanza(sources, stanza, err);
    return r;
}

void apt_sources_clear(struct apt_sources *sources)
{
    for (size_t i = 0; i < sources->count; i++) {
        free(sources->items[i].uri);
        free(sources->items[i].suite);
        text_list_clear(&sources->items[i].components);
        text_list_clear(&sources->items[i].architectures);
    }
    free(sources->items);
    *sources = (struct apt_sources){0};
}

/* The address without its scheme and without a user's name and password. */
static const char *public_part(const char *uri)
{
    const char *rest = strchr(uri, ':') + 1;
    const char *at;

    if (strncmp(rest, "//", 2) != 0)
        return rest;
    rest += 2;
    at = memchr(rest, '@', strcspn(rest, "/"));
    return at == NULL ? rest : at + 1;
}

/* apt's URItoFileName: '/' becomes '_', and these and all that is not printable become %xx. */
static void add_escaped(struct text *out, const char *text)
{
    static const char escaped[] = "\\|{}[]<>\"^~_=!@#$%^&*";

    for (; *text != '\0'; text++) {
        if (*text == '/')
            text_add(out, "_", 1);
        else if (*text <= ' ' || *text > '~' || strchr(escaped, *text) != NULL)
            text_add_format(out, "%%%02x", (unsigned)(unsigned char)*text);
        else
            text_add(out, text, 1);
    }
}

char *apt_source_list_prefix(const struct apt_source *source)
{
    AUTO(text_clear) struct text uri = {0};
    struct text name = {0};

    text_add_string(&uri, public_part(source->uri));
    if (!ends_with_slash(source->suite))
        text_add_format(&uri, "dists/%s/", source->suite);
    else if (strcmp(source->suite, "/") != 0)
        text_add_string(&uri, source->suite);
    add_escaped(&name, text_string(&uri));
    return text_take(&name);
}

bool apt_reads_file(const char *name, const char *extension, bool extension_optional)
{
    size_t length = strlen(name), tail = strlen(extension);

    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!plain && strchr("_-.:", c) == NULL)
            return false;
    }
    if (length == 0 || name[0] == '.')
        return false;
    if (extension_optional && strchr(name, '.') == NULL)
        return true;
    return length > tail && strcmp(name + length - tail, extension) == 0;
}
