#include <errno.h>
#include <string.h>

#include "baseline/verdict.h"
#include "platform/cleanup.h"
#include "platform/text.h"
#include "tests/support/test.h"

#define ADVICE                                                                                     \
    "{\"a\":{\"wrong\":\"It is wrong.\",\"why\":\"It matters.\",\"steps\":[\"First:\","            \
    "\"$ mend\"],\"time\":\"5 minutes\",\"needs_volunteer\":true}}"

/* A good check with one member given otherwise. */
static char *check_with(const char *member, const char *value)
{
    static const char *const good[][2] = {
        {"id", "\"thing\""},
        {"title", "\"It works\""},
        {"condition", "{\"fact\":\"/s/a\",\"equals\":true}"},
        {"profiles", "[\"laptop\",\"server\"]"},
        {"weight", "5"},
        {"fresh_for_days", "{\"laptop\":7,\"server\":2}"},
        {"advice", "\"a\""},
        {"frameworks", "{\"cis_v8\":[\"7.3\"],\"ncsc_nl\":[3]}"},
    };
    struct text text = {0};
    bool used = member == NULL;

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        bool other = member != NULL && strcmp(good[i][0], member) == 0;

        used = used || other;
        if (other && value == NULL)
            continue;
        text_add_format(&text, "%s\"%s\":%s", text.length == 0 ? "{" : ",", good[i][0],
                        other ? value : good[i][1]);
    }
    if (!used)
        text_add_format(&text, ",\"%s\":%s", member, value);
    text_add_string(&text, "}");
    return text_take(&text);
}

static struct baseline *load(const char *check)
{
    const char *const checks[] = {check};
    struct baseline *baseline = NULL;

    assert_int_equal(baseline_from_json(checks, 1, ADVICE, &baseline, NULL), 0);
    return baseline;
}

static void assert_refused(const char *check, const char *advice, const char *reason)
{
    const char *const checks[] = {check};
    struct baseline *baseline = NULL;
    struct error err = {0};

    if (baseline_from_json(checks, 1, advice, &baseline, &err) == 0)
        fail_msg("was accepted: %s", check);
    if (strstr(err.message, reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.message, reason);
    assert_null(strchr(err.message, '\n'));
    assert_null(baseline);
}

TEST(reads_a_check_and_its_advice)
{
    AUTO_FREE char *document = check_with(NULL, NULL);
    struct baseline *baseline = load(document);
    const struct check *check = baseline_find(baseline, "thing");
    const struct advice *advice = check_advice(check, "en");

    assert_int_equal(baseline_count(baseline), 1);
    assert_ptr_equal(check, baseline_check(baseline, 0));
    assert_null(baseline_find(baseline, "other"));
    assert_string_equal(check_id(check), "thing");
    assert_string_equal(check_title(check), "It works");
    assert_int_equal(check_weight(check), 5);
    assert_string_equal(advice->wrong, "It is wrong.");
    assert_string_equal(advice->steps, "First:\n$ mend");
    assert_string_equal(advice->time, "5 minutes");
    assert_true(advice->needs_volunteer);
    assert_ptr_equal(check_advice(check, "xx"), advice);
    baseline_free(baseline);
}

TEST(refuses_checks_that_say_something_else)
{
    static const struct {
        const char *member, *value, *reason;
    } rows[] = {
        {"id", NULL, "\"id\" is missing"},
        {"id", "\"Thing\"", "\"id\" must be"},
        {"id", "\"\"", "\"id\" must be"},
        {"id", "\"1thing\"", "\"id\" must be"},
        {"id", "\"../thing\"", "\"id\" must be"},
        {"id", "\"a123456789b123456789c123456789d123456789e12345678\"", "\"id\" must be"},
        {"id", "7", "\"id\" must be"},
        {"title", "\"\"", "thing: \"title\" must be"},
        {"title", "\"two\\nlines\"", "control character"},
        {"titel", "\"It works\"", "there is no member \"titel\""},
        {"weight", "0", "thing: \"weight\" must be 1 to 10"},
        {"weight", "11", "\"weight\" must be 1 to 10"},
        {"weight", "1.5", "\"weight\" must be 1 to 10"},
        {"weight", "\"5\"", "\"weight\" must be 1 to 10"},
        {"profiles", "[]", "\"profiles\" must be"},
        {"profiles", "{}", "\"profiles\" must be"},
        {"profiles", "[\"phone\"]", "\"profiles\" may hold"},
        {"profiles", "[\"laptop\",\"laptop\"]", "\"profiles\" may hold"},
        {"fresh_for_days", "{\"laptop\":7}", "\"fresh_for_days\" needs \"server\""},
        {"fresh_for_days", "{\"laptop\":7,\"server\":0}", "\"fresh_for_days\" needs \"server\""},
        {"fresh_for_days", "{\"laptop\":91,\"server\":1}", "\"fresh_for_days\" needs \"laptop\""},
        {"fresh_for_days", "{\"laptop\":7,\"server\":1,\"phone\":1}", "no others"},
        {"advice", "\"b\"", "thing: there is no advice \"b\""},
        {"frameworks", "[]", "\"frameworks\" must be an object"},
        {"frameworks", "{\"CIS\":[1]}", "\"frameworks\" must map"},
        {"frameworks", "{\"cis\":[]}", "\"frameworks\" must map"},
        {"frameworks", "{\"cis\":[null]}", "\"frameworks\" may list"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *document = check_with(rows[i].member, rows[i].value);

        assert_refused(document, ADVICE, rows[i].reason);
    }
    assert_refused("[]", ADVICE, "expected an object");
    assert_refused("{", ADVICE, "a check: JSON:");
}

TEST(refuses_conditions_outside_the_closed_set)
{
    static const struct {
        const char *condition, *reason;
    } rows[] = {
        {"[]", "must be an object"},
        {"{}", "\"fact\" must be"},
        {"{\"equals\":true}", "\"fact\" must be"},
        {"{\"fact\":\"/s/a\"}", "exactly one comparison"},
        {"{\"fact\":\"/s/a\",\"equals\":1,\"at_most\":2}", "exactly one comparison"},
        {"{\"fact\":\"/s/a\",\"matches\":\".*\"}", "no comparison \"matches\""},
        {"{\"fact\":\"s/a\",\"equals\":1}", "\"fact\" must be"},
        {"{\"fact\":\"/s\",\"equals\":1}", "not the fact of a section"},
        {"{\"fact\":\"/s/\",\"equals\":1}", "not the fact of a section"},
        {"{\"fact\":\"//a\",\"equals\":1}", "not the fact of a section"},
        {"{\"fact\":\"/s/a/b\",\"equals\":1}", "not the fact of a section"},
        {"{\"fact\":\"/S/a\",\"equals\":1}", "not the fact of a section"},
        {"{\"fact\":\"/s/a b\",\"equals\":1}", "not the fact of a section"},
        {"{\"fact\":\"/section_that_is_much_too_long/"
         "for_a_pointer_of_sixty_three_characters\",\"equals\":1}",
         "\"fact\" must be"},
        {"{\"fact\":\"/s/a\",\"equals\":null}", "/s/a: \"equals\" must be"},
        {"{\"fact\":\"/s/a\",\"equals\":1.5}", "\"equals\" must be"},
        {"{\"fact\":\"/s/a\",\"one_of\":[]}", "\"one_of\" must be"},
        {"{\"fact\":\"/s/a\",\"one_of\":\"x\"}", "\"one_of\" must be"},
        {"{\"fact\":\"/s/a\",\"one_of\":[\"x\",1]}", "\"one_of\" may only"},
        {"{\"fact\":\"/s/a\",\"at_most\":\"1\"}", "must be whole numbers"},
        {"{\"fact\":\"/s/a\",\"at_least\":1.5}", "must be whole numbers"},
        {"{\"fact\":\"/s/a\",\"not_older_than_days\":0}", "must be 1 to 3650"},
        {"{\"fact\":\"/s/a\",\"not_older_than_days\":3651}", "must be 1 to 3650"},
        {"{\"fact\":\"/s/a\",\"not_before_now\":false}", "must be true"},
        {"{\"all\":[]}", "lists of 1 to 16"},
        {"{\"all\":{}}", "lists of 1 to 16"},
        {"{\"any\":[{\"fact\":\"/s/a\",\"equals\":1},7]}", "must be an object"},
        {"{\"all\":[{\"fact\":\"/s/a\",\"equals\":1}],\"any\":[]}", "must stand alone"},
        {"{\"all\":[{\"fact\":\"/s/a\",\"equals\":1}],\"fact\":\"/s/a\"}", "must stand alone"},
        {"{\"all\":[{\"any\":[{\"all\":[{\"any\":[{\"all\":[{\"fact\":\"/s/a\",\"equals\":1}]}]}]}]"
         "}]}",
         "nested deeper than 4"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        AUTO_FREE char *document = check_with("condition", rows[i].condition);

        assert_refused(document, ADVICE, rows[i].reason);
    }
}

TEST(nests_four_deep)
{
    AUTO_FREE char *document = check_with(
        "condition",
        "{\"all\":[{\"any\":[{\"all\":[{\"any\":[{\"fact\":\"/s/a\",\"equals\":1}]}]}]}]}");

    baseline_free(load(document));
}

TEST(refuses_advice_that_cannot_be_shown)
{
    static const struct {
        const char *advice, *reason;
    } rows[] = {
        {"{", "advice: JSON:"},
        {"{}", "advice: must be an object of advice"},
        {"[]", "advice: must be an object of advice"},
        {"{\"a\":7}", "advice: a: expected an object"},
        {"{\"a\":{\"wrong\":\"w\",\"why\":\"y\",\"steps\":[\"s\"],\"time\":\"t\"}}",
         "\"needs_volunteer\" is missing"},
        {"{\"a\":{\"wrong\":\"w\",\"why\":\"y\",\"steps\":[\"s\"],\"time\":\"t\","
         "\"needs_volunteer\":1}}",
         "\"needs_volunteer\" must be"},
        {"{\"a\":{\"wrong\":\"w\",\"why\":\"y\",\"steps\":[],\"time\":\"t\","
         "\"needs_volunteer\":true}}",
         "\"steps\" must be a list"},
        {"{\"a\":{\"wrong\":\"w\",\"why\":\"y\",\"steps\":[\"a\\nb\"],\"time\":\"t\","
         "\"needs_volunteer\":true}}",
         "\"steps\" may only hold"},
        {"{\"a\":{\"wrong\":\"w\\u001b[31m\",\"why\":\"y\",\"steps\":[\"a\"],\"time\":\"t\","
         "\"needs_volunteer\":true}}",
         "\"wrong\" holds a control character"},
    };
    AUTO_FREE char *document = check_with(NULL, NULL);

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_refused(document, rows[i].advice, rows[i].reason);
}

TEST(refuses_two_checks_of_one_name_and_too_many)
{
    AUTO_FREE char *document = check_with(NULL, NULL);
    const char *checks[RECEIPT_VERDICTS_MAX + 1];
    struct baseline *baseline = NULL;

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++)
        checks[i] = document;
    assert_int_equal(baseline_from_json(checks, 2, ADVICE, &baseline, NULL), -EINVAL);
    assert_int_equal(baseline_from_json(checks, RECEIPT_VERDICTS_MAX + 1, ADVICE, &baseline, NULL),
                     -EINVAL);
    baseline_free(NULL);
}

TEST(orders_by_weight_then_name)
{
    AUTO_FREE char *light = check_with("weight", "1");
    AUTO_FREE char *second = check_with("id", "\"second\"");
    AUTO_FREE char *first = check_with("id", "\"first\"");
    const char *const checks[] = {light, second, first};
    struct baseline *baseline = NULL;

    assert_int_equal(baseline_from_json(checks, 3, ADVICE, &baseline, NULL), 0);
    assert_string_equal(check_id(baseline_check(baseline, 0)), "first");
    assert_string_equal(check_id(baseline_check(baseline, 1)), "second");
    assert_string_equal(check_id(baseline_check(baseline, 2)), "thing");
    baseline_free(baseline);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(reads_a_check_and_its_advice),
        RUN(refuses_checks_that_say_something_else),
        RUN(refuses_conditions_outside_the_closed_set),
        RUN(nests_four_deep),
        RUN(refuses_advice_that_cannot_be_shown),
        RUN(refuses_two_checks_of_one_name_and_too_many),
        RUN(orders_by_weight_then_name),
    };

    return RUN_ALL(tests);
}
