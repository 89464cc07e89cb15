#include "agent/status_page.h"

#include <stdbool.h>
#include <string.h>
#include <time.h>

#include "agent/html.h"
#include "agent/status.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/digest.h"
#include "platform/encoding.h"
#include "platform/json.h"
#include "platform/text.h"

static void add_when(struct text *out, int64_t time, bool with_clock)
{
    char exact[CLOCK_TEXT_SIZE], words[96];
    struct tm parts = {0};
    time_t seconds = time;
    size_t length = 0;

    clock_to_text(time, exact);
    text_add_format(out, "<time datetime=\"%s\">", exact);
    if (localtime_r(&seconds, &parts) != NULL)
        length = with_clock ? strftime(words, sizeof(words), "%B %Y, %H:%M %Z", &parts)
                            : strftime(words, sizeof(words), "%B %Y", &parts);
    if (length > 0) {
        text_add_format(out, "%d ", parts.tm_mday);
        html_add(out, words);
    } else {
        text_add_string(out, exact);
    }
    text_add_string(out, "</time>");
}

void status_page_add_time(struct text *out, int64_t time)
{
    add_when(out, time, true);
}

void status_page_add_day(struct text *out, int64_t time)
{
    add_when(out, time, false);
}

void status_page_add_number(struct text *out, unsigned count, const char *one, const char *many)
{
    text_add_format(out, "%u %s", count, count == 1 ? one : many);
}

void status_page_add_mark(struct text *out, const char *name)
{
    text_add_format(out,
                    "<svg class=\"mark %s\" aria-hidden=\"true\"><use href=\"#mark-%s\"/></svg>",
                    name, name);
}

/* Nothing but this style counts, whatever gets into the page: so its hash, and no 'unsafe-inline'.
 */
static void write_policy(struct text *out)
{
    struct digest digest;

    digest_of(status_page_style, strlen(status_page_style), &digest);
    text_add_string(out, "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
                         "'none'; style-src 'sha256-");
    base64_encode(digest.bytes, sizeof(digest.bytes), out);
    text_add_string(out, "'; base-uri 'none'; form-action 'none'\">\n");
}

static void write_head(const struct status *status, enum status_answer answer, struct text *out)
{
    text_add_string(out, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    write_policy(out);
    text_add_string(out,
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    status_page_write_heading(status, answer, out);
    text_add_string(out, " \xc2\xb7 Is my computer safe? \xc2\xb7 Dijkwacht</title>\n<style>");
    text_add_string(out, status_page_style);
    text_add_string(out, "</style>\n</head>\n<body>\n");
    text_add_string(out, status_page_marks);
    text_add_string(out, "<header class=\"top\"><p><svg aria-hidden=\"true\">"
                         "<use href=\"#mark-dike\"/></svg>Dijkwacht</p></header>\n<main>\n");
}

static void write_machine(const struct status *status, struct text *out)
{
    const char *kind = json_text(json_at(status->facts, "/sections/os_release/facts/machine_kind"));
    const char *name = json_text(json_at(status->facts, "/sections/os_release/facts/name"));
    const char *parts[] = {status->enrolled ? status->enrolment.label : NULL, kind, name};

    if (!status->enrolled && status->facts == NULL)
        return;
    text_add_string(out, "<p class=\"about\">");
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (parts[i] == NULL)
            continue;
        text_add_string(out, "<span>");
        html_add_outside(out, parts[i]);
        text_add_string(out, "</span> ");
    }
    text_add_string(out, "</p>\n");
}

static void write_counts(const struct status *status, struct text *out)
{
    static const struct {
        enum verdict_state state;
        const char *one, *many;
    } rows[] = {
        {VERDICT_FAIL, "to fix", "to fix"},
        {VERDICT_UNKNOWN, "not known", "not known"},
        {VERDICT_ACCEPTED, "accepted", "accepted"},
        {VERDICT_PASS, "good", "good"},
        {VERDICT_NOT_APPLICABLE, "does not apply", "do not apply"},
    };

    if (status->facts == NULL)
        return;
    text_add_string(out, "<ul class=\"counts\">\n");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        unsigned count = status->counts[rows[i].state];

        if (count == 0)
            continue;
        text_add_string(out, "<li>");
        status_page_add_mark(out, verdict_state_name(rows[i].state));
        text_add_string(out, "<span>");
        status_page_add_number(out, count, rows[i].one, rows[i].many);
        text_add_string(out, "</span></li>\n");
    }
    text_add_string(out, "</ul>\n");
}

/* When the first of the answers ends, or 0 where none holds. */
static int64_t holds_until(const struct status *status)
{
    int64_t until = 0;

    for (size_t i = 0; i < status->judgement.count; i++) {
        const struct verdict *verdict = &status->judgement.judged[i].verdict;

        if ((verdict->state == VERDICT_PASS || verdict->state == VERDICT_ACCEPTED ||
             verdict->state == VERDICT_FAIL) &&
            (until == 0 || verdict->valid_until < until))
            until = verdict->valid_until;
    }
    return until;
}

static void write_age(const struct status *status, struct text *out)
{
    int64_t seen_at, until = holds_until(status);

    if (!json_integer(json_member(status->facts, "seen_at"), &seen_at))
        return;
    text_add_format(out, "<div class=\"until%s\">", until == 0 ? " over" : "");
    status_page_add_mark(out, "clock");
    text_add_string(out, "<p>Looked at on <strong>");
    status_page_add_time(out, seen_at);
    text_add_string(out, "</strong>. ");
    if (until == 0) {
        text_add_string(out, "Nothing of it counts as good.");
    } else {
        text_add_string(out, "This page holds until <strong>");
        status_page_add_time(out, until);
        text_add_string(out, "</strong>. If it is later than that now, your computer has not "
                             "checked itself since, and nothing here counts as good any more: tell "
                             "your IT volunteer.");
    }
    text_add_string(out, "</p></div>\n");
}

static void write_delivery(const struct status *status, struct text *out)
{
    const struct delivery *delivery = &status->delivery;

    text_add_string(out, "<dt>Last received</dt><dd>");
    if (!status->enrolled) {
        text_add_string(out, "This computer has not joined an organisation: nothing leaves it.");
    } else if (delivery->received_at > 0) {
        status_page_add_time(out, delivery->received_at);
        text_add_string(out, ", by the server ");
        html_add_outside(out, status->enrolment.url);
    } else {
        text_add_string(out, "Nothing yet by the server ");
        html_add_outside(out, status->enrolment.url);
    }
    text_add_string(out, "</dd>\n");
    if (delivery->waiting > 0) {
        text_add_format(out, "<dt>Waits to be sent</dt><dd>%lld, the oldest since ",
                        (long long)delivery->waiting);
        status_page_add_time(out, delivery->waiting_since);
        text_add_string(out, "</dd>\n");
    }
    if (delivery->refused > 0) {
        text_add_format(out, "<dt>Refused by the server</dt><dd>%lld so far. The last: ",
                        (long long)delivery->refused);
        html_add(out, refusal_reason_text(delivery->refusal));
        text_add_string(out, "</dd>\n");
    }
}

static void write_baseline(const struct status *status, struct text *out)
{
    static const char *const kinds[] = {[PROFILE_LAPTOP] = "every laptop and desktop",
                                        [PROFILE_SERVER] = "every server",
                                        [PROFILE_UNKNOWN] = "a computer of unknown kind"};

    if (status->facts == NULL)
        return;
    text_add_format(out,
                    "<dt>What counts as good</dt><dd>The checks that come with Dijkwacht "
                    "" DIJKWACHT_VERSION ", as for %s. Nobody has changed them for this "
                    "computer.</dd>\n",
                    kinds[status->judgement.profile]);
}

static void write_about(const struct status *status, const char *public_folder, struct text *out)
{
    text_add_string(out, "<section class=\"panel\" aria-labelledby=\"about\"><h2 id=\"about\">"
                         "About these answers</h2>\n<dl>\n");
    write_baseline(status, out);
    write_delivery(status, out);
    text_add_string(out, "<dt>What left this computer</dt><dd>Every file of the last 13 months is "
                         "in <code>");
    html_add_outside(out, public_folder);
    text_add_string(out, "/sent</code>, byte for byte. In a terminal: <code>dijkwacht show</code>"
                         "</dd>\n</dl></section>\n");
}

void status_page_write(const struct status *status, const char *public_folder, struct text *out)
{
    enum status_answer answer = status_page_answer(status);

    write_head(status, answer, out);
    text_add_string(out, "<p class=\"question\">Is my computer safe?</p>\n<h1>");
    status_page_write_heading(status, answer, out);
    text_add_string(out, "</h1>\n");
    status_page_write_lead(status, answer, out);
    write_machine(status, out);
    write_counts(status, out);
    write_age(status, out);
    status_page_write_checks(status, out);
    write_about(status, public_folder, out);
    text_add_string(out, "</main>\n<footer><p>Written on this computer by Dijkwacht for the people "
                         "who use it. This page runs no program and fetches nothing.</p></footer>\n"
                         "</body>\n</html>\n");
}
