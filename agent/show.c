#include "agent/show.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/screen.h"
#include "baseline/verdict.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/json.h"
#include "platform/text.h"
#include "snapshot/snapshot.h"

#define NAME_COLUMNS 30

static void add_value(const struct screen *screen, const struct json *value, struct text *out);

static void add_list(const struct screen *screen, const struct json *list, struct text *out)
{
    if (json_first(list) == NULL)
        text_add_string(out, "none");
    for (const struct json *value = json_first(list); value != NULL; value = json_next(value)) {
        add_value(screen, value, out);
        if (json_next(value) != NULL)
            text_add_string(out, ", ");
    }
}

static void add_number(const struct json *value, struct text *out)
{
    int64_t number;
    double real;

    if (json_integer(value, &number))
        text_add_format(out, "%" PRId64, number);
    else if (json_number(value, &real))
        text_add_format(out, "%g", real);
}

static void add_value(const struct screen *screen, const struct json *value, struct text *out)
{
    bool yes = false;

    if (json_text(value) != NULL)
        screen_add(screen, STYLE_PLAIN, json_text(value), out);
    else if (json_bool(value, &yes))
        text_add_string(out, yes ? "yes" : "no");
    else if (json_is(value, JSON_ARRAY))
        add_list(screen, value, out);
    else if (json_is(value, JSON_NUMBER))
        add_number(value, out);
    else
        text_add_string(out, "?");
}

static void add_name(const struct screen *screen, const char *name, unsigned indent,
                     struct text *out)
{
    AUTO(text_clear) struct text words = {0};

    for (const char *byte = name; *byte != '\0'; byte++)
        text_add(&words, *byte == '_' ? " " : byte, 1);
    text_add_format(out, "%*s", (int)indent, "");
    screen_add(screen, STYLE_PLAIN, text_string(&words), out);
    text_add_format(out, "%*s ",
                    (int)(strlen(name) < NAME_COLUMNS ? NAME_COLUMNS - strlen(name) : 0), "");
}

static void add_unknown(const struct screen *screen, const struct json *unknown, const char *path,
                        struct text *out)
{
    const char *name = json_text(json_member(unknown, path));
    AUTO(text_clear) struct text words = {0};
    enum unknown_reason reason;

    if (name != NULL && unknown_reason_from_name(name, &reason) &&
        reason == UNKNOWN_NOT_APPLICABLE) {
        screen_add(screen, STYLE_DIM, "does not apply", out);
        return;
    }
    if (name != NULL && unknown_reason_from_name(name, &reason))
        text_add_format(&words, "not known: %s (%s)", unknown_reason_text(reason), name);
    else
        text_add_string(&words, "not known");
    screen_add(screen, STYLE_UNKNOWN, text_string(&words), out);
}

static void add_facts(const struct screen *screen, const struct json *facts,
                      const struct json *unknown, const char *path, unsigned indent,
                      struct text *out);

/* A list of objects, each with a number in front. */
static void add_items(const struct screen *screen, const struct json *items,
                      const struct json *unknown, const char *path, unsigned indent,
                      struct text *out)
{
    size_t index = 0;

    text_add_format(out, "%zu\n", json_count(items));
    for (const struct json *item = json_first(items); item != NULL; item = json_next(item)) {
        AUTO(text_clear) struct text inside = {0};

        text_add_format(&inside, "%s[%zu].", path, index);
        text_add_format(out, "%*s%zu:\n", (int)indent + 2, "", ++index);
        add_facts(screen, item, unknown, text_string(&inside), indent + 4, out);
    }
}

/* path is where the object stands in its section, as the reasons name it. */
static void add_facts(const struct screen *screen, const struct json *facts,
                      const struct json *unknown, const char *path, unsigned indent,
                      struct text *out)
{
    for (const struct json *fact = json_first(facts); fact != NULL; fact = json_next(fact)) {
        AUTO(text_clear) struct text full = {0};

        text_add_format(&full, "%s%s", path, json_name(fact));
        add_name(screen, json_name(fact), indent, out);
        if (json_is(json_first(fact), JSON_OBJECT)) {
            add_items(screen, fact, unknown, text_string(&full), indent, out);
            continue;
        }
        if (json_is(fact, JSON_NULL))
            add_unknown(screen, unknown, text_string(&full), out);
        else
            add_value(screen, fact, out);
        text_add_string(out, "\n");
    }
}

static int add_section(const struct screen *screen, const struct snapshot_section *section,
                       struct text *out, struct error *err)
{
    AUTO(auto_json_free) struct json *facts = NULL, *unknown = NULL;
    int r = json_parse(section->facts, section->facts_length, &json_default_limits, &facts, err);

    if (r == 0)
        r = json_parse(section->unknown, section->unknown_length, &json_default_limits, &unknown,
                       err);
    if (r < 0)
        return r;
    text_add_string(out, "\n");
    screen_add(screen, STYLE_BOLD, section->name, out);
    text_add_string(out, "\n");
    add_facts(screen, facts, unknown, "", 2, out);
    return 0;
}

static void add_head(const struct screen *screen, const struct snapshot *snapshot, struct text *out)
{
    static const char *const clocks[] = {"set by the network", "not set by the network",
                                         "not known whether it is right"};
    const struct snapshot_head *head = &snapshot->head;
    char time[CLOCK_TEXT_SIZE];

    clock_to_text(head->wall_time, time);
    screen_add(screen, STYLE_BOLD, "Snapshot", out);
    text_add_format(out, " %" PRIu64 " of machine %s\n", head->seq, head->machine);
    text_add_format(out, "  made                           %s (clock: %s)\n", time,
                    clocks[head->clock]);
    text_add_format(out, "  by                             dijkwacht %s\n", head->agent);
    text_add_format(out, "  refused so far                 %" PRIu64 "\n", head->refused);
    text_add_format(out, "  holds                          %s\n",
                    head->has_base ? "what changed since the server last confirmed"
                                   : "everything that was looked at");
    if (snapshot->section_count == 0 && snapshot->removed_count == 0)
        text_add_string(out, "\nNothing changed.\n");
    for (size_t i = 0; i < snapshot->removed_count; i++)
        text_add_format(out, "\n%s: no longer looked at\n", snapshot->removed[i]);
}

int show_payload(const char *payload, size_t length, const struct screen *screen, struct text *out,
                 struct error *err)
{
    AUTO(snapshot_clear) struct snapshot snapshot = {0};
    int r = snapshot_read_payload(payload, length, &snapshot, err);

    if (r < 0)
        return r;
    add_head(screen, &snapshot, out);
    for (size_t i = 0; r == 0 && i < snapshot.section_count; i++)
        r = add_section(screen, &snapshot.sections[i], out, err);
    return r;
}
