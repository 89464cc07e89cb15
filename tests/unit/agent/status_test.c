#include "agent/status.h"

#include <string.h>

#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "tests/support/test.h"

#define TEST_NOW 1796000000

static const struct screen plain = {.utf8 = true, .width = 80};

/* A status with the given states for the first checks; all others do not apply. */
static struct status with_states(const enum verdict_state *states, size_t count)
{
    static const char facts[] =
        "{\"seen_at\":1796000000,\"sections\":{\"os_release\":{\"facts\":{\"name\":\"Debian "
        "\\u001b[2J\",\"machine_kind\":\"laptop\"},\"unknown\":{}}},\"checks\":{}}";
    struct status status = {.now = TEST_NOW, .enrolled = true, .enrolment.label = "field-07"};

    assert_int_equal(json_parse(facts, strlen(facts), &json_default_limits, &status.facts, NULL),
                     0);
    status.judgement.count = baseline_count(baseline_builtin());
    assert_true(count <= status.judgement.count);
    status.judgement.judged =
        must_allocate(status.judgement.count, sizeof(*status.judgement.judged));
    for (size_t i = 0; i < status.judgement.count; i++) {
        struct judged *judged = &status.judgement.judged[i];

        judged->check = baseline_check(baseline_builtin(), i);
        judged->verdict.state = i < count ? states[i] : VERDICT_NOT_APPLICABLE;
        judged->verdict.reason = UNKNOWN_NOT_PERMITTED;
    }
    status_count(&status);
    return status;
}

static void assert_exit_code(const enum verdict_state *states, size_t count, int expected)
{
    AUTO(status_clear) struct status status = with_states(states, count);

    assert_int_equal(status_exit_code(&status), expected);
}

TEST(the_exit_code_is_the_worst_of_all_checks)
{
    assert_exit_code((enum verdict_state[]){VERDICT_PASS, VERDICT_ACCEPTED}, 2, EXIT_CODE_GOOD);
    assert_exit_code((enum verdict_state[]){VERDICT_PASS, VERDICT_UNKNOWN}, 2, EXIT_CODE_UNKNOWN);
    assert_exit_code((enum verdict_state[]){VERDICT_UNKNOWN, VERDICT_FAIL}, 2, EXIT_CODE_ATTENTION);
}

TEST(a_machine_of_which_nothing_is_known_is_not_good)
{
    assert_exit_code(NULL, 0, EXIT_CODE_UNKNOWN);
}

TEST(what_is_wrong_stands_before_what_is_not_known_and_what_is_good)
{
    const enum verdict_state states[] = {VERDICT_PASS, VERDICT_UNKNOWN, VERDICT_FAIL};
    AUTO(status_clear) struct status status = with_states(states, 3);
    AUTO(text_clear) struct text out = {0};
    const char *wrong, *unknown, *good;

    status_write(&status, &plain, false, &out);
    wrong = strstr(text_string(&out), "To fix");
    unknown = strstr(text_string(&out), "Not known");
    good = strstr(text_string(&out), "Good");
    assert_true(wrong != NULL && unknown != NULL && good != NULL);
    assert_true(wrong < unknown && unknown < good);
    assert_non_null(strstr(text_string(&out), "1 to fix, 1 not known, 1 good."));
    assert_non_null(strstr(text_string(&out), "needs privileges"));
}

TEST(what_the_machine_calls_itself_cannot_drive_the_terminal)
{
    AUTO(status_clear) struct status status = with_states(NULL, 0);
    AUTO(text_clear) struct text out = {0};

    status_write(&status, &plain, true, &out);
    assert_non_null(strstr(text_string(&out), "field-07 \xc2\xb7 laptop \xc2\xb7 Debian ?[2J"));
    assert_null(strchr(text_string(&out), '\033'));
}

TEST(the_json_is_one_document_with_every_check)
{
    const enum verdict_state states[] = {VERDICT_FAIL};
    AUTO(status_clear) struct status status = with_states(states, 1);
    AUTO(auto_json_free) struct json *document = NULL;
    AUTO(text_clear) struct text out = {0};
    const struct json *first;

    status_write_json(&status, &out);
    assert_int_equal(json_parse(out.bytes, out.length, &json_default_limits, &document, NULL), 0);
    assert_int_equal(json_count(json_member(document, "checks")), status.judgement.count);
    first = json_first(json_member(document, "checks"));
    assert_string_equal(json_text(json_member(first, "state")), "fail");
    assert_non_null(json_text(json_member(first, "steps")));
}

TEST(what_is_too_old_is_not_known_since_its_time_was_over)
{
    const enum verdict_state states[] = {VERDICT_UNKNOWN};
    AUTO(status_clear) struct status status = with_states(states, 1);
    struct judged *judged = &status.judgement.judged[0];

    judged->verdict.valid_until = TEST_NOW - 5;
    assert_int_equal(status_since(&status, judged), TEST_NOW);
    judged->verdict.reason = UNKNOWN_STALE;
    assert_int_equal(status_since(&status, judged), TEST_NOW - 5);
    judged->verdict.valid_until = TEST_NOW + 5; /* a clock that was put back */
    assert_int_equal(status_since(&status, judged), TEST_NOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(the_exit_code_is_the_worst_of_all_checks),
        RUN(a_machine_of_which_nothing_is_known_is_not_good),
        RUN(what_is_wrong_stands_before_what_is_not_known_and_what_is_good),
        RUN(what_the_machine_calls_itself_cannot_drive_the_terminal),
        RUN(the_json_is_one_document_with_every_check),
        RUN(what_is_too_old_is_not_known_since_its_time_was_over),
    };

    return RUN_ALL(tests);
}
