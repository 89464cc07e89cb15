#include "snapshot/section.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/digest.h"
#include "platform/json_writer.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define TEXT_MAX_LENGTH 256U
#define NOTES_MAX       16U

enum value_state { VALUE_UNSET, VALUE_KNOWN, VALUE_UNKNOWN };

struct value {
    enum value_state state;
    enum unknown_reason reason;
    int64_t number; /* bool, integer, time */
    char *text;     /* text and enum */
    struct text_list texts;
    struct facts **items;
    size_t item_count;
};

struct facts {
    struct section *section;
    const struct fact *table;
    struct value *values;
    size_t count;
};

struct section {
    const char *name;
    unsigned schema;
    struct facts *facts;
    struct facts *dropped; /* where items beyond the limit go, made when first needed */
    struct text_list notes;
};

static const char *const reason_names[UNKNOWN_REASON_COUNT] = {
    [UNKNOWN_NOT_APPLICABLE] = "not_applicable",
    [UNKNOWN_NOT_PERMITTED] = "not_permitted",
    [UNKNOWN_NOT_PRESENT] = "not_present",
    [UNKNOWN_UNSUPPORTED] = "unsupported",
    [UNKNOWN_PARSE_ERROR] = "parse_error",
    [UNKNOWN_TIMEOUT] = "timeout",
    [UNKNOWN_LIMIT_EXCEEDED] = "limit_exceeded",
    [UNKNOWN_STALE] = "stale",
    [UNKNOWN_IN_PROGRESS] = "in_progress",
    [UNKNOWN_CONFLICTING] = "conflicting",
    [UNKNOWN_NOT_RUNNING] = "not_running",
    [UNKNOWN_SANDBOXED] = "sandboxed",
    [UNKNOWN_DISABLED_BY_POLICY] = "disabled_by_policy",
};

const char *unknown_reason_name(enum unknown_reason reason)
{
    return reason_names[reason];
}

bool unknown_reason_from_name(const char *name, enum unknown_reason *ret_reason)
{
    for (int i = 0; i < UNKNOWN_REASON_COUNT; i++) {
        if (strcmp(reason_names[i], name) != 0)
            continue;
        *ret_reason = (enum unknown_reason)i;
        return true;
    }
    return false;
}

enum unknown_reason unknown_reason_from_code(int negative_errno)
{
    switch (negative_errno) {
    case -EACCES:
    case -EPERM:
        return UNKNOWN_NOT_PERMITTED;
    case -ENOENT:
    case -ENOTDIR:
        return UNKNOWN_NOT_PRESENT;
    case -EFBIG:
        return UNKNOWN_LIMIT_EXCEEDED;
    case -ETIMEDOUT:
        return UNKNOWN_TIMEOUT;
    case -EAGAIN:
        return UNKNOWN_IN_PROGRESS;
    case -ENOSYS:
        return UNKNOWN_UNSUPPORTED;
    default:
        return UNKNOWN_PARSE_ERROR;
    }
}

static struct facts *facts_new(struct section *section, const struct fact *table)
{
    struct facts *facts = must_allocate(1, sizeof(*facts));

    facts->section = section;
    facts->table = table;
    while (table[facts->count].name != NULL)
        facts->count++;
    facts->values = must_allocate(facts->count + 1, sizeof(*facts->values));
    return facts;
}

static void facts_free(struct facts *facts);

static void value_clear(struct value *value) /* NOLINT(misc-no-recursion): two levels at most */
{
    free(value->text);
    text_list_clear(&value->texts);
    for (size_t i = 0; i < value->item_count; i++)
        facts_free(value->items[i]);
    free(value->items);
    memset(value, 0, sizeof(*value));
}

static void facts_free(struct facts *facts) /* NOLINT(misc-no-recursion): two levels at most */
{
    if (facts == NULL)
        return;
    for (size_t i = 0; i < facts->count; i++)
        value_clear(&facts->values[i]);
    free(facts->values);
    free(facts);
}

struct section *section_new(const char *name, unsigned schema, const struct fact *table)
{
    struct section *section = must_allocate(1, sizeof(*section));

    section->name = name;
    section->schema = schema;
    section->facts = facts_new(section, table);
    return section;
}

void section_free(struct section *section)
{
    if (section == NULL)
        return;
    facts_free(section->facts);
    facts_free(section->dropped);
    text_list_clear(&section->notes);
    free(section);
}

void auto_section_free(struct section **section)
{
    section_free(*section);
}

const char *section_name(const struct section *section)
{
    return section->name;
}

unsigned section_schema(const struct section *section)
{
    return section->schema;
}

struct facts *section_facts(struct section *section)
{
    return section->facts;
}

/* The table is the only way in: a name or type that is not there cannot leave the machine. */
static struct value *find(struct facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->table[i].name, name) == 0)
            return &facts->values[i];
    abort();
}

static struct value *find_typed(struct facts *facts, const char *name, enum fact_type type)
{
    struct value *value = find(facts, name);

    if (facts->table[value - facts->values].type != type)
        abort();
    return value;
}

static struct value *set(struct facts *facts, const char *name, enum fact_type type)
{
    struct value *value = find_typed(facts, name, type);

    value_clear(value);
    value->state = VALUE_KNOWN;
    return value;
}

void facts_set_bool(struct facts *facts, const char *name, bool value)
{
    set(facts, name, FACT_BOOL)->number = value;
}

void facts_set_integer(struct facts *facts, const char *name, int64_t value)
{
    set(facts, name, FACT_INTEGER)->number = value;
}

void facts_set_text(struct facts *facts, const char *name, const char *value)
{
    set(facts, name, FACT_TEXT)->text = must_copy_text(value, TEXT_MAX_LENGTH);
}

void facts_set_enum(struct facts *facts, const char *name, const char *choice)
{
    struct value *value = find_typed(facts, name, FACT_ENUM);
    const char *const *choices = facts->table[value - facts->values].choices;

    while (*choices != NULL && strcmp(*choices, choice) != 0)
        choices++;
    if (*choices == NULL)
        abort();
    set(facts, name, FACT_ENUM)->text = must_copy_text(choice, TEXT_MAX_LENGTH);
}

void facts_set_time(struct facts *facts, const char *name, int64_t seconds)
{
    set(facts, name, FACT_TIME)->number = seconds;
}

void facts_set_unknown(struct facts *facts, const char *name, enum unknown_reason reason)
{
    struct value *value = find(facts, name);

    value_clear(value);
    value->state = VALUE_UNKNOWN;
    value->reason = reason;
}

static struct value *open_list(struct facts *facts, const char *name, enum fact_type type)
{
    struct value *value = find_typed(facts, name, type);

    if (value->state != VALUE_KNOWN)
        value = set(facts, name, type);
    return value;
}

void facts_set_empty(struct facts *facts, const char *name)
{
    const struct value *value = find(facts, name);

    (void)set(facts, name, facts->table[value - facts->values].type);
}

void facts_add_text(struct facts *facts, const char *name, const char *value)
{
    struct value *list = open_list(facts, name, FACT_TEXTS);

    if (list->texts.count < FACT_LIST_MAX)
        text_list_add(&list->texts, value,
                      strlen(value) < TEXT_MAX_LENGTH ? strlen(value) : TEXT_MAX_LENGTH);
}

struct facts *facts_add_item(struct facts *facts, const char *name)
{
    struct value *list = open_list(facts, name, FACT_ITEMS);
    const struct fact *table = facts->table[list - facts->values].items;
    struct facts *item = facts_new(facts->section, table);

    if (list->item_count >= FACT_LIST_MAX) {
        facts_free(facts->section->dropped);
        facts->section->dropped = item;
        return item;
    }
    list->items = must_grow(list->items, list->item_count + 1, sizeof(struct facts *));
    list->items[list->item_count++] = item;
    return item;
}

void facts_set_rest_unknown(struct facts *facts, enum unknown_reason reason)
{
    for (size_t i = 0; i < facts->count; i++) {
        if (facts->values[i].state != VALUE_UNSET)
            continue;
        facts->values[i].state = VALUE_UNKNOWN;
        facts->values[i].reason = reason;
    }
}

void facts_note(struct facts *facts, const char *message)
{
    if (facts->section->notes.count < NOTES_MAX)
        text_list_add(&facts->section->notes, message, strlen(message));
}

size_t section_note_count(const struct section *section)
{
    return section->notes.count;
}

const char *section_note(const struct section *section, size_t index)
{
    return section->notes.items[index];
}

static enum unknown_reason reason_of(const struct value *value)
{
    return value->state == VALUE_UNSET ? UNKNOWN_UNSUPPORTED : value->reason;
}

static bool complete(const struct facts *facts) /* NOLINT(misc-no-recursion): two levels */
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct value *value = &facts->values[i];

        if (value->state != VALUE_KNOWN && reason_of(value) != UNKNOWN_NOT_APPLICABLE)
            return false;
        for (size_t item = 0; item < value->item_count; item++)
            if (!complete(value->items[item]))
                return false;
    }
    return true;
}

bool section_complete(const struct section *section)
{
    return complete(section->facts);
}

static void write_facts(struct json_writer *writer, const struct facts *facts);

static void write_known(struct json_writer *writer, const struct fact *fact,
                        const struct value *value) /* NOLINT(misc-no-recursion): two levels */
{
    char time[CLOCK_TEXT_SIZE];

    switch (fact->type) {
    case FACT_BOOL:
        json_write_bool(writer, value->number != 0);
        break;
    case FACT_INTEGER:
        json_write_integer(writer, value->number);
        break;
    case FACT_TEXT:
    case FACT_ENUM:
        json_write_text(writer, value->text);
        break;
    case FACT_TIME:
        clock_to_text(value->number, time);
        json_write_text(writer, time);
        break;
    case FACT_TEXTS:
        json_begin_array(writer);
        for (size_t i = 0; i < value->texts.count; i++)
            json_write_text(writer, value->texts.items[i]);
        json_end_array(writer);
        break;
    case FACT_ITEMS:
        json_begin_array(writer);
        for (size_t i = 0; i < value->item_count; i++)
            write_facts(writer, value->items[i]);
        json_end_array(writer);
        break;
    }
}

static void write_facts(struct json_writer *writer,
                        const struct facts *facts) /* NOLINT(misc-no-recursion): two levels */
{
    json_begin_object(writer);
    for (size_t i = 0; i < facts->count; i++) {
        json_write_name(writer, facts->table[i].name);
        if (facts->values[i].state == VALUE_KNOWN)
            write_known(writer, &facts->table[i], &facts->values[i]);
        else
            json_write_null(writer);
    }
    json_end_object(writer);
}

void section_write_facts(const struct section *section, struct text *out)
{
    AUTO(text_clear) struct text bytes = {0};
    struct json_writer writer = {0};

    write_facts(&writer, section->facts);
    bytes = writer.out;
    text_add(out, bytes.bytes, bytes.length);
}

static void write_reasons(struct json_writer *writer, const struct facts *facts,
                          const char *prefix) /* NOLINT(misc-no-recursion): two levels */
{
    for (size_t i = 0; i < facts->count; i++) {
        const struct value *value = &facts->values[i];
        AUTO(text_clear) struct text path = {0};

        text_add_format(&path, "%s%s", prefix, facts->table[i].name);
        if (value->state != VALUE_KNOWN)
            json_add_text(writer, text_string(&path), reason_names[reason_of(value)]);
        for (size_t item = 0; item < value->item_count; item++) {
            AUTO(text_clear) struct text inner = {0};

            text_add_format(&inner, "%s[%zu].", text_string(&path), item);
            write_reasons(writer, value->items[item], text_string(&inner));
        }
    }
}

void section_write_unknown(const struct section *section, struct text *out)
{
    AUTO(text_clear) struct text bytes = {0};
    struct json_writer writer = {0};

    json_begin_object(&writer);
    write_reasons(&writer, section->facts, "");
    json_end_object(&writer);
    bytes = writer.out;
    text_add(out, bytes.bytes, bytes.length);
}

void section_digest_of(const char *facts, size_t facts_length, const char *unknown,
                       size_t unknown_length, struct digest *ret_digest)
{
    AUTO(text_clear) struct text bytes = {0};

    text_add(&bytes, facts, facts_length);
    text_add(&bytes, "\n", 1);
    text_add(&bytes, unknown, unknown_length);
    digest_of(bytes.bytes, bytes.length, ret_digest);
}
