#include "agent/status_page.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/status.h"
#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "tests/support/test.h"

#define NOW   1795426200 /* 2026-11-23T09:30:00Z */
#define UNTIL 1796031000 /* 2026-11-30T09:30:00Z */

static const char facts[] =
    "{\"seen_at\":1795426200,\"sections\":{\"os_release\":{\"facts\":{\"name\":"
    "\"</bdi><script>\",\"machine_kind\":\"laptop\"},\"unknown\":{}}},\"checks\":{}}";

/* Looked at and enrolled, with the given states for the first checks; others do not apply. */
static struct status with_states(const enum verdict_state *states, size_t count)
{
    struct status status = {.now = NOW,
                            .enrolled = true,
                            .enrolment.label = "field-07 & <b>",
                            .enrolment.url = "https://collect.mirror.example"};

    assert_int_equal(json_parse(facts, strlen(facts), &json_default_limits, &status.facts, NULL),
                     0);
    status.judgement.count = baseline_count(baseline_builtin());
    status.judgement.judged =
        must_allocate(status.judgement.count, sizeof(*status.judgement.judged));
    for (size_t i = 0; i < status.judgement.count; i++) {
        struct judged *judged = &status.judgement.judged[i];

        judged->check = baseline_check(baseline_builtin(), i);
        judged->verdict.state = i < count ? states[i] : VERDICT_NOT_APPLICABLE;
        judged->verdict.reason = UNKNOWN_NOT_PERMITTED;
        judged->verdict.valid_until = UNTIL + (int64_t)i;
    }
    status_count(&status);
    return status;
}

static void assert_says(const struct status *status, const char *words)
{
    AUTO(text_clear) struct text out = {0};

    status_page_write(status, "/var/lib/dijkwacht/public", &out);
    if (strstr(text_string(&out), words) == NULL)
        fail_msg("\"%s\" is not in\n%s", words, strstr(text_string(&out), "<main>"));
}

static void assert_silent(const struct status *status, const char *words)
{
    AUTO(text_clear) struct text out = {0};

    status_page_write(status, "/var/lib/dijkwacht/public", &out);
    assert_null(strstr(text_string(&out), words));
}

TEST(a_machine_that_has_not_joined_is_not_called_good)
{
    const struct status status = {.now = NOW};

    assert_says(&status, "<h1>Not known: this computer has not joined an organisation yet</h1>");
    assert_says(&status, "nothing leaves it");
    assert_silent(&status, "What counts as good");
    assert_silent(&status, "class=\"pass\"");
}

TEST(a_machine_that_has_not_looked_is_not_called_good)
{
    const struct status status = {.now = NOW, .enrolled = true};

    assert_says(&status, "<h1>Not known: this computer was not looked at yet</h1>");
}

TEST(facts_that_cannot_be_read_are_told)
{
    const struct status status = {.now = NOW, .enrolled = true, .unreadable = true};

    assert_says(&status, "<h1>Not known: what was seen cannot be read</h1>");
}

TEST(what_to_fix_comes_first_and_its_steps_are_open)
{
    const enum verdict_state states[] = {VERDICT_PASS, VERDICT_FAIL, VERDICT_UNKNOWN, VERDICT_FAIL};
    AUTO(status_clear) struct status status = with_states(states, 4);
    AUTO(text_clear) struct text out = {0};
    const char *first, *open, *then, *unknown, *good;

    status_page_write(&status, "/public", &out);
    assert_says(&status, "<h1>Not yet: 2 things to fix</h1>");
    first = strstr(text_string(&out), "What to do first");
    then = strstr(text_string(&out), "Then fix this");
    unknown = strstr(text_string(&out), "id=\"unknown\"");
    good = strstr(text_string(&out), "id=\"pass\"");
    assert_true(first != NULL && then != NULL && unknown != NULL && good != NULL);
    assert_true(first < then && then < unknown && unknown < good);
    open = strstr(first, "<details open>");
    assert_true(open != NULL && open < then);
    assert_null(strstr(then, "<details open>"));
    assert_non_null(strstr(then, "<details>"));
}

TEST(each_check_has_its_word_before_its_title)
{
    const enum verdict_state states[] = {VERDICT_UNKNOWN, VERDICT_PASS};
    AUTO(status_clear) struct status status = with_states(states, 2);
    AUTO(text_clear) struct text first = {0};

    text_add_format(&first, "<span class=\"unknown\">Not known:</span> %s</h3>",
                    check_title(status.judgement.judged[0].check));
    assert_says(&status, text_string(&first));
    assert_says(&status, "<span class=\"pass\">Good:</span> ");
    assert_says(&status, "<span class=\"not_applicable\">Does not apply:</span> ");
    assert_says(&status, "This needs privileges that the agent did not have.");
    assert_says(&status, "<h1>Not known: 1 check has no answer</h1>");
}

TEST(only_good_and_accepted_checks_make_a_good_page)
{
    const enum verdict_state states[] = {VERDICT_PASS, VERDICT_ACCEPTED};
    AUTO(status_clear) struct status status = with_states(states, 2);

    assert_says(&status, "<h1>Good: nothing to fix</h1>");
    assert_says(&status, "What counts as good");
}

TEST(a_page_without_a_single_good_check_is_not_good)
{
    AUTO(status_clear) struct status status = with_states(NULL, 0);

    assert_silent(&status, "<h1>Good");
    assert_says(&status, "<h1>Not known: no check has an answer</h1>");
}

TEST(a_look_that_is_too_old_makes_nothing_good)
{
    const enum verdict_state states[] = {VERDICT_UNKNOWN, VERDICT_UNKNOWN};
    AUTO(status_clear) struct status status = with_states(states, 2);

    status.judgement.judged[0].verdict.reason = UNKNOWN_STALE;
    assert_silent(&status, "the last look is too old");
    status.judgement.judged[1].verdict.reason = UNKNOWN_STALE;
    assert_says(&status, "<h1>Not known: the last look is too old</h1>");
    assert_says(&status, "Nothing of it counts as good.");
}

TEST(the_page_says_until_when_it_holds_in_the_zone_of_the_machine)
{
    const enum verdict_state states[] = {VERDICT_PASS, VERDICT_PASS};
    AUTO(status_clear) struct status status = with_states(states, 2);

    assert_int_equal(setenv("TZ", "CET-1", 1), 0);
    tzset();
    assert_says(&status, "Looked at on <strong><time datetime=\"2026-11-23T09:30:00Z\">23 November "
                         "2026, 10:30 CET</time>");
    assert_says(&status, "holds until <strong><time datetime=\"2026-11-30T09:30:00Z\">30 November "
                         "2026, 10:30 CET</time>");
    status.judgement.judged[1].verdict.valid_until = NOW + 3600;
    assert_says(&status, "holds until <strong><time datetime=\"2026-11-23T10:30:00Z\">");
}

TEST(what_the_machine_and_the_server_say_is_escaped)
{
    AUTO(status_clear) struct status status = with_states(NULL, 0);

    status.delivery.received_at = NOW;
    (void)strcpy(status.enrolment.url, "https://x.mirror.example/\"<i>");
    assert_silent(&status, "<script");
    assert_silent(&status, "<b>");
    assert_silent(&status, "<i>");
    assert_says(&status, "<bdi>field-07 &amp; &lt;b&gt;</bdi>");
    assert_says(&status, "<bdi>&lt;/bdi&gt;&lt;script&gt;</bdi>");
}

TEST(the_delivery_is_told)
{
    AUTO(status_clear) struct status status = with_states(NULL, 0);

    assert_says(&status, "Nothing yet by the server");
    status.delivery = (struct delivery){.received_at = NOW,
                                        .waiting = 2,
                                        .waiting_since = NOW,
                                        .refused = 1,
                                        .refusal = REFUSAL_REVOKED};
    assert_says(&status, "<dt>Last received</dt><dd><time datetime=\"2026-11-23T09:30:00Z\">");
    assert_says(&status, "<dt>Waits to be sent</dt><dd>2, the oldest since <time");
    assert_says(&status, "<dt>Refused by the server</dt><dd>1 so far. The last: This machine was");
}

TEST(a_time_beyond_every_calendar_is_still_a_page)
{
    AUTO(text_clear) struct text out = {0};

    status_page_add_time(&out, INT64_MAX);
    assert_non_null(strstr(text_string(&out), "<time datetime=\"9999-12-31T23:59:59Z\">"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_machine_that_has_not_joined_is_not_called_good),
        RUN(a_machine_that_has_not_looked_is_not_called_good),
        RUN(facts_that_cannot_be_read_are_told),
        RUN(what_to_fix_comes_first_and_its_steps_are_open),
        RUN(each_check_has_its_word_before_its_title),
        RUN(only_good_and_accepted_checks_make_a_good_page),
        RUN(a_page_without_a_single_good_check_is_not_good),
        RUN(a_look_that_is_too_old_makes_nothing_good),
        RUN(the_page_says_until_when_it_holds_in_the_zone_of_the_machine),
        RUN(what_the_machine_and_the_server_say_is_escaped),
        RUN(the_delivery_is_told),
        RUN(a_time_beyond_every_calendar_is_still_a_page),
    };

    return RUN_ALL(tests);
}
