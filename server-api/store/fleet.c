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
#include "server-api/store/store.h"

#define DAY_SECONDS 86400

/* Rows of a table beside those of another, both in the order of their machines: no row is looked
 * up, whatever the size of the fleet. */
struct beside {
    struct statement rows;
    bool waiting; /* for its machine */
};

struct walk {
    struct json_writer *writer;
    const struct baseline *baseline;
    struct fleet_checks *checks;
    struct beside current;
    struct beside chain;
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

static int begin_beside(struct store *store, const char *sql, const char *organisation,
                        struct beside *beside, struct error *err)
{
    beside->rows = statement_start(store, sql);
    bind_text(&beside->rows, organisation);
    return next_beside(beside, err);
}

/* 1 when the present row is the machine's, whose key is the first column. */
static int move_beside(struct beside *beside, const struct kept_field *machine, struct error *err)
{
    while (beside->waiting) {
        size_t length;
        const char *key = column_text(&beside->rows, 0, &length);
        size_t common = length < machine->length ? length : machine->length;
        int order = memcmp(key, machine->bytes, common);
        int r;

        if (order > 0 || (order == 0 && length > machine->length))
            return 0;
        if (order == 0 && length == machine->length)
            return 1;
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
static int64_t silence_allowed(const char *kind)
{
    return strcmp(kind, "server") == 0 ? DAY_SECONDS : 7 * DAY_SECONDS;
}

enum machine_column { MACHINE_NAME, MACHINE_LABEL, MACHINE_CREATED, MACHINE_REVOKED };
static const char machine_sql[] =
    "SELECT machine, label, created_at, revoked_at FROM machine WHERE "
    "organisation = ? ORDER BY machine";

enum current_column { CURRENT_NAME, CURRENT_SEEN, CURRENT_KIND, CURRENT_SYSTEM, CURRENT_VERDICTS };
static const char current_sql[] = "SELECT machine, seen_at, kind, system, verdicts FROM current "
                                  "WHERE organisation = ? ORDER BY machine";

/* Most machines have nothing remarkable. */
enum chain_column { CHAIN_NAME, CHAIN_FLAGS, CHAIN_FORKED };
static const char chain_sql[] =
    "SELECT machine, flags, forked_at FROM chain WHERE organisation = ? "
    "AND (flags <> 0 OR forked_at > 0) ORDER BY machine";

static void quote_column(const struct statement *row, int column, struct text *out)
{
    size_t length;
    const char *text = column_text(row, column, &length);

    json_quote(out, text, length);
}

/* current: NULL while no snapshot came. */
static void write_machine_head(struct walk *walk, const struct statement *row,
                               const struct statement *current, bool overdue, struct text *out)
{
    size_t length = 0;

    text_add_string(out, "{\"id\":");
    quote_column(row, MACHINE_NAME, out);
    text_add_string(out, ",\"label\":");
    quote_column(row, MACHINE_LABEL, out);
    text_add_string(out, ",\"system\":");
    if (current != NULL)
        (void)column_text(current, CURRENT_SYSTEM, &length);
    if (length > 0)
        quote_column(current, CURRENT_SYSTEM, out);
    else
        text_add_string(out, "null");
    text_add_string(out, ",\"kind\":");
    if (current != NULL)
        quote_column(current, CURRENT_KIND, out);
    else
        text_add_string(out, "\"unknown\"");
    text_add_string(out, ",\"seen_at\":");
    if (current != NULL)
        fleet_checks_write_time(walk->checks, column_integer(current, CURRENT_SEEN), out);
    else
        text_add_string(out, "null");
    text_add_string(out, overdue ? ",\"overdue\":true" : ",\"overdue\":false");
    text_add_string(out, column_is_null(row, MACHINE_REVOKED) ? ",\"revoked\":false"
                                                              : ",\"revoked\":true");
}

/* Ten thousand of them are one answer: written without the checks of a json_writer. */
static void write_machine(struct walk *walk, const struct statement *row,
                          const struct statement *current, const struct statement *chain,
                          struct text *out)
{
    struct kept_field verdicts = {"", 0};
    int64_t heard = column_integer(row, MACHINE_CREATED);
    char kind[16] = "unknown";

    if (current != NULL) {
        heard = column_integer(current, CURRENT_SEEN);
        column_copy(current, CURRENT_KIND, kind, sizeof(kind));
        verdicts.bytes = column_text(current, CURRENT_VERDICTS, &verdicts.length);
    }
    heard += silence_allowed(kind);
    write_machine_head(walk, row, current, walk->now > heard, out);
    write_flags(chain == NULL ? 0 : (unsigned)column_integer(chain, CHAIN_FLAGS),
                chain == NULL ? 0 : column_integer(chain, CHAIN_FORKED), walk->now, out);
    text_add_string(out, ",\"checks\":[");
    fleet_checks_write(walk->checks, &verdicts, heard, out);
    text_add_string(out, "]}");
}

static int write_each_machine(struct walk *walk, struct statement *machines, struct error *err)
{
    struct text *out = &walk->writer->out;
    const char *comma = "";
    int r;

    while ((r = statement_row(machines, err)) == 1) {
        struct kept_field machine;
        int has_current, has_chain;

        machine.bytes = column_text(machines, MACHINE_NAME, &machine.length);
        has_current = move_beside(&walk->current, &machine, err);
        has_chain = has_current < 0 ? has_current : move_beside(&walk->chain, &machine, err);
        if (has_chain < 0)
            return has_chain;
        text_add_string(out, comma);
        write_machine(walk, machines, has_current == 1 ? &walk->current.rows : NULL,
                      has_chain == 1 ? &walk->chain.rows : NULL, out);
        comma = ",";
    }
    return r;
}

static int write_machines(struct store *store, struct walk *walk, const char *organisation,
                          struct error *err)
{
    AUTO(statement_end) struct statement machines = statement_start(store, machine_sql);
    int r;

    bind_text(&machines, organisation);
    json_write_name(walk->writer, "machines");
    json_begin_array(walk->writer);
    r = begin_beside(store, current_sql, organisation, &walk->current, err);
    if (r == 0)
        r = begin_beside(store, chain_sql, organisation, &walk->chain, err);
    if (r == 0)
        r = write_each_machine(walk, &machines, err);
    statement_end(&walk->current.rows);
    statement_end(&walk->chain.rows);
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
    return write_organisations(store, walk, organisation, err);
}

static void walk_end(struct walk *walk)
{
    fleet_checks_free(walk->checks);
}

int store_write_fleet(struct store *store, const char *organisation, int64_t now,
                      struct text *out_json, struct error *err)
{
    struct json_writer writer = {.out = *out_json};
    char generated_at[CLOCK_TEXT_SIZE];
    AUTO(walk_end)
    struct walk walk = {.writer = &writer, .baseline = baseline_builtin(), .now = now};
    int r;

    walk.checks = fleet_checks_new(walk.baseline, now);
    clock_to_text(now, generated_at);
    json_begin_object(&writer);
    json_add_text(&writer, "generated_at", generated_at);
    write_baseline(&writer, walk.baseline);
    r = walk_fleet(store, organisation, &walk, err);
    json_end_object(&writer);
    *out_json = writer.out;
    return r;
}
