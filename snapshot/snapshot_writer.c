#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/json_writer.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "snapshot/section.h"
#include "snapshot/snapshot.h"

struct written_section {
    char name[SECTION_NAME_SIZE];
    unsigned schema;
    int64_t collected_at;
    int64_t duration_us;
    int64_t cpu_us;
    struct text facts;
    struct text unknown;
    struct digest digest;
};

struct snapshot_writer {
    struct snapshot_head head;
    struct written_section sections[STATE_SECTIONS_MAX];
    size_t count;
};

struct snapshot_writer *snapshot_writer_new(const struct snapshot_head *head)
{
    struct snapshot_writer *writer = must_allocate(1, sizeof(*writer));

    writer->head = *head;
    return writer;
}

void snapshot_writer_free(struct snapshot_writer *writer)
{
    if (writer == NULL)
        return;
    for (size_t i = 0; i < writer->count; i++) {
        text_clear(&writer->sections[i].facts);
        text_clear(&writer->sections[i].unknown);
    }
    free(writer);
}

void auto_snapshot_writer_free(struct snapshot_writer **writer)
{
    snapshot_writer_free(*writer);
}

static bool has_section(const struct snapshot_writer *writer, const char *name)
{
    for (size_t i = 0; i < writer->count; i++)
        if (strcmp(writer->sections[i].name, name) == 0)
            return true;
    return false;
}

void snapshot_writer_add(struct snapshot_writer *writer, const struct section *section,
                         int64_t collected_at, int64_t duration_us, int64_t cpu_us)
{
    const char *name = section_name(section);
    struct written_section *written = &writer->sections[writer->count];

    /* The names and their number are the programmer's; nothing from outside decides them. */
    if (writer->count >= STATE_SECTIONS_MAX || !section_name_valid(name, strlen(name)) ||
        has_section(writer, name))
        abort();
    writer->count++;
    memcpy(written->name, name, strlen(name) + 1);
    written->schema = section_schema(section);
    written->collected_at = collected_at;
    written->duration_us = duration_us;
    written->cpu_us = cpu_us;
    section_write_facts(section, &written->facts);
    section_write_unknown(section, &written->unknown);
    section_digest_of(written->facts.bytes, written->facts.length, written->unknown.bytes,
                      written->unknown.length, &written->digest);
}

static void add_digest(struct json_writer *json, const char *name, const struct digest *digest)
{
    char hex[DIGEST_HEX_SIZE];

    digest_to_hex(digest, hex);
    json_add_text(json, name, hex);
}

static void add_digest_or_null(struct json_writer *json, const char *name, bool is_there,
                               const struct digest *digest)
{
    if (is_there)
        add_digest(json, name, digest);
    else
        json_add_null(json, name);
}

static void add_time(struct json_writer *json, const char *name, int64_t seconds)
{
    char time[CLOCK_TEXT_SIZE];

    clock_to_text(seconds, time);
    json_add_text(json, name, time);
}

static void write_head(struct json_writer *json, const struct snapshot_head *head)
{
    json_add_integer(json, "v", SNAPSHOT_VERSION);
    json_add_text(json, "machine", head->machine);
    json_add_text(json, "agent", head->agent);
    json_add_text(json, "epoch", head->epoch);
    json_add_integer(json, "seq", (int64_t)head->seq);
    add_digest_or_null(json, "prev", head->has_prev, &head->prev);
    json_add_text_or_null(json, "nonce", head->nonce[0] == '\0' ? NULL : head->nonce);
    json_add_text_or_null(json, "boot", head->boot[0] == '\0' ? NULL : head->boot);
    add_time(json, "wall_time", head->wall_time);
    json_add_integer(json, "boot_time_s", head->boot_time_seconds);
    json_add_text(json, "clock", clock_state_name(head->clock));
    json_add_integer(json, "refused", (int64_t)head->refused);
}

static void write_section(struct json_writer *json, const struct written_section *section)
{
    json_write_name(json, section->name);
    json_begin_object(json);
    json_add_integer(json, "schema", section->schema);
    add_time(json, "collected_at", section->collected_at);
    json_add_integer(json, "duration_us", section->duration_us);
    json_add_integer(json, "cpu_us", section->cpu_us);
    json_write_name(json, "facts");
    json_write_raw(json, section->facts.bytes, section->facts.length);
    json_write_name(json, "unknown");
    json_write_raw(json, section->unknown.bytes, section->unknown.length);
    json_end_object(json);
}

static bool is_known_so(const struct state *acknowledged, const struct written_section *section)
{
    const struct state_entry *entry =
        acknowledged == NULL ? NULL : state_find(acknowledged, section->name);

    return entry != NULL && memcmp(entry->digest.bytes, section->digest.bytes, DIGEST_SIZE) == 0;
}

static void write_changes(struct json_writer *json, const struct snapshot_writer *writer,
                          const struct state *acknowledged)
{
    json_write_name(json, "sections");
    json_begin_object(json);
    for (size_t i = 0; i < writer->count; i++)
        if (!is_known_so(acknowledged, &writer->sections[i]))
            write_section(json, &writer->sections[i]);
    json_end_object(json);

    json_write_name(json, "removed");
    json_begin_array(json);
    for (size_t i = 0; acknowledged != NULL && i < acknowledged->count; i++)
        if (!has_section(writer, acknowledged->entries[i].name))
            json_write_text(json, acknowledged->entries[i].name);
    json_end_array(json);
}

void snapshot_writer_payload(const struct snapshot_writer *writer, const struct state *acknowledged,
                             struct text *out, struct state *ret_state)
{
    struct json_writer json = {0};
    struct state state = {0};
    struct digest base = {0}, after;

    for (size_t i = 0; i < writer->count; i++)
        (void)state_set(&state, writer->sections[i].name, &writer->sections[i].digest);
    state_digest(&state, &after);
    if (acknowledged != NULL)
        state_digest(acknowledged, &base);

    json_begin_object(&json);
    write_head(&json, &writer->head);
    add_digest_or_null(&json, "base", acknowledged != NULL, &base);
    add_digest(&json, "state", &after);
    write_changes(&json, writer, acknowledged);
    json_end_object(&json);
    text_add(out, json.out.bytes, json.out.length);
    text_clear(&json.out);
    *ret_state = state;
}
