#include "server-api/store/machine_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "baseline/verdict.h"
#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/text.h"
#include "server-api/store/database.h"
#include "server-api/store/kept_verdict.h"
#include "server-api/store/store.h"

static void bind_key(struct statement *statement, const struct machine_key *key)
{
    bind_text(statement, key->organisation);
    bind_text(statement, key->machine);
}

int machine_state_load(struct store *store, const struct machine_key *key,
                       const struct digest *digest, struct state *ret_state, struct error *err)
{
    AUTO(statement_end)
    struct statement find = statement_start(
        store, "SELECT sections FROM state WHERE organisation = ? AND machine = ? AND digest = ?");
    const char *text;
    size_t length;
    int r;

    bind_key(&find, key);
    bind_digest(&find, digest);
    r = statement_row(&find, err);
    if (r <= 0)
        return r;
    text = column_text(&find, 0, &length);
    r = state_from_text(text, length, ret_state, err);
    return r < 0 ? error_set(err, EIO, "the database keeps a damaged state of machine %s",
                             key->machine)
                 : 1;
}

static int keep_section(struct store *store, const struct machine_key *key,
                        const struct snapshot_section *section, struct error *err)
{
    AUTO(statement_end)
    struct statement add = statement_start(
        store, "INSERT INTO content (organisation, machine, digest, schema, facts, reasons) VALUES "
               "(?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING");

    bind_key(&add, key);
    bind_digest(&add, &section->digest);
    bind_integer(&add, section->schema);
    bind_characters(&add, section->facts, section->facts_length);
    bind_characters(&add, section->unknown, section->unknown_length);
    return statement_run(&add, err);
}

int machine_state_keep(struct store *store, const struct machine_key *key,
                       const struct snapshot *snapshot, const struct state *state,
                       struct error *err)
{
    AUTO(statement_end)
    struct statement add =
        statement_start(store, "INSERT INTO state (organisation, machine, digest, sections) VALUES "
                               "(?, ?, ?, ?) ON CONFLICT DO NOTHING");
    AUTO(text_clear) struct text sections = {0};
    struct digest digest;
    int r = 0;

    for (size_t i = 0; r == 0 && i < snapshot->section_count; i++)
        r = keep_section(store, key, &snapshot->sections[i], err);
    if (r < 0)
        return r;
    state_digest(state, &digest);
    state_to_text(state, &sections);
    bind_key(&add, key);
    bind_digest(&add, &digest);
    bind_characters(&add, text_string(&sections), sections.length);
    return statement_run(&add, err);
}

/* The documents of one state, read for the judge. */
struct documents {
    struct section_facts sections[STATE_SECTIONS_MAX];
    struct json *facts[STATE_SECTIONS_MAX];
    struct json *reasons[STATE_SECTIONS_MAX];
    size_t count;
};

static void documents_clear(struct documents *documents)
{
    for (size_t i = 0; i < documents->count; i++) {
        json_free(documents->facts[i]);
        json_free(documents->reasons[i]);
    }
    documents->count = 0;
}

static int parse_column(const struct statement *row, int column, struct json **ret,
                        struct error *err)
{
    size_t length;
    const char *text = column_text(row, column, &length);

    return json_parse(text, length, &json_default_limits, ret, err);
}

static int read_section(struct store *store, const struct machine_key *key,
                        const struct state_entry *entry, struct documents *documents,
                        struct error *err)
{
    AUTO(statement_end)
    struct statement find =
        statement_start(store, "SELECT facts, reasons FROM content WHERE organisation = ? AND "
                               "machine = ? AND digest = ?");
    size_t i = documents->count;
    int r;

    bind_key(&find, key);
    bind_digest(&find, &entry->digest);
    r = statement_row(&find, err);
    if (r < 0)
        return r;
    documents->facts[i] = documents->reasons[i] = NULL;
    documents->count++;
    if (r == 0 || parse_column(&find, 0, &documents->facts[i], NULL) < 0 ||
        parse_column(&find, 1, &documents->reasons[i], NULL) < 0)
        return error_set(err, EIO, "the database lacks section %s of machine %s", entry->name,
                         key->machine);
    documents->sections[i] = (struct section_facts){
        .section = entry->name,
        .facts = documents->facts[i],
        .unknown = documents->reasons[i],
    };
    return 0;
}

/* The verdicts that are kept of the machine; none for its first state. */
static int load_verdicts(struct store *store, const struct machine_key *key, struct text *out,
                         struct error *err)
{
    AUTO(statement_end)
    struct statement find = statement_start(
        store, "SELECT verdicts FROM current WHERE organisation = ? AND machine = ?");
    const char *text;
    size_t length;
    int r;

    bind_key(&find, key);
    r = statement_row(&find, err);
    if (r <= 0)
        return r;
    text = column_text(&find, 0, &length);
    text_add(out, text, length);
    return 0;
}

static struct kept_field field_of(const char *text)
{
    return (struct kept_field){text, strlen(text)};
}

/* A verdict that stays what it was keeps the time since when. */
static void keep_verdict(const char *check, const struct verdict *verdict, int64_t since,
                         const struct text *before, struct text *out)
{
    const struct kept_field kept_before = {text_string(before), before->length};
    bool unknown = verdict->state == VERDICT_UNKNOWN;
    struct kept_verdict was;
    struct kept_verdict kept = {
        .check = field_of(check),
        .state = field_of(verdict_state_name(verdict->state)),
        .reason = field_of(unknown ? unknown_reason_name(verdict->reason) : ""),
        .fact = field_of(verdict->fact),
        .since = since,
        .valid_until = verdict->valid_until,
    };

    if (kept_verdict_find(&kept_before, check, &was) &&
        kept_field_is(&was.state, verdict_state_name(verdict->state)))
        kept.since = was.since;
    kept_verdict_add(&kept, out);
}

/* Adds the verdicts on all checks to verdicts and to the receipt. */
static void judge(const struct machine_facts *facts, int64_t now, const struct text *before,
                  struct text *verdicts, struct receipt *receipt)
{
    const struct baseline *baseline = baseline_builtin();
    enum profile profile = machine_facts_profile(facts);

    for (size_t i = 0; i < baseline_count(baseline); i++) {
        const struct check *check = baseline_check(baseline, i);
        struct verdict verdict = {0};

        check_judge(check, facts, profile, now, &verdict);
        keep_verdict(check_id(check), &verdict, facts->seen_at, before, verdicts);
        if (receipt->verdict_count < RECEIPT_VERDICTS_MAX) {
            struct receipt_verdict *told = &receipt->verdicts[receipt->verdict_count++];

            (void)snprintf(told->check, sizeof(told->check), "%s", check_id(check));
            told->state = verdict.state;
        }
    }
}

static const char *clock_name(enum clock_state clock)
{
    switch (clock) {
    case CLOCK_SYNCED:
        return "synced";
    case CLOCK_UNSYNCED:
        return "unsynced";
    case CLOCK_UNKNOWN:
        break;
    }
    return "unknown";
}

static const char *kind_name(enum profile profile)
{
    switch (profile) {
    case PROFILE_LAPTOP:
        return "laptop";
    case PROFILE_SERVER:
        return "server";
    case PROFILE_UNKNOWN:
        break;
    }
    return "unknown";
}

/* "Debian GNU/Linux 12 (bookworm)", or "" while the machine does not tell. */
static void system_name(const struct machine_facts *facts, char ret_name[SYSTEM_NAME_SIZE])
{
    const char *name = NULL;

    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->sections[i].section, "os_release") == 0)
            name = json_text(json_member(facts->sections[i].facts, "name"));
    /* Cut in the middle of a character it would be no text. */
    (void)snprintf(ret_name, SYSTEM_NAME_SIZE, "%s",
                   name != NULL && strlen(name) < SYSTEM_NAME_SIZE ? name : "");
}

static int put_current(struct store *store, const struct machine_key *key,
                       const struct sighting *sighting, const struct machine_facts *facts,
                       const struct text *verdicts, struct error *err)
{
    AUTO(statement_end)
    struct statement put = statement_start(
        store, "INSERT OR REPLACE INTO current (organisation, machine, state, seen_at, "
               "received_at, wall_time, clock, kind, system, verdicts) VALUES (?, ?, ?, ?, ?, ?, "
               "?, ?, ?, ?)");
    char system[SYSTEM_NAME_SIZE];

    system_name(facts, system);
    bind_key(&put, key);
    bind_digest(&put, &sighting->head->state);
    bind_integer(&put, sighting->seen_at);
    bind_integer(&put, sighting->received_at);
    bind_integer(&put, sighting->head->wall_time);
    bind_text(&put, clock_name(sighting->head->clock));
    bind_text(&put, kind_name(machine_facts_profile(facts)));
    bind_text(&put, system);
    bind_characters(&put, text_string(verdicts), verdicts->length);
    return statement_run(&put, err);
}

int machine_state_set_current(struct store *store, const struct machine_key *key,
                              const struct state *state, const struct sighting *sighting,
                              struct receipt *receipt, struct error *err)
{
    AUTO(documents_clear) struct documents documents = {0};
    AUTO(text_clear) struct text before = {0}, verdicts = {0};
    struct machine_facts facts;
    int r = load_verdicts(store, key, &before, err);

    for (size_t i = 0; r == 0 && i < state->count; i++)
        r = read_section(store, key, &state->entries[i], &documents, err);
    if (r < 0)
        return r;
    facts = (struct machine_facts){documents.sections, documents.count, sighting->seen_at};
    judge(&facts, sighting->received_at, &before, &verdicts, receipt);
    return put_current(store, key, sighting, &facts, &verdicts, err);
}
