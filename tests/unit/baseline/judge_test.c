#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "baseline/verdict.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/json.h"
#include "tests/support/judging.h"
#include "tests/support/test.h"

#define DAY 86400

static struct verdict judged(const char *condition, const char *facts)
{
    return judge_condition(condition, facts, JUDGING_NOW);
}

static void assert_state(const char *condition, const char *facts, enum verdict_state state)
{
    struct verdict verdict = judged(condition, facts);

    if (verdict.state != state)
        fail_msg("%s on %s is %d, not %d", condition, facts, verdict.state, state);
}

static void assert_unknown(const char *condition, const char *facts, enum unknown_reason reason)
{
    struct verdict verdict = judged(condition, facts);

    assert_int_equal(verdict.state, VERDICT_UNKNOWN);
    if (verdict.reason != reason)
        fail_msg("%s on %s is %s, not %s", condition, facts, unknown_reason_name(verdict.reason),
                 unknown_reason_name(reason));
}

/* A fact /s/a with this value. */
static const char *fact(const char *value)
{
    static char facts[256];

    (void)snprintf(facts, sizeof(facts), "{\"s\":{\"facts\":{\"a\":%s},\"unknown\":{}}}", value);
    return facts;
}

static const char *time_fact(int64_t seconds)
{
    char text[CLOCK_TEXT_SIZE], quoted[CLOCK_TEXT_SIZE + 2];

    clock_to_text(seconds, text);
    (void)snprintf(quoted, sizeof(quoted), "\"%s\"", text);
    return fact(quoted);
}

#define A_EQUALS_TRUE "{\"fact\":\"/s/a\",\"equals\":true}"
#define B_EQUALS_TRUE "{\"fact\":\"/s/b\",\"equals\":true}"

TEST(compares_bools_numbers_and_texts)
{
    assert_state(A_EQUALS_TRUE, fact("true"), VERDICT_PASS);
    assert_state(A_EQUALS_TRUE, fact("false"), VERDICT_FAIL);
    assert_state("{\"fact\":\"/s/a\",\"equals\":false}", fact("false"), VERDICT_PASS);
    assert_state("{\"fact\":\"/s/a\",\"equals\":0}", fact("0"), VERDICT_PASS);
    assert_state("{\"fact\":\"/s/a\",\"equals\":0}", fact("1"), VERDICT_FAIL);
    assert_state("{\"fact\":\"/s/a\",\"equals\":\"on\"}", fact("\"on\""), VERDICT_PASS);
    assert_state("{\"fact\":\"/s/a\",\"equals\":\"on\"}", fact("\"On\""), VERDICT_FAIL);
}

TEST(compares_with_lists_and_limits)
{
    assert_state("{\"fact\":\"/s/a\",\"one_of\":[\"x\",\"y\"]}", fact("\"y\""), VERDICT_PASS);
    assert_state("{\"fact\":\"/s/a\",\"one_of\":[\"x\",\"y\"]}", fact("\"z\""), VERDICT_FAIL);
    assert_state("{\"fact\":\"/s/a\",\"at_most\":3}", fact("3"), VERDICT_PASS);
    assert_state("{\"fact\":\"/s/a\",\"at_most\":3}", fact("4"), VERDICT_FAIL);
    assert_state("{\"fact\":\"/s/a\",\"at_least\":3}", fact("3"), VERDICT_PASS);
    assert_state("{\"fact\":\"/s/a\",\"at_least\":3}", fact("2"), VERDICT_FAIL);
}

TEST(a_value_of_another_type_is_unknown_and_never_good)
{
    assert_unknown(A_EQUALS_TRUE, fact("\"true\""), UNKNOWN_PARSE_ERROR);
    assert_unknown(A_EQUALS_TRUE, fact("1"), UNKNOWN_PARSE_ERROR);
    assert_unknown("{\"fact\":\"/s/a\",\"equals\":0}", fact("false"), UNKNOWN_PARSE_ERROR);
    assert_unknown("{\"fact\":\"/s/a\",\"equals\":0}", fact("0.5"), UNKNOWN_PARSE_ERROR);
    assert_unknown("{\"fact\":\"/s/a\",\"equals\":\"on\"}", fact("[\"on\"]"), UNKNOWN_PARSE_ERROR);
    assert_unknown("{\"fact\":\"/s/a\",\"at_most\":3}", fact("\"2\""), UNKNOWN_PARSE_ERROR);
    assert_unknown("{\"fact\":\"/s/a\",\"not_before_now\":true}", fact("\"2099-01-01\""),
                   UNKNOWN_PARSE_ERROR);
    assert_unknown("{\"fact\":\"/s/a\",\"not_older_than_days\":7}", fact("1795426200"),
                   UNKNOWN_PARSE_ERROR);
}

TEST(a_time_is_good_until_the_second_it_turns_false)
{
    static const char condition[] = "{\"fact\":\"/s/a\",\"not_older_than_days\":7}";

    assert_state(condition, time_fact(JUDGING_NOW), VERDICT_PASS);
    assert_state(condition, time_fact(JUDGING_NOW - 7 * DAY), VERDICT_PASS);
    assert_state(condition, time_fact(JUDGING_NOW - 7 * DAY - 1), VERDICT_FAIL);
    assert_int_equal(judged(condition, time_fact(JUDGING_NOW - 6 * DAY)).valid_until,
                     JUDGING_NOW + DAY);
}

TEST(a_time_in_the_future_does_not_stay_fresh_for_ever)
{
    static const char condition[] = "{\"fact\":\"/s/a\",\"not_older_than_days\":7}";

    assert_state(condition, time_fact(JUDGING_NOW + 3600), VERDICT_PASS);
    assert_unknown(condition, time_fact(JUDGING_NOW + 2 * DAY), UNKNOWN_CONFLICTING);
}

TEST(an_end_must_lie_in_the_future)
{
    static const char condition[] = "{\"fact\":\"/s/a\",\"not_before_now\":true}";

    assert_state(condition, time_fact(JUDGING_NOW + 400 * DAY), VERDICT_PASS);
    assert_state(condition, time_fact(JUDGING_NOW), VERDICT_PASS);
    assert_state(condition, time_fact(JUDGING_NOW - 1), VERDICT_FAIL);
    assert_int_equal(judged(condition, time_fact(JUDGING_NOW + DAY)).valid_until,
                     JUDGING_NOW + DAY);
}

TEST(a_missing_section_or_fact_is_not_present)
{
    struct verdict verdict = judged(A_EQUALS_TRUE, "{}");

    assert_int_equal(verdict.state, VERDICT_UNKNOWN);
    assert_int_equal(verdict.reason, UNKNOWN_NOT_PRESENT);
    assert_string_equal(verdict.fact, "/s/a");
    assert_unknown(B_EQUALS_TRUE, fact("true"), UNKNOWN_NOT_PRESENT);
}

TEST(a_null_keeps_its_reason)
{
    assert_unknown(A_EQUALS_TRUE,
                   "{\"s\":{\"facts\":{\"a\":null},\"unknown\":{\"a\":\"not_permitted\"}}}",
                   UNKNOWN_NOT_PERMITTED);
    assert_unknown(A_EQUALS_TRUE, fact("null"), UNKNOWN_PARSE_ERROR);
    assert_unknown(A_EQUALS_TRUE,
                   "{\"s\":{\"facts\":{\"a\":null},\"unknown\":{\"a\":\"invented\"}}}",
                   UNKNOWN_PARSE_ERROR);
}

TEST(a_value_that_is_also_said_to_be_unknown_is_no_value)
{
    assert_unknown(A_EQUALS_TRUE,
                   "{\"s\":{\"facts\":{\"a\":true},\"unknown\":{\"a\":\"not_applicable\"}}}",
                   UNKNOWN_CONFLICTING);
}

/* The fact /s/a unknown for a reason, beside /s/b. */
static const char *pair(const char *reason, const char *b)
{
    static char facts[256];

    (void)snprintf(facts, sizeof(facts),
                   "{\"s\":{\"facts\":{\"a\":null,\"b\":%s},\"unknown\":{\"a\":\"%s\"}}}", b,
                   reason);
    return facts;
}

#define ALL "{\"all\":[" A_EQUALS_TRUE "," B_EQUALS_TRUE "]}"
#define ANY "{\"any\":[" A_EQUALS_TRUE "," B_EQUALS_TRUE "]}"

TEST(in_all_a_definite_no_decides_beside_an_unknown)
{
    struct verdict verdict = judged(ALL, pair("timeout", "false"));

    assert_int_equal(verdict.state, VERDICT_FAIL);
    assert_string_equal(verdict.fact, "/s/b");
    assert_unknown(ALL, pair("timeout", "true"), UNKNOWN_TIMEOUT);
}

TEST(any_passes_only_when_all_that_it_reads_is_known)
{
    assert_state(ANY, "{\"s\":{\"facts\":{\"a\":false,\"b\":true},\"unknown\":{}}}", VERDICT_PASS);
    assert_state(ANY, "{\"s\":{\"facts\":{\"a\":false,\"b\":false},\"unknown\":{}}}", VERDICT_FAIL);
    assert_unknown(ANY, pair("stale", "true"), UNKNOWN_STALE);
    assert_unknown(ANY, pair("stale", "false"), UNKNOWN_STALE);
}

TEST(a_gap_deep_inside_keeps_a_pass_away)
{
    /* The inner all is a definite no, so the outer any would be a yes without a. */
    static const char condition[] = "{\"any\":[{\"all\":[" A_EQUALS_TRUE ",{\"fact\":\"/s/b\","
                                    "\"equals\":false}]}," B_EQUALS_TRUE "]}";

    assert_unknown(condition, pair("in_progress", "true"), UNKNOWN_IN_PROGRESS);
}

TEST(what_does_not_apply_drops_out)
{
    assert_state(ALL, pair("not_applicable", "true"), VERDICT_PASS);
    assert_state(ALL, pair("not_applicable", "false"), VERDICT_FAIL);
    assert_state(ANY, pair("not_applicable", "true"), VERDICT_PASS);
    assert_state(ANY, pair("not_applicable", "false"), VERDICT_FAIL);
    assert_state(A_EQUALS_TRUE,
                 "{\"s\":{\"facts\":{\"a\":null},\"unknown\":{\"a\":\"not_applicable\"}}}",
                 VERDICT_NOT_APPLICABLE);
    assert_state(ALL,
                 "{\"s\":{\"facts\":{\"a\":null,\"b\":null},"
                 "\"unknown\":{\"a\":\"not_applicable\",\"b\":\"not_applicable\"}}}",
                 VERDICT_NOT_APPLICABLE);
}

TEST(all_ends_with_its_first_time_and_any_with_its_last)
{
    char facts[256], first[CLOCK_TEXT_SIZE], last[CLOCK_TEXT_SIZE];
    static const char *const parts = "[{\"fact\":\"/s/a\",\"not_before_now\":true},"
                                     "{\"fact\":\"/s/b\",\"not_before_now\":true}]}";
    char all[256], any[256];

    clock_to_text(JUDGING_NOW + 2 * DAY, first);
    clock_to_text(JUDGING_NOW + 3 * DAY, last);
    (void)snprintf(all, sizeof(all), "{\"all\":%s", parts);
    (void)snprintf(any, sizeof(any), "{\"any\":%s", parts);
    for (int swapped = 0; swapped < 2; swapped++) {
        (void)snprintf(facts, sizeof(facts),
                       "{\"s\":{\"facts\":{\"a\":\"%s\",\"b\":\"%s\"},\"unknown\":{}}}",
                       swapped ? last : first, swapped ? first : last);
        assert_int_equal(judged(all, facts).valid_until, JUDGING_NOW + 2 * DAY);
        assert_int_equal(judged(any, facts).valid_until, JUDGING_NOW + 3 * DAY);
    }
}

TEST(facts_that_were_not_renewed_make_every_verdict_stale)
{
    struct verdict verdict = judge_condition(A_EQUALS_TRUE, fact("true"), JUDGING_NOW + 7 * DAY);

    assert_int_equal(verdict.state, VERDICT_PASS);
    assert_int_equal(verdict.valid_until, JUDGING_NOW + 7 * DAY);
    for (int yes = 0; yes < 2; yes++) {
        verdict =
            judge_condition(A_EQUALS_TRUE, fact(yes ? "true" : "false"), JUDGING_NOW + 7 * DAY + 1);
        assert_int_equal(verdict.state, VERDICT_UNKNOWN);
        assert_int_equal(verdict.reason, UNKNOWN_STALE);
    }
}

TEST(facts_from_the_future_are_stale)
{
    struct verdict verdict = judge_condition(A_EQUALS_TRUE, fact("true"), JUDGING_NOW - 2 * DAY);

    assert_int_equal(verdict.state, VERDICT_UNKNOWN);
    assert_int_equal(verdict.reason, UNKNOWN_STALE);
}

static struct verdict judge_for(const char *profiles, const char *fresh_for, enum profile profile,
                                int64_t now)
{
    struct baseline *baseline = baseline_of(A_EQUALS_TRUE, profiles, fresh_for);
    AUTO(auto_json_free) struct json *document = NULL;
    struct machine_facts machine;
    struct verdict verdict;
    const char *facts = fact("true");

    assert_int_equal(json_parse(facts, strlen(facts), &json_default_limits, &document, NULL), 0);
    machine = machine_facts_of(document, JUDGING_NOW);
    check_judge(baseline_check(baseline, 0), &machine, profile, now, &verdict);
    free(machine.sections);
    baseline_free(baseline);
    return verdict;
}

TEST(each_profile_has_its_own_time)
{
    static const char both[] = "[\"laptop\",\"server\"]", fresh[] = "{\"laptop\":7,\"server\":2}";
    int64_t later = JUDGING_NOW + 3 * DAY;

    assert_int_equal(judge_for(both, fresh, PROFILE_LAPTOP, later).state, VERDICT_PASS);
    assert_int_equal(judge_for(both, fresh, PROFILE_SERVER, later).state, VERDICT_UNKNOWN);
    assert_int_equal(judge_for(both, fresh, PROFILE_UNKNOWN, later).state, VERDICT_UNKNOWN);
    assert_int_equal(judge_for(both, fresh, PROFILE_UNKNOWN, JUDGING_NOW).state, VERDICT_PASS);
}

TEST(a_check_for_the_other_kind_of_machine_does_not_apply)
{
    static const char laptop[] = "[\"laptop\"]", fresh[] = "{\"laptop\":7}";
    struct verdict verdict = judge_for(laptop, fresh, PROFILE_UNKNOWN, JUDGING_NOW);

    assert_int_equal(judge_for(laptop, fresh, PROFILE_LAPTOP, JUDGING_NOW).state, VERDICT_PASS);
    assert_int_equal(judge_for(laptop, fresh, PROFILE_SERVER, JUDGING_NOW).state,
                     VERDICT_NOT_APPLICABLE);
    assert_int_equal(verdict.state, VERDICT_UNKNOWN);
    assert_string_equal(verdict.fact, "/os_release/machine_kind");
}

TEST(the_machine_tells_its_own_profile)
{
    static const struct {
        const char *facts;
        enum profile profile;
    } rows[] = {
        {"{\"os_release\":{\"facts\":{\"machine_kind\":\"laptop\"},\"unknown\":{}}}",
         PROFILE_LAPTOP},
        {"{\"os_release\":{\"facts\":{\"machine_kind\":\"server\"},\"unknown\":{}}}",
         PROFILE_SERVER},
        {"{\"os_release\":{\"facts\":{\"machine_kind\":\"desktop\"},\"unknown\":{}}}",
         PROFILE_LAPTOP},
        {"{\"os_release\":{\"facts\":{\"machine_kind\":\"virtual\"},\"unknown\":{}}}",
         PROFILE_UNKNOWN},
        {"{\"os_release\":{\"facts\":{\"machine_kind\":null},\"unknown\":{}}}", PROFILE_UNKNOWN},
        {"{\"other\":{\"facts\":{\"machine_kind\":\"laptop\"},\"unknown\":{}}}", PROFILE_UNKNOWN},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO(auto_json_free) struct json *document = NULL;
        struct machine_facts machine;

        assert_int_equal(
            json_parse(rows[i].facts, strlen(rows[i].facts), &json_default_limits, &document, NULL),
            0);
        machine = machine_facts_of(document, JUDGING_NOW);
        assert_int_equal(machine_facts_profile(&machine), rows[i].profile);
        free(machine.sections);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(compares_bools_numbers_and_texts),
        RUN(compares_with_lists_and_limits),
        RUN(a_value_of_another_type_is_unknown_and_never_good),
        RUN(a_time_is_good_until_the_second_it_turns_false),
        RUN(a_time_in_the_future_does_not_stay_fresh_for_ever),
        RUN(an_end_must_lie_in_the_future),
        RUN(a_missing_section_or_fact_is_not_present),
        RUN(a_null_keeps_its_reason),
        RUN(a_value_that_is_also_said_to_be_unknown_is_no_value),
        RUN(in_all_a_definite_no_decides_beside_an_unknown),
        RUN(any_passes_only_when_all_that_it_reads_is_known),
        RUN(a_gap_deep_inside_keeps_a_pass_away),
        RUN(what_does_not_apply_drops_out),
        RUN(all_ends_with_its_first_time_and_any_with_its_last),
        RUN(facts_that_were_not_renewed_make_every_verdict_stale),
        RUN(facts_from_the_future_are_stale),
        RUN(each_profile_has_its_own_time),
        RUN(a_check_for_the_other_kind_of_machine_does_not_apply),
        RUN(the_machine_tells_its_own_profile),
    };

    return RUN_ALL(tests);
}
