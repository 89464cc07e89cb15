#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "platform/memory.h"
#include "snapshot/closed_object.h"
#include "snapshot/section.h"
#include "snapshot/snapshot.h"

#define REASON_SIZE 32U

static bool is_hex_id(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!((text[i] >= '0' && text[i] <= '9') || (text[i] >= 'a' && text[i] <= 'f')))
            return false;
    return length == EPOCH_SIZE - 1;
}

static bool is_alphanumeric(char byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z');
}

static bool consists_of(const char *text, size_t length, const char *others)
{
    for (size_t i = 0; i < length; i++)
        if (!is_alphanumeric(text[i]) && (text[i] == '\0' || strchr(others, text[i]) == NULL))
            return false;
    return length > 0;
}

static bool is_agent_version(const char *text, size_t length)
{
    return consists_of(text, length, ".+~-");
}

bool nonce_valid(const char *nonce, size_t length)
{
    return length < NONCE_SIZE && consists_of(nonce, length, "-_");
}

static void read_head(struct closed_object *payload, struct snapshot_head *head)
{
    closed_text(payload, "machine", machine_id_valid, head->machine, sizeof(head->machine));
    closed_text(payload, "agent", is_agent_version, head->agent, sizeof(head->agent));
    closed_text(payload, "epoch", is_hex_id, head->epoch, sizeof(head->epoch));
    head->seq = closed_number(payload, "seq", 1, CLOSED_NUMBER_MAX);
    head->has_prev = closed_digest_or_null(payload, "prev", &head->prev);
    if (head->has_prev != (head->seq > 1))
        closed_refuse(payload, "prev");
    closed_text_or_null(payload, "nonce", nonce_valid, head->nonce, sizeof(head->nonce));
    closed_text_or_null(payload, "boot", is_hex_id, head->boot, sizeof(head->boot));
    head->wall_time = closed_time(payload, "wall_time");
    head->boot_time_seconds = (int64_t)closed_number(payload, "boot_time_s", 0, CLOSED_NUMBER_MAX);
    head->clock = (enum clock_state)closed_choice(payload, "clock", clock_state_names);
    head->refused = closed_number(payload, "refused", 0, CLOSED_NUMBER_MAX);
    head->has_base = closed_digest_or_null(payload, "base", &head->base);
    closed_digest(payload, "state", &head->state);
}

/* Each fact's reason is one of the closed list. */
static void check_reasons(struct closed_object *section, struct json_bytes unknown)
{
    struct json_bytes name, value, text;
    size_t position = 0;

    while (section->result == 0 && json_each_member(unknown, &position, &name, &value)) {
        char reason[REASON_SIZE] = "";
        enum unknown_reason known;

        if (plain_text(value, &text) && text.length < sizeof(reason))
            memcpy(reason, text.start, text.length);
        if (!unknown_reason_from_name(reason, &known))
            closed_refuse(section, "unknown");
    }
}

static int read_section(struct json_bytes value, struct snapshot_section *section,
                        struct error *err)
{
    struct closed_object members = closed_begin(value, section->name, err);
    struct json_bytes facts, unknown;

    section->schema = (unsigned)closed_number(&members, "schema", 1, INT_MAX);
    section->collected_at = closed_time(&members, "collected_at");
    section->duration_us = (int64_t)closed_number(&members, "duration_us", 0, CLOSED_NUMBER_MAX);
    section->cpu_us = (int64_t)closed_number(&members, "cpu_us", 0, CLOSED_NUMBER_MAX);
    facts = closed_inner(&members, "facts");
    unknown = closed_inner(&members, "unknown");
    check_reasons(&members, unknown);
    if (closed_end(&members) < 0)
        return error_wrap(err, members.result, "snapshot");

    section->facts = facts.start;
    section->facts_length = facts.length;
    section->unknown = unknown.start;
    section->unknown_length = unknown.length;
    section_digest_of(facts.start, facts.length, unknown.start, unknown.length, &section->digest);
    return 0;
}

static int read_sections(struct json_bytes sections, struct snapshot *snapshot, struct error *err)
{
    struct json_bytes name, value;
    size_t position = 0;

    snapshot->sections = must_allocate(STATE_SECTIONS_MAX, sizeof(*snapshot->sections));
    while (json_each_member(sections, &position, &name, &value)) {
        struct snapshot_section *section = &snapshot->sections[snapshot->section_count];
        int r;

        if (snapshot->section_count >= STATE_SECTIONS_MAX)
            return error_set(err, EBADMSG, "snapshot: more than %u sections", STATE_SECTIONS_MAX);
        if (!section_name_valid(name.start, name.length))
            return error_set(err, EBADMSG, "snapshot: a section has no valid name");
        memcpy(section->name, name.start, name.length);
        snapshot->section_count++;
        r = read_section(value, section, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static bool has_section(const struct snapshot *snapshot, const char *name)
{
    for (size_t i = 0; i < snapshot->section_count; i++)
        if (strcmp(snapshot->sections[i].name, name) == 0)
            return true;
    return false;
}

static bool add_removed(struct snapshot *snapshot, const char *name, size_t length)
{
    char(*removed)[SECTION_NAME_SIZE] = snapshot->removed;
    size_t count = snapshot->removed_count;

    if (count >= STATE_SECTIONS_MAX || !section_name_valid(name, length))
        return false;
    memcpy(removed[count], name, length);
    snapshot->removed_count++;
    return (count == 0 || strcmp(removed[count - 1], removed[count]) < 0) &&
           !has_section(snapshot, removed[count]);
}

/* ["a","b"] without white space, in order, each once, none of them among the sections. */
static bool read_removed(struct json_bytes value, struct snapshot *snapshot)
{
    const char *at = value.start + 1, *end;

    snapshot->removed = must_allocate(STATE_SECTIONS_MAX, sizeof(*snapshot->removed));
    if (value.length < 2 || value.start[0] != '[')
        return false;
    end = value.start + value.length - 1;
    while (at < end) {
        const char *quote = *at == '"' ? memchr(at + 1, '"', (size_t)(end - at - 1)) : NULL;

        if (quote == NULL || !add_removed(snapshot, at + 1, (size_t)(quote - at - 1)))
            return false;
        at = quote + 1;
        if (at < end && *at++ != ',')
            return false;
    }
    return true;
}

static int read_version(struct closed_object *payload)
{
    uint64_t version = closed_number(payload, "v", 0, CLOSED_NUMBER_MAX);

    if (payload->result == 0 && version != SNAPSHOT_VERSION)
        payload->result = error_set(payload->err, EPROTONOSUPPORT,
                                    "snapshot: version %llu, and only version %d is known here",
                                    (unsigned long long)version, SNAPSHOT_VERSION);
    return payload->result;
}

static int read_members(struct snapshot *snapshot, struct error *err)
{
    struct closed_object payload = closed_begin(
        (struct json_bytes){snapshot->payload, snapshot->payload_length}, "snapshot", err);
    struct json_bytes value;
    int r = read_version(&payload);

    if (r < 0)
        return r;
    read_head(&payload, &snapshot->head);
    value = closed_inner(&payload, "sections");
    r = payload.result == 0 ? read_sections(value, snapshot, err) : payload.result;
    if (r < 0)
        return r;
    value = closed_value(&payload, "removed");
    if (payload.result == 0 && (!read_removed(value, snapshot) ||
                                (!snapshot->head.has_base && snapshot->removed_count > 0)))
        closed_refuse(&payload, "removed");
    return closed_end(&payload);
}

int snapshot_read_payload(const char *payload, size_t length, struct snapshot *ret_snapshot,
                          struct error *err)
{
    struct snapshot snapshot = {0};
    int r = json_check(payload, length, &json_default_limits, err);

    if (r < 0)
        return error_wrap(err, r, "snapshot");
    snapshot.payload = must_copy_text(payload, length);
    snapshot.payload_length = length;
    r = read_members(&snapshot, err);
    if (r < 0) {
        snapshot_clear(&snapshot);
        return r;
    }
    *ret_snapshot = snapshot;
    return 0;
}

void snapshot_clear(struct snapshot *snapshot)
{
    free(snapshot->sections);
    free(snapshot->removed);
    free(snapshot->payload);
    *snapshot = (struct snapshot){0};
}
