/* The checks and the advice that the programs carry. */
#include <stdlib.h>
#include <string.h>

#include "baseline/check.h"
#include "baseline/verdict.h"
#include "collectors/registry.h"
#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/json_writer.h"
#include "platform/text.h"
#include "tests/support/judging.h"
#include "tests/support/test.h"

#define DAY    86400
#define SEEDS  200U
#define LEAVES 32U

/* Every comparison of a check, in order. */
struct leaves {
    const struct condition *items[LEAVES];
    size_t count;
};

static void find_leaves(const struct condition *condition, struct leaves *leaves)
{
    for (size_t i = 0; i < condition->child_count; i++)
        find_leaves(&condition->children[i], leaves);
    if (condition->kind == CONDITION_ALL || condition->kind == CONDITION_ANY)
        return;
    assert_true(leaves->count < LEAVES);
    leaves->items[leaves->count++] = condition;
}

static const struct fact *find_fact(const struct condition *leaf)
{
    const struct collector *collector = collector_by_name(leaf->section);
    const struct fact *fact = collector == NULL ? NULL : collector->facts;

    while (fact != NULL && fact->name != NULL && strcmp(fact->name, leaf->name) != 0)
        fact++;
    return fact == NULL || fact->name == NULL ? NULL : fact;
}

static enum fact_type wanted_type(const struct condition *leaf, const struct fact *fact)
{
    if (leaf->kind == CONDITION_NOT_OLDER || leaf->kind == CONDITION_NOT_BEFORE_NOW)
        return FACT_TIME;
    if (leaf->wanted == WANTED_BOOL)
        return FACT_BOOL;
    if (leaf->wanted == WANTED_INTEGER)
        return FACT_INTEGER;
    return fact->type == FACT_TEXT ? FACT_TEXT : FACT_ENUM;
}

static bool is_choice(const struct fact *fact, const char *text)
{
    const char *const *choice = fact->choices;

    while (*choice != NULL && strcmp(*choice, text) != 0)
        choice++;
    return *choice != NULL;
}

static void assert_fits(const struct condition *leaf, const struct fact *fact)
{
    if (fact->type != wanted_type(leaf, fact))
        fail_msg("%s is of another type", leaf->pointer);
    for (size_t i = 0; fact->type == FACT_ENUM && i < leaf->text_count; i++)
        if (!is_choice(fact, leaf->texts[i]))
            fail_msg("%s is never \"%s\"", leaf->pointer, leaf->texts[i]);
}

TEST(every_fact_that_a_check_reads_is_one_that_a_collector_has)
{
    const struct baseline *baseline = baseline_builtin();
    struct leaves leaves = {.count = 0};

    for (size_t i = 0; i < baseline_count(baseline); i++)
        find_leaves(&baseline_check(baseline, i)->condition, &leaves);
    for (size_t i = 0; i < leaves.count; i++) {
        const struct fact *fact = find_fact(leaves.items[i]);

        if (fact == NULL)
            fail_msg("no collector has %s", leaves.items[i]->pointer);
        else
            assert_fits(leaves.items[i], fact);
    }
}

/* A value that makes the comparison true. */
static void write_good(struct json_writer *writer, const struct condition *leaf)
{
    if (leaf->kind == CONDITION_NOT_OLDER || leaf->kind == CONDITION_NOT_BEFORE_NOW)
        json_write_text(writer, "2026-11-23T10:00:00Z");
    else if (leaf->wanted == WANTED_BOOL)
        json_write_bool(writer, leaf->number != 0);
    else if (leaf->wanted == WANTED_INTEGER)
        json_write_integer(writer, leaf->number);
    else
        json_write_text(writer, leaf->texts[0]);
}

/* The facts that a check reads, all good but those whose bit in nulls is set. One section each,
 * by what the leaves name; a check reads few facts, so each leaf's section is written anew. */
static void write_section(struct json_writer *writer, const struct leaves *leaves, size_t own,
                          uint32_t nulls)
{
    const char *section = leaves->items[own]->section;

    json_write_name(writer, section);
    json_begin_object(writer);
    json_write_name(writer, "facts");
    json_begin_object(writer);
    for (size_t i = 0; i < leaves->count; i++) {
        if (strcmp(leaves->items[i]->section, section) != 0)
            continue;
        json_write_name(writer, leaves->items[i]->name);
        if ((nulls >> i & 1) != 0)
            json_write_null(writer);
        else
            write_good(writer, leaves->items[i]);
    }
    json_end_object(writer);
    json_write_name(writer, "unknown");
    json_begin_object(writer);
    for (size_t i = 0; i < leaves->count; i++)
        if (strcmp(leaves->items[i]->section, section) == 0 && (nulls >> i & 1) != 0)
            json_add_text(writer, leaves->items[i]->name,
                          unknown_reason_name((enum unknown_reason)(
                              1 + (nulls >> 8) % (UNKNOWN_REASON_COUNT - 1))));
    json_end_object(writer);
    json_end_object(writer);
}

static struct verdict judge_with_nulls(const struct check *check, const struct leaves *leaves,
                                       uint32_t nulls, int64_t now)
{
    AUTO(auto_json_free) struct json *document = NULL;
    struct json_writer writer = {0};
    struct machine_facts facts;
    struct verdict verdict;

    json_begin_object(&writer);
    for (size_t i = 0; i < leaves->count; i++) {
        size_t first = 0;

        while (strcmp(leaves->items[first]->section, leaves->items[i]->section) != 0)
            first++;
        if (first == i)
            write_section(&writer, leaves, i, nulls);
    }
    json_end_object(&writer);
    assert_int_equal(
        json_parse(writer.out.bytes, writer.out.length, &json_default_limits, &document, NULL), 0);
    text_clear(&writer.out);
    facts = machine_facts_of(document, JUDGING_NOW);
    check_judge(check, &facts, PROFILE_LAPTOP, now, &verdict);
    free(facts.sections);
    return verdict;
}

TEST(every_check_passes_on_good_facts_and_ends_within_eight_days)
{
    const struct baseline *baseline = baseline_builtin();

    for (size_t i = 0; i < baseline_count(baseline); i++) {
        const struct check *check = baseline_check(baseline, i);
        struct leaves leaves = {.count = 0};
        struct verdict verdict;

        find_leaves(&check->condition, &leaves);
        verdict = judge_with_nulls(check, &leaves, 0, JUDGING_NOW);
        if (verdict.state != VERDICT_PASS)
            fail_msg("%s does not pass", check_id(check));
        assert_true(verdict.valid_until <= JUDGING_NOW + 7 * DAY);
        verdict = judge_with_nulls(check, &leaves, 0, JUDGING_NOW + 8 * DAY);
        assert_int_equal(verdict.state, VERDICT_UNKNOWN);
        assert_int_equal(verdict.reason, UNKNOWN_STALE);
    }
}

static void try_with_nulls(const struct check *check, const struct leaves *leaves)
{
    uint32_t any = 0;

    for (size_t i = 0; i < leaves->count; i++)
        any |= 1U << i % 32;
    for (unsigned seed = 1; seed <= SEEDS; seed++) {
        uint32_t nulls;

        srandom(seed); /* the same facts each time the test runs */
        nulls = (uint32_t)random();
        nulls |= (nulls & any) == 0 ? 1U : 0;
        if (judge_with_nulls(check, leaves, nulls, JUDGING_NOW).state == VERDICT_PASS)
            fail_msg("%s passes with seed %u", check_id(check), seed);
    }
}

TEST(no_check_passes_when_a_fact_that_it_reads_is_not_known)
{
    const struct baseline *baseline = baseline_builtin();

    for (size_t i = 0; i < baseline_count(baseline); i++) {
        struct leaves leaves = {.count = 0};

        find_leaves(&baseline_check(baseline, i)->condition, &leaves);
        try_with_nulls(baseline_check(baseline, i), &leaves);
    }
}

/* One look at a patched machine, with one fact changed. */
static enum verdict_state judge_updates(const char *broken, const char *expire)
{
    static const char format[] =
        "{\"patch_level\":{\"facts\":{\"security_source_configured\":true,"
        "\"security_source_indexed\":true,\"pending_security_updates\":0,\"broken_packages\":%s,"
        "\"security_lists_published_at\":\"2026-11-23T00:53:02Z\","
        "\"security_lists_expire_at\":%s},"
        "\"unknown\":{\"security_lists_expire_at\":\"not_applicable\"}}}";
    const struct baseline *baseline = baseline_builtin();
    AUTO(auto_json_free) struct json *document = NULL;
    AUTO(text_clear) struct text text = {0};
    struct machine_facts facts;
    struct verdict verdict = {.state = VERDICT_UNKNOWN};

    text_add_format(&text, format, broken, expire);
    if (strcmp(expire, "null") != 0) /* what is known has no reason */
        text_truncate(&text, (size_t)(strstr(text.bytes, "\"unknown\"") - text.bytes));
    if (strcmp(expire, "null") != 0)
        text_add_string(&text, "\"unknown\":{}}}");
    assert_int_equal(json_parse(text.bytes, text.length, &json_default_limits, &document, NULL), 0);
    facts = machine_facts_of(document, JUDGING_NOW);
    for (size_t i = 0; i < baseline_count(baseline); i++)
        if (strcmp(check_id(baseline_check(baseline, i)), "security_updates") == 0)
            check_judge(baseline_check(baseline, i), &facts, PROFILE_LAPTOP, JUDGING_NOW, &verdict);
    free(facts.sections);
    return verdict.state;
}

TEST(updates_need_whole_packages_and_a_list_that_still_counts)
{
    assert_int_equal(judge_updates("0", "\"2026-11-28T00:53:02Z\""), VERDICT_PASS);
    assert_int_equal(judge_updates("0", "null"), VERDICT_PASS); /* it never expires */
    assert_int_equal(judge_updates("1", "\"2026-11-28T00:53:02Z\""), VERDICT_FAIL);
    assert_int_equal(judge_updates("0", "\"2026-11-23T09:29:59Z\""), VERDICT_FAIL);
}

TEST(the_heaviest_comes_first)
{
    const struct baseline *baseline = baseline_builtin();

    assert_in_range(baseline_count(baseline), 5, 8);
    for (size_t i = 1; i < baseline_count(baseline); i++)
        assert_true(check_weight(baseline_check(baseline, i - 1)) >=
                    check_weight(baseline_check(baseline, i)));
}

static void assert_calm(const char *text)
{
    static const char *const words[] = {"!",     "critical", "violation", "compliant", "simply",
                                        "just ", "risk",     "hacker",    "  "};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strstr(text, words[i]) != NULL)
            fail_msg("\"%s\" says \"%s\"", text, words[i]);
}

TEST(the_advice_stays_calm)
{
    const struct baseline *baseline = baseline_builtin();

    for (size_t i = 0; i < baseline_count(baseline); i++) {
        const struct advice *advice = check_advice(baseline_check(baseline, i), "en");

        assert_calm(advice->wrong);
        assert_calm(advice->why);
        assert_calm(advice->steps);
        assert_calm(check_title(baseline_check(baseline, i)));
        assert_non_null(strstr(advice->steps, "\n$ "));
    }
    for (int reason = 0; reason < UNKNOWN_REASON_COUNT; reason++) {
        assert_calm(unknown_reason_text((enum unknown_reason)reason));
        assert_string_not_equal(unknown_reason_text((enum unknown_reason)reason),
                                unknown_reason_text((enum unknown_reason)UNKNOWN_REASON_COUNT));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(every_fact_that_a_check_reads_is_one_that_a_collector_has),
        RUN(every_check_passes_on_good_facts_and_ends_within_eight_days),
        RUN(no_check_passes_when_a_fact_that_it_reads_is_not_known),
        RUN(updates_need_whole_packages_and_a_list_that_still_counts),
        RUN(the_heaviest_comes_first),
        RUN(the_advice_stays_calm),
    };

    return RUN_ALL(tests);
}
