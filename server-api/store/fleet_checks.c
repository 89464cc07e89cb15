#include "server-api/store/fleet_checks.h"

#include <stdlib.h>
#include <string.h>

#include "baseline/verdict.h"
#include "platform/json_writer.h"
#include "platform/memory.h"
#include "server-api/store/fleet_time.h"

#define WORDINGS 16U /* of each check: how many different verdicts are remembered */

/* One verdict on one check: how it is kept, and how it is written, both up to its times. */
struct wording {
    struct text kept; /* its line up to since */
    struct text valid;
    struct text too_old;
};

/* A check, and the verdict that the present machine has on it. */
struct place {
    const struct check *check;
    struct wording wordings[WORDINGS];
    size_t count;
    size_t latest;           /* the one that was wanted last */
    struct text not_present; /* all of it */
    bool known;              /* the machine has a verdict: the latest wording, with these times */
    int64_t since;
    int64_t valid_until;
};

struct fleet_checks {
    struct place *places;
    size_t count;
    int64_t now;
    struct fleet_times times;
};

/* Each element starts with a comma; that of the first becomes the bracket of the array. */
static void write_head(const struct check *check, struct text *out)
{
    text_add_string(out, ",{\"id\":");
    json_quote(out, check_id(check), strlen(check_id(check)));
    text_add_string(out, ",\"state\":");
}

struct fleet_checks *fleet_checks_new(const struct baseline *baseline, int64_t now)
{
    struct fleet_checks *checks = must_allocate(1, sizeof(*checks));

    checks->count = baseline_count(baseline);
    checks->places = must_allocate(checks->count + 1, sizeof(*checks->places));
    checks->now = now;
    for (size_t i = 0; i < checks->count; i++) {
        struct place *place = &checks->places[i];

        place->check = baseline_check(baseline, i);
        write_head(place->check, &place->not_present);
        text_add_string(&place->not_present, "\"unknown\",\"reason\":\"not_present\"}");
    }
    return checks;
}

static void clear_wording(struct wording *wording)
{
    text_clear(&wording->kept);
    text_clear(&wording->valid);
    text_clear(&wording->too_old);
}

void fleet_checks_free(struct fleet_checks *checks)
{
    if (checks == NULL)
        return;
    for (size_t i = 0; i < checks->count; i++) {
        for (size_t k = 0; k < checks->places[i].count; k++)
            clear_wording(&checks->places[i].wordings[k]);
        text_clear(&checks->places[i].not_present);
    }
    free(checks->places);
    free(checks);
}

/* "2026-11-23T19:42:00Z" between two marks. */
static void add_time(struct fleet_checks *checks, int64_t seconds, const char *end,
                     struct text *out)
{
    char quoted[CLOCK_TEXT_SIZE + 2];

    quoted[0] = '"';
    fleet_time_to_text(&checks->times, seconds, quoted + 1);
    quoted[CLOCK_TEXT_SIZE] = '"';
    quoted[CLOCK_TEXT_SIZE + 1] = end[0];
    text_add(out, quoted, CLOCK_TEXT_SIZE + 1 + (end[0] != '\0'));
}

void fleet_checks_write_time(struct fleet_checks *checks, int64_t seconds, struct text *out)
{
    add_time(checks, seconds, "", out);
}

static void write_optional(const char *name, const struct kept_field *field, struct text *out)
{
    if (field->length == 0)
        return;
    text_add_format(out, ",\"%s\":", name);
    json_quote(out, field->bytes, field->length);
}

static void word(const struct check *check, const struct kept_verdict *kept,
                 struct wording *ret_wording)
{
    struct text *valid = &ret_wording->valid, *too_old = &ret_wording->too_old;

    write_head(check, valid);
    json_quote(valid, kept->state.bytes, kept->state.length);
    write_optional("reason", &kept->reason, valid);
    write_optional("fact", &kept->fact, valid);
    text_add_string(valid, ",\"since\":");

    write_head(check, too_old);
    text_add_string(too_old, "\"unknown\",\"reason\":\"stale\"");
    write_optional("fact", &kept->fact, too_old);
    text_add_string(too_old, ",\"since\":");
}

/* The number of the wording with which the line begins, or count. */
static size_t find_wording(const struct place *place, const struct kept_field *line)
{
    for (size_t i = 0; i < place->count; i++) {
        size_t number = (place->latest + i) % place->count;
        const struct text *kept = &place->wordings[number].kept;

        if (kept->length <= line->length && memcmp(kept->bytes, line->bytes, kept->length) == 0)
            return number;
    }
    return place->count;
}

/* Reads a line of the check without looking at what is known by heart. */
static bool read_known(struct place *place, const struct kept_field *text, size_t *at)
{
    const struct kept_field line = {text->bytes + *at, text->length - *at};
    size_t number = find_wording(place, &line), end = *at;
    int64_t since, valid_until;

    if (number == place->count)
        return false;
    end += place->wordings[number].kept.length;
    if (!kept_verdict_times(text, &end, &since, &valid_until))
        return false;
    place->since = since;
    place->valid_until = valid_until;
    place->latest = number;
    place->known = true;
    *at = end;
    return true;
}

/* The fields stand side by side in the text that they are from. */
static void learn(struct place *place, const struct kept_verdict *verdict)
{
    const struct kept_field line = {
        verdict->check.bytes,
        (size_t)(verdict->fact.bytes + verdict->fact.length + 1 - verdict->check.bytes)};
    size_t number = find_wording(place, &line);

    if (number == place->count) {
        number = place->count < WORDINGS ? place->count++ : (place->latest + 1) % WORDINGS;
        clear_wording(&place->wordings[number]);
        text_add(&place->wordings[number].kept, line.bytes, line.length);
        word(place->check, verdict, &place->wordings[number]);
    }
    place->latest = number;
    place->known = true;
    place->since = verdict->since;
    place->valid_until = verdict->valid_until;
}

/* Its index, or count for a check that this program's baseline no longer has. */
static size_t find_check(const struct fleet_checks *checks, const struct kept_field *id)
{
    size_t i = 0;

    while (i < checks->count && !kept_field_is(id, check_id(checks->places[i].check)))
        i++;
    return i;
}

/* The lines stand in the order of the baseline, unless another version wrote them. */
static void collect(struct fleet_checks *checks, const struct kept_field *text)
{
    struct kept_verdict verdict;
    size_t at = 0, next = 0;

    for (size_t i = 0; i < checks->count; i++)
        checks->places[i].known = false;
    for (;;) {
        while (next < checks->count && read_known(&checks->places[next], text, &at))
            next++;
        if (!kept_verdict_next(text, &at, &verdict))
            return;
        next = find_check(checks, &verdict.check);
        if (next < checks->count)
            learn(&checks->places[next++], &verdict);
    }
}

static void write_place(struct fleet_checks *checks, const struct place *place, int64_t overdue_at,
                        struct text *out)
{
    const struct wording *wording = &place->wordings[place->latest];
    const struct text *words = &wording->valid;
    int64_t end = place->valid_until < overdue_at ? place->valid_until : overdue_at;
    int64_t since = place->since;

    if (!place->known) {
        text_add(out, place->not_present.bytes, place->not_present.length);
        return;
    }
    if (checks->now > end) {
        words = &wording->too_old;
        since = end;
    }
    text_add(out, words->bytes, words->length);
    add_time(checks, since, "}", out);
}

void fleet_checks_write(struct fleet_checks *checks, const struct kept_field *verdicts,
                        int64_t overdue_at, struct text *out)
{
    collect(checks, verdicts);
    text_add(out, "[", checks->count == 0);
    for (size_t i = 0; i < checks->count; i++) {
        size_t start = out->length;

        write_place(checks, &checks->places[i], overdue_at, out);
        if (i == 0)
            out->bytes[start] = '[';
    }
    text_add(out, "]", 1);
}
