/* The part of the status page with the checks: what to do first, then worst first. */
#include <stdbool.h>
#include <string.h>

#include "agent/html.h"
#include "agent/status.h"
#include "agent/status_page.h"
#include "platform/cleanup.h"
#include "platform/text.h"

static const char *const words[] = {
    [VERDICT_FAIL] = "To fix",
    [VERDICT_UNKNOWN] = "Not known",
    [VERDICT_PASS] = "Good",
    [VERDICT_ACCEPTED] = "Accepted",
    [VERDICT_NOT_APPLICABLE] = "Does not apply",
};

static void begin_panel(struct text *out, const char *id, const char *heading)
{
    text_add_format(out, "<section class=\"panel\" aria-labelledby=\"%s\"><h2 id=\"%s\">%s</h2>\n",
                    id, id, heading);
}

/* The word stands before the title, because the title alone says what would be good. */
static void begin_check(struct text *out, const struct judged *judged, const char *sentence)
{
    enum verdict_state state = judged->verdict.state;

    text_add_string(out, "<li>");
    status_page_add_mark(out, verdict_state_name(state));
    text_add_format(out, "<div><h3><span class=\"%s\">%s:</span> ", verdict_state_name(state),
                    words[state]);
    html_add(out, sentence);
    text_add_string(out, "</h3>\n");
}

static void write_since(const struct status *status, const struct judged *judged, struct text *out)
{
    text_add_string(out, "<p class=\"small\">Since ");
    status_page_add_day(out, status_since(status, judged));
}

/* Lines of words, and of commands, which start with "$ ". */
static void write_steps(const char *steps, struct text *out)
{
    text_add_string(out, "<div class=\"steps\">\n");
    while (*steps != '\0') {
        AUTO(text_clear) struct text line = {0};
        size_t length = strcspn(steps, "\n");
        bool command = strncmp(steps, "$ ", 2) == 0;

        text_add(&line, steps + (command ? 2 : 0), length - (command ? 2U : 0U));
        text_add_string(out, command ? "<code>" : "<p>");
        html_add(out, text_string(&line));
        text_add_string(out, command ? "</code>\n" : "</p>\n");
        steps += length + (steps[length] == '\n');
    }
    text_add_string(out, "</div>");
}

static void write_failed(const struct status *status, const struct judged *judged, bool first,
                         struct text *out)
{
    const struct advice *advice = check_advice(judged->check, "en");

    begin_check(out, judged, advice->wrong);
    write_since(status, judged, out);
    text_add_string(out, ". It takes ");
    html_add(out, advice->time);
    text_add_string(out, advice->needs_volunteer
                             ? ". Plan it together with your IT volunteer.</p>\n<p>"
                             : ". Someone of your organisation can do this.</p>\n<p>");
    html_add(out, advice->why);
    text_add_format(out, "</p>\n<details%s><summary>How to fix it</summary>", first ? " open" : "");
    write_steps(advice->steps, out);
    text_add_string(out, "</details></div></li>\n");
}

static void write_unknown(const struct status *status, const struct judged *judged,
                          struct text *out)
{
    const struct verdict *verdict = &judged->verdict;

    begin_check(out, judged, check_title(judged->check));
    write_since(status, judged, out);
    text_add_string(out, "</p>\n<p>");
    html_add(out, unknown_reason_text(verdict->reason));
    text_add_string(out, ".</p>\n<p class=\"small\">For your IT volunteer: <code>");
    html_add(out, unknown_reason_name(verdict->reason));
    text_add_string(out, verdict->fact[0] == '\0' ? "" : " ");
    html_add(out, verdict->fact);
    text_add_string(out, "</code></p></div></li>\n");
}

static void write_other(const struct status *status, const struct judged *judged, struct text *out)
{
    begin_check(out, judged, check_title(judged->check));
    if (judged->verdict.state != VERDICT_NOT_APPLICABLE) {
        write_since(status, judged, out);
        text_add_string(out, "</p>");
    }
    text_add_string(out, "</div></li>\n");
}

/* The checks in this state, from the number skip on, at most limit of them. */
static void write_list(const struct status *status, enum verdict_state state, unsigned skip,
                       unsigned limit, struct text *out)
{
    unsigned seen = 0;

    text_add_string(out, state == VERDICT_FAIL || state == VERDICT_UNKNOWN
                             ? "<ul class=\"checks\">\n"
                             : "<ul class=\"checks quiet\">\n");
    for (size_t i = 0; i < status->judgement.count; i++) {
        const struct judged *judged = &status->judgement.judged[i];

        if (judged->verdict.state != state || seen++ < skip || seen > skip + limit)
            continue;
        if (state == VERDICT_FAIL)
            write_failed(status, judged, seen == 1, out);
        else if (state == VERDICT_UNKNOWN)
            write_unknown(status, judged, out);
        else
            write_other(status, judged, out);
    }
    text_add_string(out, "</ul>\n");
}

static void write_failures(const struct status *status, struct text *out)
{
    unsigned count = status->counts[VERDICT_FAIL];

    if (count == 0)
        return;
    begin_panel(out, "first", "What to do first");
    write_list(status, VERDICT_FAIL, 0, 1, out);
    text_add_string(out, "</section>\n");
    if (count == 1)
        return;
    begin_panel(out, "fix", "Then fix this, most useful first");
    write_list(status, VERDICT_FAIL, 1, count, out);
    text_add_string(out, "</section>\n");
}

static void write_panel(const struct status *status, enum verdict_state state, const char *heading,
                        const char *meaning, struct text *out)
{
    if (status->counts[state] == 0)
        return;
    begin_panel(out, verdict_state_name(state), heading);
    text_add_format(out, "<p>%s</p>\n", meaning);
    write_list(status, state, 0, status->counts[state], out);
    text_add_string(out, "</section>\n");
}

void status_page_write_checks(const struct status *status, struct text *out)
{
    write_failures(status, out);
    write_panel(status, VERDICT_UNKNOWN, "Not known",
                "Not known means that the program could not tell. It is neither good nor bad, and "
                "it is never counted as good. Show this page to your IT volunteer.",
                out);
    write_panel(status, VERDICT_ACCEPTED, "Accepted",
                "Your organisation knows of this and accepts it for a time.", out);
    write_panel(status, VERDICT_PASS, "Good",
                "Everything that these checks need was seen, and it was as it should be.", out);
    write_panel(status, VERDICT_NOT_APPLICABLE, "Does not apply",
                "These are not for this kind of computer.", out);
}
