#include "server-api/terminal/fleet_view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/clock.h"
#include "platform/json.h"
#include "platform/memory.h"

static const struct json_limits limits = {
    .max_size = FLEET_MAX_SIZE,
    .max_values = 20000000,
    .max_depth = 16,
};

/* Reads members and remembers whether all of them were there. */
struct reader {
    const struct json *object;
    bool failed;
};

static const char *text_of(struct reader *reader, const char *name)
{
    const char *text = json_text(json_member(reader->object, name));

    if (text == NULL)
        reader->failed = true;
    return text == NULL ? "" : text;
}

static const char *optional_text(struct reader *reader, const char *name)
{
    return json_member(reader->object, name) == NULL ? "" : text_of(reader, name);
}

static const struct json *array_of(struct reader *reader, const char *name)
{
    const struct json *value = json_member(reader->object, name);

    if (!json_is(value, JSON_ARRAY))
        reader->failed = true;
    return value;
}

static bool bool_of(struct reader *reader, const char *name)
{
    bool value = false;

    if (!json_bool(json_member(reader->object, name), &value))
        reader->failed = true;
    return value;
}

/* False when it is not there. */
static bool time_of(struct reader *reader, const char *name, int64_t *ret_time)
{
    const char *text = optional_text(reader, name);

    if (text[0] == '\0')
        return false;
    if (clock_from_text(text, strlen(text), ret_time))
        return true;
    reader->failed = true;
    return false;
}

static bool read_about(const struct json *value, struct check_about *about)
{
    struct reader reader = {.object = value};
    struct reader advice = {.object = json_member(value, "advice")};

    about->id = text_of(&reader, "id");
    about->title = text_of(&reader, "title");
    if (!json_integer(json_member(value, "weight"), &about->weight))
        return false;
    about->wrong = text_of(&advice, "wrong");
    about->why = text_of(&advice, "why");
    about->steps = array_of(&advice, "steps");
    about->time = text_of(&advice, "time");
    about->needs_volunteer = bool_of(&advice, "needs_volunteer");
    return !reader.failed && !advice.failed;
}

static bool read_abouts(const struct json *document, struct fleet_view *fleet)
{
    const struct json *checks = json_at(document, "/baseline/checks");

    if (!json_is(checks, JSON_ARRAY))
        return false;
    fleet->abouts = must_allocate(json_count(checks) + 1, sizeof(*fleet->abouts));
    for (const struct json *value = json_first(checks); value != NULL; value = json_next(value))
        if (!read_about(value, &fleet->abouts[fleet->about_count++]))
            return false;
    return true;
}

static const struct check_about *find_about(const struct fleet_view *fleet, const char *id)
{
    for (size_t i = 0; i < fleet->about_count; i++)
        if (strcmp(fleet->abouts[i].id, id) == 0)
            return &fleet->abouts[i];
    return NULL;
}

static bool read_check(const struct fleet_view *fleet, const struct json *value,
                       struct check_view *check)
{
    struct reader reader = {.object = value};
    const char *reason = optional_text(&reader, "reason");

    check->about = find_about(fleet, text_of(&reader, "id"));
    check->fact = optional_text(&reader, "fact");
    check->has_since = time_of(&reader, "since", &check->since);
    if (reader.failed || check->about == NULL ||
        !verdict_state_from_name(text_of(&reader, "state"), &check->state))
        return false;
    return check->state != VERDICT_UNKNOWN || unknown_reason_from_name(reason, &check->reason);
}

/* What to fix first, heaviest first; then what is not known; what is good last. */
static int compare_checks(const void *left, const void *right)
{
    static const int order[VERDICT_STATE_COUNT] = {
        [VERDICT_FAIL] = 0, [VERDICT_UNKNOWN] = 1,        [VERDICT_ACCEPTED] = 2,
        [VERDICT_PASS] = 3, [VERDICT_NOT_APPLICABLE] = 4,
    };
    const struct check_view *a = left, *b = right;

    if (a->state != b->state)
        return order[a->state] - order[b->state];
    if (a->about->weight != b->about->weight)
        return a->about->weight > b->about->weight ? -1 : 1;
    return strcmp(a->about->id, b->about->id);
}

static bool has_state(const struct machine_view *machine, enum verdict_state state)
{
    for (size_t i = 0; i < machine->check_count; i++)
        if (machine->checks[i].state == state)
            return true;
    return false;
}

static enum standing standing_of(const struct machine_view *machine, bool overdue, bool revoked)
{
    if (revoked)
        return STANDING_REVOKED;
    if (overdue)
        return STANDING_SILENT;
    if (has_state(machine, VERDICT_FAIL))
        return STANDING_FIX;
    /* Without any check nothing is known to be good. */
    if (has_state(machine, VERDICT_UNKNOWN) || machine->check_count == 0)
        return STANDING_UNKNOWN;
    return STANDING_GOOD;
}

static bool read_checks(const struct fleet_view *fleet, const struct json *checks,
                        struct machine_view *machine)
{
    machine->checks = must_allocate(json_count(checks) + 1, sizeof(*machine->checks));
    for (const struct json *value = json_first(checks); value != NULL; value = json_next(value)) {
        struct check_view *check = &machine->checks[machine->check_count++];

        if (!read_check(fleet, value, check))
            return false;
        if (check->state == VERDICT_FAIL)
            machine->weight += check->about->weight;
    }
    if (machine->check_count > 1)
        qsort(machine->checks, machine->check_count, sizeof(*machine->checks), compare_checks);
    return true;
}

static bool read_machine(const struct fleet_view *fleet, const struct json *value,
                         struct machine_view *machine)
{
    struct reader reader = {.object = value};
    const struct json *checks = array_of(&reader, "checks");
    bool overdue = bool_of(&reader, "overdue"), revoked = bool_of(&reader, "revoked");

    machine->id = text_of(&reader, "id");
    machine->label = text_of(&reader, "label");
    machine->system = optional_text(&reader, "system");
    machine->kind = text_of(&reader, "kind");
    machine->seen = time_of(&reader, "seen_at", &machine->seen_at);
    machine->flags = array_of(&reader, "flags");
    if (reader.failed || !read_checks(fleet, checks, machine))
        return false;
    machine->standing = standing_of(machine, overdue, revoked);
    return true;
}

static int compare_machines(const void *left, const void *right)
{
    const struct machine_view *a = left, *b = right;

    if (a->standing != b->standing)
        return (int)a->standing - (int)b->standing;
    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    return strcmp(a->label, b->label);
}

static bool read_organisation(struct fleet_view *fleet, const struct json *value,
                              struct organisation_view *organisation)
{
    struct reader reader = {.object = value};
    const struct json *machines = array_of(&reader, "machines");

    organisation->id = text_of(&reader, "id");
    organisation->name = text_of(&reader, "name");
    if (reader.failed)
        return false;
    organisation->machines =
        must_allocate(json_count(machines) + 1, sizeof(*organisation->machines));
    for (const struct json *one = json_first(machines); one != NULL; one = json_next(one)) {
        struct machine_view *machine = &organisation->machines[organisation->machine_count++];

        if (!read_machine(fleet, one, machine))
            return false;
        organisation->standings[machine->standing]++;
        fleet->standings[machine->standing]++;
        fleet->machine_count += machine->standing != STANDING_REVOKED;
        if (machine->standing == STANDING_FIX)
            organisation->weight += machine->weight;
    }
    if (organisation->machine_count > 1)
        qsort(organisation->machines, organisation->machine_count, sizeof(*organisation->machines),
              compare_machines);
    return true;
}

static int compare_organisations(const void *left, const void *right)
{
    const struct organisation_view *a = left, *b = right;

    if (a->weight != b->weight)
        return a->weight > b->weight ? -1 : 1;
    for (size_t i = STANDING_SILENT; i < STANDING_GOOD; i++)
        if (a->standings[i] != b->standings[i])
            return a->standings[i] > b->standings[i] ? -1 : 1;
    return strcmp(a->name, b->name);
}

static bool read_fleet(struct fleet_view *fleet)
{
    struct reader reader = {.object = fleet->document};
    const struct json *organisations = array_of(&reader, "organisations");

    if (!time_of(&reader, "generated_at", &fleet->generated_at) || reader.failed ||
        !read_abouts(fleet->document, fleet))
        return false;
    fleet->organisations =
        must_allocate(json_count(organisations) + 1, sizeof(*fleet->organisations));
    for (const struct json *value = json_first(organisations); value != NULL;
         value = json_next(value))
        if (!read_organisation(fleet, value, &fleet->organisations[fleet->organisation_count++]))
            return false;
    if (fleet->organisation_count > 1)
        qsort(fleet->organisations, fleet->organisation_count, sizeof(*fleet->organisations),
              compare_organisations);
    return true;
}

int fleet_view_read(const char *json, size_t length, struct fleet_view *ret_fleet,
                    struct error *err)
{
    struct fleet_view fleet = {0};
    int r = json_parse(json, length, &limits, &fleet.document, err);

    if (r < 0)
        return error_wrap(err, r, "the server's answer");
    if (!read_fleet(&fleet)) {
        fleet_view_clear(&fleet);
        return error_set(err, EBADMSG,
                         "the server's answer is not a fleet as this program knows "
                         "it; are both of the same version?");
    }
    *ret_fleet = fleet;
    return 0;
}

const char *fleet_view_organisation(const struct fleet_view *fleet, const char *id_or_name)
{
    for (size_t i = 0; i < fleet->organisation_count; i++) {
        const struct organisation_view *organisation = &fleet->organisations[i];

        if (strcmp(organisation->id, id_or_name) == 0 ||
            strcmp(organisation->name, id_or_name) == 0)
            return organisation->id;
    }
    return NULL;
}

void fleet_view_clear(struct fleet_view *fleet)
{
    for (size_t i = 0; i < fleet->organisation_count; i++) {
        struct organisation_view *organisation = &fleet->organisations[i];

        for (size_t k = 0; k < organisation->machine_count; k++)
            free(organisation->machines[k].checks);
        free(organisation->machines);
    }
    free(fleet->organisations);
    free(fleet->abouts);
    json_free(fleet->document);
    *fleet = (struct fleet_view){0};
}
