/* Facts and a moment in time in, a verdict out. docs/baseline.md tells the rules in words. */
#include <stdlib.h>
#include <string.h>

#include "baseline/check.h"
#include "platform/clock.h"
#include "platform/json.h"

#define DAY_SECONDS  86400
#define MACHINE_KIND "/os_release/machine_kind"

/* A clock may be off by this much before a time in the future tells that something is wrong. */
#define CLOCK_TOLERANCE_SECONDS DAY_SECONDS

enum truth {
    TRUTH_YES,
    TRUTH_NO,
    TRUTH_UNKNOWN,
    TRUTH_DROPPED, /* the fact does not apply to this machine */
};

/* What a condition came to. has_gap: something it read is not known, even where the rest decides.
 */
struct outcome {
    enum truth truth;
    const char *fact; /* the pointer that decided a no, or "" */
    bool has_gap;
    enum unknown_reason gap_reason;
    const char *gap_fact;
    int64_t yes_until; /* a yes turns into something else after this */
};

struct question {
    const struct machine_facts *facts;
    int64_t now;
};

static struct outcome gap(const struct condition *condition, enum unknown_reason reason)
{
    return (struct outcome){
        .truth = TRUTH_UNKNOWN,
        .fact = "",
        .has_gap = true,
        .gap_reason = reason,
        .gap_fact = condition->pointer,
    };
}

static struct outcome decided(const struct condition *condition, bool yes, int64_t yes_until)
{
    return (struct outcome){
        .truth = yes ? TRUTH_YES : TRUTH_NO,
        .fact = condition->pointer,
        .gap_fact = "",
        .yes_until = yes_until,
    };
}

static const struct section_facts *find_section(const struct machine_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->sections[i].section, name) == 0)
            return &facts->sections[i];
    return NULL;
}

static struct outcome compare_text(const struct condition *condition, const struct json *value)
{
    const char *text = json_text(value);

    if (text == NULL)
        return gap(condition, UNKNOWN_PARSE_ERROR);
    for (size_t i = 0; i < condition->text_count; i++)
        if (strcmp(condition->texts[i], text) == 0)
            return decided(condition, true, INT64_MAX);
    return decided(condition, false, 0);
}

static struct outcome compare_bool(const struct condition *condition, const struct json *value)
{
    bool truth;

    if (!json_bool(value, &truth))
        return gap(condition, UNKNOWN_PARSE_ERROR);
    return decided(condition, truth == (condition->number != 0), INT64_MAX);
}

static struct outcome compare_integer(const struct condition *condition, const struct json *value)
{
    int64_t number;
    bool yes;

    if (!json_integer(value, &number))
        return gap(condition, UNKNOWN_PARSE_ERROR);
    if (condition->kind == CONDITION_AT_MOST)
        yes = number <= condition->number;
    else if (condition->kind == CONDITION_AT_LEAST)
        yes = number >= condition->number;
    else
        yes = number == condition->number;
    return decided(condition, yes, INT64_MAX);
}

static struct outcome compare_time(const struct condition *condition, const struct json *value,
                                   int64_t now)
{
    const char *text = json_text(value);
    int64_t time, last;

    if (text == NULL || !clock_from_text(text, strlen(text), &time))
        return gap(condition, UNKNOWN_PARSE_ERROR);
    if (condition->kind == CONDITION_NOT_BEFORE_NOW)
        return decided(condition, time >= now, time);
    /* What will have happened tomorrow would otherwise stay fresh for ever. */
    if (time > now + CLOCK_TOLERANCE_SECONDS)
        return gap(condition, UNKNOWN_CONFLICTING);
    last = time + condition->number * DAY_SECONDS;
    return decided(condition, now <= last, last);
}

static struct outcome compare(const struct condition *condition, const struct json *value,
                              int64_t now)
{
    if (condition->kind == CONDITION_NOT_OLDER || condition->kind == CONDITION_NOT_BEFORE_NOW)
        return compare_time(condition, value, now);
    switch (condition->wanted) {
    case WANTED_BOOL:
        return compare_bool(condition, value);
    case WANTED_INTEGER:
        return compare_integer(condition, value);
    case WANTED_TEXT:
        return compare_text(condition, value);
    }
    abort();
}

static struct outcome judge_fact(const struct condition *condition, const struct question *question)
{
    const struct section_facts *section = find_section(question->facts, condition->section);
    const struct json *value =
        section == NULL ? NULL : json_member(section->facts, condition->name);
    const char *name;
    enum unknown_reason reason;

    if (value == NULL)
        return gap(condition, UNKNOWN_NOT_PRESENT);
    name = json_text(json_member(section->unknown, condition->name));
    if (!json_is(value, JSON_NULL))
        return name == NULL ? compare(condition, value, question->now)
                            : gap(condition, UNKNOWN_CONFLICTING);
    if (name == NULL || !unknown_reason_from_name(name, &reason))
        return gap(condition, UNKNOWN_PARSE_ERROR);
    if (reason == UNKNOWN_NOT_APPLICABLE)
        return (struct outcome){.truth = TRUTH_DROPPED, .fact = "", .gap_fact = ""};
    return gap(condition, reason);
}

static struct outcome judge(const struct condition *condition, const struct question *question);

static void keep_gap(struct outcome *sum, const struct outcome *one)
{
    if (sum->has_gap || !one->has_gap)
        return;
    sum->has_gap = true;
    sum->gap_reason = one->gap_reason;
    sum->gap_fact = one->gap_fact;
}

/* Which truth of its parts a group takes over: the highest. */
static const unsigned rank_in_all[] = {
    [TRUTH_DROPPED] = 0, [TRUTH_YES] = 1, [TRUTH_UNKNOWN] = 2, [TRUTH_NO] = 3};
static const unsigned rank_in_any[] = {
    [TRUTH_DROPPED] = 0, [TRUTH_NO] = 1, [TRUTH_UNKNOWN] = 2, [TRUTH_YES] = 3};

/* All are true until the first ends, any until the last ends. */
static struct outcome judge_group(const struct condition *condition,
                                  const struct question *question)
{
    bool all = condition->kind == CONDITION_ALL;
    const unsigned *rank = all ? rank_in_all : rank_in_any;
    struct outcome sum = {.truth = TRUTH_DROPPED,
                          .fact = "",
                          .gap_fact = "",
                          .yes_until = all ? INT64_MAX : INT64_MIN};

    for (size_t i = 0; i < condition->child_count; i++) {
        struct outcome one = judge(&condition->children[i], question);

        keep_gap(&sum, &one);
        if (one.truth == TRUTH_YES && (one.yes_until < sum.yes_until) == all)
            sum.yes_until = one.yes_until;
        if (rank[one.truth] <= rank[sum.truth])
            continue;
        sum.truth = one.truth;
        sum.fact = one.fact;
    }
    return sum;
}

static struct outcome judge(const struct condition *condition, const struct question *question)
{
    if (condition->kind == CONDITION_ALL || condition->kind == CONDITION_ANY)
        return judge_group(condition, question);
    return judge_fact(condition, question);
}

static void set_unknown(struct verdict *verdict, enum unknown_reason reason, const char *fact)
{
    verdict->state = VERDICT_UNKNOWN;
    verdict->reason = reason;
    memcpy(verdict->fact, fact, strlen(fact) + 1);
}

static void set_verdict(struct verdict *verdict, const struct outcome *outcome)
{
    switch (outcome->truth) {
    case TRUTH_NO:
        verdict->state = VERDICT_FAIL;
        memcpy(verdict->fact, outcome->fact, strlen(outcome->fact) + 1);
        break;
    case TRUTH_DROPPED:
        verdict->state = VERDICT_NOT_APPLICABLE;
        break;
    case TRUTH_YES:
        /* A pass needs all that was asked, even where less would have decided. */
        if (!outcome->has_gap) {
            verdict->state = VERDICT_PASS;
            if (outcome->yes_until < verdict->valid_until)
                verdict->valid_until = outcome->yes_until;
            break;
        }
        set_unknown(verdict, outcome->gap_reason, outcome->gap_fact);
        break;
    case TRUTH_UNKNOWN:
        set_unknown(verdict, outcome->gap_reason, outcome->gap_fact);
        break;
    }
}

/* A machine whose kind is not known gets the shortest time. */
static int64_t fresh_for(const struct check *check, enum profile profile)
{
    int64_t shortest = INT64_MAX;

    if (profile != PROFILE_UNKNOWN)
        return check->fresh_for_seconds[profile];
    for (unsigned i = 0; i < PROFILE_COUNT; i++)
        if (check->applies[i] && check->fresh_for_seconds[i] < shortest)
            shortest = check->fresh_for_seconds[i];
    return shortest;
}

void check_judge(const struct check *check, const struct machine_facts *facts, enum profile profile,
                 int64_t now, struct verdict *ret_verdict)
{
    struct question question = {.facts = facts, .now = now};
    struct outcome outcome;

    *ret_verdict = (struct verdict){.state = VERDICT_NOT_APPLICABLE};
    ret_verdict->valid_until = facts->seen_at + fresh_for(check, profile);
    if (profile != PROFILE_UNKNOWN && !check->applies[profile])
        return;
    if (now > ret_verdict->valid_until || facts->seen_at > now + CLOCK_TOLERANCE_SECONDS) {
        set_unknown(ret_verdict, UNKNOWN_STALE, "");
        return;
    }
    if (profile == PROFILE_UNKNOWN && !(check->applies[0] && check->applies[1])) {
        set_unknown(ret_verdict, UNKNOWN_NOT_PRESENT, MACHINE_KIND);
        return;
    }
    outcome = judge(&check->condition, &question);
    set_verdict(ret_verdict, &outcome);
}

enum profile machine_facts_profile(const struct machine_facts *facts)
{
    const struct section_facts *section = find_section(facts, "os_release");
    const char *kind = section == NULL ? NULL : json_text(json_at(section->facts, "/machine_kind"));

    /* People work at a desktop as at a laptop; a virtual machine or a container may be either. */
    if (kind != NULL && (strcmp(kind, "laptop") == 0 || strcmp(kind, "desktop") == 0))
        return PROFILE_LAPTOP;
    return kind != NULL && strcmp(kind, "server") == 0 ? PROFILE_SERVER : PROFILE_UNKNOWN;
}
