/* The answer of the status page: its heading, and the sentence that says what to do. */
#include <stdbool.h>
#include <stddef.h>

#include "agent/html.h"
#include "agent/status.h"
#include "agent/status_page.h"
#include "platform/text.h"

static bool all_too_old(const struct status *status)
{
    unsigned old = 0;

    for (size_t i = 0; i < status->judgement.count; i++) {
        const struct verdict *verdict = &status->judgement.judged[i].verdict;

        if (verdict->state == VERDICT_UNKNOWN && verdict->reason == UNKNOWN_STALE)
            old++;
        else if (verdict->state != VERDICT_NOT_APPLICABLE)
            return false;
    }
    return old > 0;
}

enum status_answer status_page_answer(const struct status *status)
{
    if (status->unreadable)
        return ANSWER_UNREADABLE;
    if (status->facts == NULL)
        return status->enrolled ? ANSWER_NOTHING_SEEN : ANSWER_NOT_ENROLLED;
    if (all_too_old(status))
        return ANSWER_TOO_OLD;
    switch (status_exit_code(status)) {
    case EXIT_CODE_ATTENTION:
        return ANSWER_FIX;
    case EXIT_CODE_GOOD:
        return ANSWER_GOOD;
    default:
        return ANSWER_UNKNOWN;
    }
}

void status_page_write_heading(const struct status *status, enum status_answer answer,
                               struct text *out)
{
    const unsigned *counts = status->counts;

    switch (answer) {
    case ANSWER_FIX:
        text_add_string(out, "Not yet: ");
        status_page_add_number(out, counts[VERDICT_FAIL], "thing to fix", "things to fix");
        break;
    case ANSWER_UNKNOWN:
        text_add_string(out, "Not known: ");
        if (counts[VERDICT_UNKNOWN] == 0)
            text_add_string(out, "no check has an answer");
        else
            status_page_add_number(out, counts[VERDICT_UNKNOWN], "check has no answer",
                                   "checks have no answer");
        break;
    case ANSWER_GOOD:
        text_add_string(out, "Good: nothing to fix");
        break;
    case ANSWER_TOO_OLD:
        text_add_string(out, "Not known: the last look is too old");
        break;
    case ANSWER_UNREADABLE:
        text_add_string(out, "Not known: what was seen cannot be read");
        break;
    case ANSWER_NOTHING_SEEN:
        text_add_string(out, "Not known: this computer was not looked at yet");
        break;
    case ANSWER_NOT_ENROLLED:
        text_add_string(out, "Not known: this computer has not joined an organisation yet");
        break;
    }
}

static void write_start(const struct status *status, struct text *out)
{
    for (size_t i = 0; i < status->judgement.count; i++) {
        const struct judged *judged = &status->judgement.judged[i];

        if (judged->verdict.state != VERDICT_FAIL)
            continue;
        text_add_string(out, "<strong>Start with the first:</strong> ");
        html_add(out, check_advice(judged->check, "en")->time);
        text_add_string(out, check_advice(judged->check, "en")->needs_volunteer
                                 ? ", together with your IT volunteer."
                                 : ", and someone of your organisation can do it.");
        return;
    }
}

void status_page_write_lead(const struct status *status, enum status_answer answer,
                            struct text *out)
{
    text_add_string(out, "<p class=\"lead\">");
    switch (answer) {
    case ANSWER_FIX:
        write_start(status, out);
        break;
    case ANSWER_UNKNOWN:
        text_add_string(out, "Nothing to fix was found, but not everything could be seen. "
                             "<strong>Show this page to your IT volunteer.</strong>");
        break;
    case ANSWER_GOOD:
        text_add_string(out, "Every check that applies to this computer is good. There is "
                             "<strong>nothing to do</strong>. No program sees everything: when "
                             "something seems wrong, ask your IT volunteer.");
        break;
    case ANSWER_TOO_OLD:
        text_add_string(out, "This computer has not checked itself for too long. Leave it on and "
                             "connected for an hour; if this page stays as it is, <strong>tell "
                             "your IT volunteer.</strong>");
        break;
    case ANSWER_UNREADABLE:
        text_add_string(out, "The next check writes it anew. If this page stays as it is, "
                             "<strong>tell your IT volunteer.</strong>");
        break;
    case ANSWER_NOTHING_SEEN:
        text_add_string(out, "It checks itself soon. To do it now, in a terminal: "
                             "<code>sudo dijkwacht check-in</code>");
        break;
    case ANSWER_NOT_ENROLLED:
        text_add_string(out, "Ask your IT volunteer for a join code. Then, in a terminal: "
                             "<code>sudo dijkwacht enrol</code>");
        break;
    }
    text_add_string(out, "</p>\n");
}
