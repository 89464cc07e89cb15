#include <stdlib.h>
#include <string.h>

#include "baseline/verdict.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/json_writer.h"
#include "platform/memory.h"
#include "server-api/store/chain.h"
#include "server-api/store/database.h"
#include "server-api/store/fleet_checks.h"
#include "server-api/store/kept_verdict.h"
#include "server-api/store/store.h"

#define DAY_SECONDS 86400

/* Identifiers are [a-z2-7]. */
#define AFTER_ORGANISATIONS "~"
#define OF_ORGANISATIONS    "organisation BETWEEN ? AND ?"
#define IN_ORDER            "ORDER BY organisation, machine"

/* Rows of a table beside those of another, both in the order of organisations and their machines:
 * no row is looked up, and no statement started again, whatever the size of the fleet. */
struct beside {
    struct statement rows;
    bool waiting; /* for its machine */
};

struct walk {
    struct json_writer *writer;
    struct fleet_checks *checks;
    struct beside machines;
    struct beside current;
    struct beside chain;
    struct text known_system; /* as it is kept and as it was written */
    struct text system;
    int64_t now;
};

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

static int next_beside(struct beside *beside, struct error *err)
{
    int r = statement_row(&beside->rows, err);

    beside->waiting = r == 1;
    return r < 0 ? r : 0;
}

/* organisation: NULL for all of them. */
static int begin_beside(struct store *store, const char *sql, const char *organisation,
                        struct beside *beside, struct error *err)
{
    beside->rows = statement_start(store, sql);
    bind_text(&beside->rows, organisation == NULL ? "" : organisation);
    bind_text(&beside->rows, organisation == NULL ? AFTER_ORGANISATIONS : organisation);
    return next_beside(beside, err);
}

static struct kept_field field_at(const struct statement *row, int column)
{
    struct kept_field field;

    field.bytes = column_text(row, column, &field.length);
    return field;
}

static int compare_fields(const struct kept_field *left, const struct kept_field *right)
{
    size_t common = left->length < right->length ? left->length : right->length;
    int order = memcmp(left->bytes, right->bytes, common);

    return order != 0 ? order : (left->length > right->length) - (left->length < right->length);
}

struct machine_fields {
    struct kept_field organisation;
    struct kept_field machine;
};

/* 1 when the present row is the machine's, whose key are the first columns. */
static int move_beside(struct beside *beside, const struct machine_fields *key, struct error *err)
{
    while (beside->waiting) {
        struct kept_field field = field_at(&beside->rows, 0);
        int order = compare_fields(&field, &key->organisation), r;

        if (order == 0) {
            field = field_at(&beside->rows, 1);
            order = compare_fields(&field, &key->machine);
        }
        if (order >= 0)
            return order == 0;
        r = next_beside(beside, err);
        if (r < 0)
            return r;
    }
    return 0;
}

static void write_flags(unsigned flags, int64_t forked_at, int64_t now, struct text *out)
{
    const char *comma = "";

    if (forked_at > 0 && now - forked_at < CHAIN_FORK_REMEMBERED)
        flags |= CHAIN_FORK;
    text_add_string(out, ",\"flags\":[");
    for (unsigned i = 0; i < CHAIN_FLAG_COUNT; i++) {
        if ((flags & (1U << i)) == 0)
            continue;
        text_add_format(out, "%s\"%s\"", comma, chain_flag_name((enum chain_flag)(1U << i)));
        comma = ",";
    }
    text_add_string(out, "]");
}

/* Laptops lie in drawers; a server that is silent for a day is in trouble. */
static int64_t silence_allowed(const struct kept_field *kind)
{
    return kept_field_is(kind, "server") ? DAY_SECONDS : 7 * DAY_SECONDS;
}

enum machine_column {
    MACHINE_ORGANISATION,
    MACHINE_NAME,
    MACHINE_LABEL,
    MACHINE_CREATED,
    MACHINE_REVOKED
};
static const char machine_sql[] =
    "SELECT organisation, machine, label, created_at, revoked_at FROM machine "
    "WHERE " OF_ORGANISATIONS " " IN_ORDER;

enum current_column {
    CURRENT_SEEN = 2, /* after the key, as in machine_sql */
    CURRENT_KIND,
    CURRENT_SYSTEM,
    CURRENT_VERDICTS
};
static const char current_sql[] =
    "SELECT organisation, machine, seen_at, kind, system, verdicts FROM current "
    "WHERE " OF_ORGANISATIONS " " IN_ORDER;

/* Most machines have nothing remarkable. */
enum chain_column { CHAIN_FLAGS = 2, CHAIN_FORKED };
static const char chain_sql[] =
    "SELECT organisation, machine, flags, forked_at FROM chain WHERE " OF_ORGANISATIONS
    " AND (flags <> 0 OR forked_at > 0) " IN_ORDER;

static void quote_field(const struct kept_field *field, struct text *out)
{
    json_quote(out, field->bytes, field->length);
}

/* Thousands of machines have the same one. */
static void write_system(struct walk *walk, const struct kept_field *system, struct text *out)
{
    if (system->length == 0)
        return;
    if (walk->known_system.length != system->length ||
        memcmp(walk->known_system.bytes, system->bytes, system->length) != 0) {
        text_truncate(&walk->known_system, 0);
        text_truncate(&walk->system, 0);
        text_add(&walk->known_system, system->bytes, system->length);
        text_add_string(&walk->system, ",\"system\":");
        quote_field(system, &walk->system);
    }
    text_add(out, walk->system.bytes, walk->system.length);
}

/* What a machine's rows say; the texts are theirs. */
struct machine_rows {
    struct kept_field kind;
    struct kept_field system; /* empty when not known, as are the verdicts */
    struct kept_field verdicts;
    int64_t heard_at;
    bool seen;
};

/* current: NULL while no snapshot came. */
static struct machine_rows read_facts(const struct statement *machine,
                                      const struct statement *current)
{
    if (current == NULL)
        return (struct machine_rows){
            .kind = {"unknown", strlen("unknown")},
            .system = {"", 0},
            .verdicts = {"", 0},
            .heard_at = column_integer(machine, MACHINE_CREATED),
        };
    return (struct machine_rows){
        .kind = field_at(current, CURRENT_KIND),
        .system = field_at(current, CURRENT_SYSTEM),
        .verdicts = field_at(current, CURRENT_VERDICTS),
        .heard_at = column_integer(current, CURRENT_SEEN),
        .seen = true,
    };
}

/* Ten thousand of them are one answer: written without the checks of a json_writer. */
static void write_machine(struct walk *walk, const struct machine_fields *key,
                          const struct statement *current, const struct statement *chain,
                          struct text *out)
{
    const struct statement *row = &walk->machines.rows;
    struct machine_rows facts = read_facts(row, current);
    struct kept_field label = field_at(row, MACHINE_LABEL);
    int64_t overdue_at = facts.heard_at + silence_allowed(&facts.kind);

    text_add_string(out, "{\"id\":");
    quote_field(&key->machine, out);
    text_add_string(out, ",\"label\":");
    quote_field(&label, out);
    write_system(walk, &facts.system, out);
    text_add_string(out, ",\"kind\":");
    quote_field(&facts.kind, out);
    if (facts.seen) {
        text_add_string(out, ",\"seen_at\":");
        fleet_checks_write_time(walk->checks, facts.heard_at, out);
    }
    text_add_string(out, walk->now > overdue_at ? ",\"overdue\":true" : ",\"overdue\":false");
    text_add_string(out, column_is_null(row, MACHINE_REVOKED) ? ",\"revoked\":false"
                                                              : ",\"revoked\":true");
    write_flags(chain == NULL ? 0 : (unsigned)column_integer(chain, CHAIN_FLAGS),
                chain == NULL ? 0 : column_integer(chain, CHAIN_FORKED), walk->now, out);
    text_add_string(out, ",\"checks\":");
    fleet_checks_write(walk->checks, &facts.verdicts, overdue_at, out);
    text_add_string(out, "}");
}

/* 1 when the present machine is the organisation's. */
static int write_one_machine(struct walk *walk, const char *comma,
                             const struct kept_field *organisation, struct error *err)
{
    struct text *out = &walk->writer->out;
    const struct machine_fields key = {field_at(&walk->machines.rows, MACHINE_ORGANISATION),
                                       field_at(&walk->machines.rows, MACHINE_NAME)};
    int has_current, has_chain;

    if (compare_fields(&key.organisation, organisation) != 0)
        return 0;
    has_current = move_beside(&walk->current, &key, err);
    has_chain = has_current < 0 ? has_current : move_beside(&walk->chain, &key, err);
    if (has_chain < 0)
        return has_chain;
    text_add_string(out, comma);
    write_machine(walk, &key, has_current == 1 ? &walk->current.rows : NULL,
                  has_chain == 1 ? &walk->chain.rows : NULL, out);
    return 1;
}

static int write_machines(struct walk *walk, const struct kept_field *organisation,
                          struct error *err)
{
    const char *comma = "";
    int r = 1;

    json_write_name(walk->writer, "machines");
    json_begin_array(walk->writer);
    while (r == 1 && walk->machines.waiting) {
        r = write_one_machine(walk, comma, organisation, err);
        comma = ",";
        if (r == 1) {
            int moved = next_beside(&walk->machines, err);

            r = moved < 0 ? moved : 1;
        }
    }
    json_end_array(walk->writer);
    return r < 0 ? r : 0;
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
        struct kept_field key = field_at(&list, 0);

        column_copy(&list, 0, id, sizeof(id));
        column_copy(&list, 1, name, sizeof(name));
        json_begin_object(walk->writer);
        json_add_text(walk->writer, "id", id);
        json_add_text(walk->writer, "name", name);
        r = write_machines(walk, &key, err);
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
    r = begin_beside(store, machine_sql, organisation, &walk->machines, err);
    if (r == 0)
        r = begin_beside(store, current_sql, organisation, &walk->current, err);
    if (r == 0)
        r = begin_beside(store, chain_sql, organisation, &walk->chain, err);
    if (r == 0)
        r = write_organisations(store, walk, organisation, err);
    statement_end(&walk->machines.rows);
    statement_end(&walk->current.rows);
    statement_end(&walk->chain.rows);
    return r;
}

static void walk_end(struct walk *walk)
{
    fleet_checks_free(walk->checks);
    text_clear(&walk->known_system);
    text_clear(&walk->system);
}

int store_write_fleet(struct store *store, const char *organisation, int64_t now,
                      struct text *out_json, struct error *err)
{
    const struct baseline *baseline = baseline_builtin();
    struct json_writer writer = {.out = *out_json};
    char generated_at[CLOCK_TEXT_SIZE];
    AUTO(walk_end) struct walk walk = {.writer = &writer, .now = now};
    int r;

    walk.checks = fleet_checks_new(baseline, now);
    clock_to_text(now, generated_at);
    json_begin_object(&writer);
    json_add_text(&writer, "generated_at", generated_at);
    write_baseline(&writer, baseline);
    r = walk_fleet(store, organisation, &walk, err);
    json_end_object(&writer);
    *out_json = writer.out;
    return r;
}
