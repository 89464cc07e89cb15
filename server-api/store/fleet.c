#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline/verdict.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/json_writer.h"
#include "platform/memory.h"
#include "server-api/store/chain.h"
#include "server-api/store/database.h"
#include "server-api/store/store.h"

#define DAY_SECONDS 86400

/* A verdict as it is stored, or what stands for one that is not there. */
struct shown {
    bool known;
    char state[24];
    char reason[32];
    char fact[64];
    int64_t since;
    int64_t valid_until;
};

/*
 * Machines and verdicts are two walks in the order of their keys, side by side: no row is looked
 * up, whatever the size of the fleet.
 */
struct walk {
    struct json_writer *writer;
    const struct baseline *baseline;
    struct text *heads;  /* what each check begins with, the same for all machines */
    struct shown *shown; /* one for each check of the baseline, for the present machine */
    struct statement verdicts;
    bool has_verdict; /* a row of verdicts is waiting */
    int64_t now;
};

static void add_time(struct json_writer *writer, const char *name, int64_t seconds)
{
    char text[CLOCK_TEXT_SIZE];

    clock_to_text(seconds, text);
    json_add_text(writer, name, text);
}

static void write_steps(struct json_writer *writer, const char *steps)
{
    json_write_name(writer, "steps");
    json_begin_array(writer);
    while (*steps != '\0') {
        AUTO_FREE char *line = must_copy_text(steps, strcspn(steps, "\n"));

        json_write_text(writer, line);
        steps += strlen(line);
        steps += *steps == '\n';
    }
    json_end_array(writer);
}

static void write_baseline(struct json_writer *writer, const struct baseline *baseline)
{
    json_write_name(writer, "baseline");
    json_begin_object(writer);
    json_write_name(writer, "checks");
    json_begin_array(writer);
    for (size_t i = 0; i < baseline_count(baseline); i++) {
        const struct check *check = baseline_check(baseline, i);
        const struct advice *advice = check_advice(check, "en");

        json_begin_object(writer);
        json_add_text(writer, "id", check_id(check));
        json_add_text(writer, "title", check_title(check));
        json_add_integer(writer, "weight", check_weight(check));
        json_write_name(writer, "advice");
        json_begin_object(writer);
        json_add_text(writer, "wrong", advice->wrong);
        json_add_text(writer, "why", advice->why);
        write_steps(writer, advice->steps);
        json_add_text(writer, "time", advice->time);
        json_add_bool(writer, "needs_volunteer", advice->needs_volunteer);
        json_end_object(writer);
        json_end_object(writer);
    }
    json_end_array(writer);
    json_end_object(writer);
}

static int next_verdict(struct walk *walk, struct error *err)
{
    int r = statement_row(&walk->verdicts, err);

    walk->has_verdict = r == 1;
    return r < 0 ? r : 0;
}

static int compare_column(const struct statement *row, int column, const char *text)
{
    size_t length, text_length = strlen(text);
    const char *value = column_text(row, column, &length);
    int r = memcmp(value, text, length < text_length ? length : text_length);

    return r != 0 ? r : (length > text_length) - (length < text_length);
}

/* Where the waiting verdict stands against a machine: before it, at it (0), or after it. */
static int compare_verdict(const struct walk *walk, const char *organisation, const char *machine)
{
    int r = compare_column(&walk->verdicts, 0, organisation);

    return r != 0 ? r : compare_column(&walk->verdicts, 1, machine);
}

/* A check that this program's baseline no longer has is passed over. */
static void keep_verdict(struct walk *walk)
{
    const struct statement *row = &walk->verdicts;

    for (size_t i = 0; i < baseline_count(walk->baseline); i++) {
        struct shown *shown = &walk->shown[i];

        if (compare_column(row, 2, check_id(baseline_check(walk->baseline, i))) != 0)
            continue;
        shown->known = true;
        column_copy(row, 3, shown->state, sizeof(shown->state));
        column_copy(row, 4, shown->reason, sizeof(shown->reason));
        column_copy(row, 5, shown->fact, sizeof(shown->fact));
        shown->since = column_integer(row, 6);
        shown->valid_until = column_integer(row, 7);
        return;
    }
}

static int collect_verdicts(struct walk *walk, const char *organisation, const char *machine,
                            struct error *err)
{
    int r = 0;

    memset(walk->shown, 0, baseline_count(walk->baseline) * sizeof(*walk->shown));
    while (r == 0 && walk->has_verdict) {
        int order = compare_verdict(walk, organisation, machine);

        if (order > 0)
            break;
        if (order == 0)
            keep_verdict(walk);
        r = next_verdict(walk, err);
    }
    return r;
}

/* What is not there, or past its time, is unknown. overdue_at: when all of it became too old. */
static void age(struct shown *shown, int64_t overdue_at, int64_t now)
{
    int64_t end = shown->valid_until < overdue_at ? shown->valid_until : overdue_at;
    const char *reason = unknown_reason_name(UNKNOWN_STALE);

    if (shown->known && now <= end)
        return;
    if (!shown->known) {
        reason = unknown_reason_name(UNKNOWN_NOT_PRESENT);
        shown->fact[0] = '\0';
    }
    (void)snprintf(shown->state, sizeof(shown->state), "%s", verdict_state_name(VERDICT_UNKNOWN));
    (void)snprintf(shown->reason, sizeof(shown->reason), "%s", reason);
    shown->since = end;
}

/* "id":…,"title":… as they stand in the object of a check. */
static void write_check_head(const struct check *check, struct text *out)
{
    text_add_string(out, "\"id\":");
    json_quote(out, check_id(check), strlen(check_id(check)));
    text_add_string(out, ",\"title\":");
    json_quote(out, check_title(check), strlen(check_title(check)));
}

static void write_check(struct json_writer *writer, const struct text *head,
                        const struct shown *shown)
{
    json_begin_object(writer);
    json_write_raw(writer, head->bytes, head->length);
    json_add_text(writer, "state", shown->state);
    json_add_text_or_null(writer, "reason", shown->reason[0] == '\0' ? NULL : shown->reason);
    if (shown->known)
        add_time(writer, "since", shown->since);
    else
        json_add_null(writer, "since");
    json_add_text_or_null(writer, "fact", shown->fact[0] == '\0' ? NULL : shown->fact);
    json_end_object(writer);
}

static void write_flags(struct json_writer *writer, unsigned flags, int64_t forked_at, int64_t now)
{
    if (forked_at > 0 && now - forked_at < CHAIN_FORK_REMEMBERED)
        flags |= CHAIN_FORK;
    json_write_name(writer, "flags");
    json_begin_array(writer);
    for (unsigned i = 0; i < CHAIN_FLAG_COUNT; i++)
        if ((flags & (1U << i)) != 0)
            json_write_text(writer, chain_flag_name((enum chain_flag)(1U << i)));
    json_end_array(writer);
}

/* Laptops lie in drawers; a server that is silent for a day is in trouble. */
static int64_t silence_allowed(const char *kind)
{
    return strcmp(kind, "server") == 0 ? DAY_SECONDS : 7 * DAY_SECONDS;
}

enum machine_column {
    MACHINE_ORGANISATION,
    MACHINE_NAME,
    MACHINE_LABEL,
    MACHINE_CREATED,
    MACHINE_REVOKED,
    MACHINE_SEEN,
    MACHINE_KIND,
    MACHINE_SYSTEM,
    MACHINE_FLAGS,
    MACHINE_FORKED,
};

static const char machines_sql[] =
    "SELECT m.organisation, m.machine, m.label, m.created_at, m.revoked_at, c.seen_at, "
    "coalesce(c.kind, 'unknown'), coalesce(c.system, ''), coalesce(h.flags, 0), "
    "coalesce(h.forked_at, 0) FROM machine AS m LEFT JOIN current AS c ON c.organisation = "
    "m.organisation AND c.machine = m.machine LEFT JOIN chain AS h ON h.organisation = "
    "m.organisation AND h.machine = m.machine WHERE m.organisation = ? ORDER BY m.machine";

static void write_machine_head(struct json_writer *writer, const struct statement *row,
                               bool overdue)
{
    char label[MACHINE_LABEL_SIZE], kind[16], system[SYSTEM_NAME_SIZE], id[MACHINE_ID_SIZE];

    column_copy(row, MACHINE_NAME, id, sizeof(id));
    column_copy(row, MACHINE_LABEL, label, sizeof(label));
    column_copy(row, MACHINE_SYSTEM, system, sizeof(system));
    column_copy(row, MACHINE_KIND, kind, sizeof(kind));
    json_add_text(writer, "id", id);
    json_add_text(writer, "label", label);
    json_add_text_or_null(writer, "system", system[0] == '\0' ? NULL : system);
    json_add_text(writer, "kind", kind);
    if (column_is_null(row, MACHINE_SEEN))
        json_add_null(writer, "seen_at");
    else
        add_time(writer, "seen_at", column_integer(row, MACHINE_SEEN));
    json_add_bool(writer, "overdue", overdue);
    json_add_bool(writer, "revoked", !column_is_null(row, MACHINE_REVOKED));
}

static int write_machine(struct walk *walk, const struct statement *row, struct error *err)
{
    struct json_writer *writer = walk->writer;
    char organisation[ORGANISATION_ID_SIZE], machine[MACHINE_ID_SIZE], kind[16];
    int heard = column_is_null(row, MACHINE_SEEN) ? MACHINE_CREATED : MACHINE_SEEN;
    int64_t overdue_at;
    int r;

    column_copy(row, MACHINE_ORGANISATION, organisation, sizeof(organisation));
    column_copy(row, MACHINE_NAME, machine, sizeof(machine));
    column_copy(row, MACHINE_KIND, kind, sizeof(kind));
    overdue_at = column_integer(row, heard) + silence_allowed(kind);
    r = collect_verdicts(walk, organisation, machine, err);
    if (r < 0)
        return r;
    json_begin_object(writer);
    write_machine_head(writer, row, walk->now > overdue_at);
    write_flags(writer, (unsigned)column_integer(row, MACHINE_FLAGS),
                column_integer(row, MACHINE_FORKED), walk->now);
    json_write_name(writer, "checks");
    json_begin_array(writer);
    for (size_t i = 0; i < baseline_count(walk->baseline); i++) {
        age(&walk->shown[i], overdue_at, walk->now);
        write_check(writer, &walk->heads[i], &walk->shown[i]);
    }
    json_end_array(writer);
    json_end_object(writer);
    return 0;
}

static int write_machines(struct store *store, struct walk *walk, const char *organisation,
                          struct error *err)
{
    AUTO(statement_end) struct statement machines = statement_start(store, machines_sql);
    int r;

    bind_text(&machines, organisation);
    json_write_name(walk->writer, "machines");
    json_begin_array(walk->writer);
    while ((r = statement_row(&machines, err)) == 1) {
        r = write_machine(walk, &machines, err);
        if (r < 0)
            return r;
    }
    json_end_array(walk->writer);
    return r;
}

static int write_organisations(struct store *store, struct walk *walk, const char *organisation,
                               struct error *err)
{
    AUTO(statement_end)
    struct statement list =
        statement_start(store, "SELECT organisation, name FROM organisation WHERE ?1 IS NULL OR "
                               "organisation = ?1 ORDER BY organisation");
    char id[ORGANISATION_ID_SIZE], name[ORGANISATION_NAME_SIZE];
    int r;

    bind_text(&list, organisation);
    json_write_name(walk->writer, "organisations");
    json_begin_array(walk->writer);
    while ((r = statement_row(&list, err)) == 1) {
        column_copy(&list, 0, id, sizeof(id));
        column_copy(&list, 1, name, sizeof(name));
        json_begin_object(walk->writer);
        json_add_text(walk->writer, "id", id);
        json_add_text(walk->writer, "name", name);
        r = write_machines(store, walk, id, err);
        if (r < 0)
            return r;
        json_end_object(walk->writer);
    }
    json_end_array(walk->writer);
    return r;
}

static int walk_fleet(struct store *store, const char *organisation, struct walk *walk,
                      struct error *err)
{
    AUTO(transaction_end) struct transaction transaction = {0};
    int r = database_run(store, "BEGIN", err); /* all of it from one moment */

    if (r < 0)
        return r;
    transaction.store = store;
    walk->verdicts = statement_start(
        store, "SELECT organisation, machine, check_id, state, reason, fact, since, valid_until "
               "FROM verdict WHERE ?1 IS NULL OR organisation = ?1 ORDER BY organisation, machine");
    bind_text(&walk->verdicts, organisation);
    r = next_verdict(walk, err);
    if (r == 0)
        r = write_organisations(store, walk, organisation, err);
    statement_end(&walk->verdicts);
    return r;
}

static void walk_begin(struct walk *walk)
{
    size_t count = baseline_count(walk->baseline);

    walk->shown = must_allocate(count + 1, sizeof(*walk->shown));
    walk->heads = must_allocate(count + 1, sizeof(*walk->heads));
    for (size_t i = 0; i < count; i++)
        write_check_head(baseline_check(walk->baseline, i), &walk->heads[i]);
}

static void walk_end(struct walk *walk)
{
    for (size_t i = 0; i < baseline_count(walk->baseline); i++)
        text_clear(&walk->heads[i]);
    free(walk->heads);
    free(walk->shown);
}

int store_write_fleet(struct store *store, const char *organisation, int64_t now,
                      struct text *out_json, struct error *err)
{
    struct json_writer writer = {.out = *out_json};
    AUTO(walk_end)
    struct walk walk = {.writer = &writer, .baseline = baseline_builtin(), .now = now};
    int r;

    walk_begin(&walk);
    json_begin_object(&writer);
    add_time(&writer, "generated_at", now);
    write_baseline(&writer, walk.baseline);
    r = walk_fleet(store, organisation, &walk, err);
    json_end_object(&writer);
    *out_json = writer.out;
    return r;
}
