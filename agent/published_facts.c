#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/inspection.h"
#include "agent/judgement.h"
#include "agent/published.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/json.h"
#include "platform/json_writer.h"
#include "platform/text.h"
#include "snapshot/section.h"

#define FACTS_FILE "facts.json"

static void write_sections(struct json_writer *writer, const struct inspection *inspection)
{
    json_write_name(writer, "sections");
    json_begin_object(writer);
    for (size_t i = 0; i < inspection->count; i++) {
        AUTO(text_clear) struct text bytes = {0};
        const struct section *section = inspection->entries[i].section;

        json_write_name(writer, section_name(section));
        json_begin_object(writer);
        json_write_name(writer, "facts");
        section_write_facts(section, &bytes);
        json_write_raw(writer, bytes.bytes, bytes.length);
        text_truncate(&bytes, 0);
        json_write_name(writer, "unknown");
        section_write_unknown(section, &bytes);
        json_write_raw(writer, bytes.bytes, bytes.length);
        json_end_object(writer);
    }
    json_end_object(writer);
}

static int64_t since(const struct json *before, const char *check, const char *state, int64_t now)
{
    const struct json *entry = json_member(json_member(before, "checks"), check);
    const char *then = json_text(json_member(entry, "state"));
    int64_t time;

    if (then == NULL || strcmp(then, state) != 0 ||
        !json_integer(json_member(entry, "since"), &time) || time > now)
        return now;
    return time;
}

static void write_checks(struct json_writer *writer, const struct judgement *judgement,
                         const struct json *before, int64_t now)
{
    json_write_name(writer, "checks");
    json_begin_object(writer);
    for (size_t i = 0; i < judgement->count; i++) {
        const char *id = check_id(judgement->judged[i].check);
        const char *state = verdict_state_name(judgement->judged[i].verdict.state);

        json_write_name(writer, id);
        json_begin_object(writer);
        json_add_text(writer, "state", state);
        json_add_integer(writer, "since", since(before, id, state, now));
        json_end_object(writer);
    }
    json_end_object(writer);
}

/* Judges the sections as they were just written, and completes the document. */
static int write_document(const struct inspection *inspection, const struct json *before,
                          int64_t now, struct json_writer *writer, struct error *err)
{
    AUTO(auto_json_free) struct json *sections = NULL;
    AUTO(judgement_clear) struct judgement judgement = {0};
    struct text *out = &writer->out;
    int r;

    json_begin_object(writer);
    json_add_integer(writer, "seen_at", now);
    write_sections(writer, inspection);
    text_add_string(out, "}");
    r = json_parse(out->bytes, out->length, &json_default_limits, &sections, err);
    if (r < 0)
        return error_wrap(err, r, "facts");
    text_truncate(out, out->length - 1);
    judgement_make(sections, now, &judgement);
    write_checks(writer, &judgement, before, now);
    json_end_object(writer);
    return 0;
}

int published_write_facts(const struct layout *layout, const struct inspection *inspection,
                          int64_t now, struct error *err)
{
    AUTO_CLOSE int folder = layout_open(layout, FOLDER_PUBLIC, err);
    AUTO(auto_json_free) struct json *before = NULL;
    struct json_writer writer = {0};
    int r;

    if (folder < 0)
        return folder;
    (void)published_read_facts(layout, &before, NULL);
    r = write_document(inspection, before, now, &writer, err);
    if (r == 0)
        r = file_write(folder, FACTS_FILE, 0644, writer.out.bytes, writer.out.length, err);
    text_clear(&writer.out);
    return r;
}

int published_read_facts(const struct layout *layout, struct json **ret_document, struct error *err)
{
    AUTO_CLOSE int folder = layout_open(layout, FOLDER_PUBLIC, err);
    AUTO(text_clear) struct text text = {0};
    int r = folder;

    if (r >= 0)
        r = file_read(folder, FACTS_FILE, SNAPSHOT_MAX_DECODED, &text, err);
    if (r >= 0)
        r = json_parse(text_string(&text), text.length, &json_default_limits, ret_document, err);
    return r;
}
