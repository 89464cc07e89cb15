/* The screen of "dijkwacht status": worst first, with what to do about the first. */
#include <stdio.h>
#include <string.h>

#include "agent/status.h"
#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/text.h"

#define INDENT       13U
#define WORD_COLUMNS 11

static const struct look {
    const char *mark, *ascii, *word;
    enum screen_style style;
} looks[] = {
    [VERDICT_FAIL] = {"\xe2\x97\x86", "!", "To fix", STYLE_BAD},
    [VERDICT_UNKNOWN] = {"?", "?", "Not known", STYLE_UNKNOWN},
    [VERDICT_PASS] = {"\xe2\x9c\x93", "+", "Good", STYLE_GOOD},
    [VERDICT_ACCEPTED] = {"~", "~", "Accepted", STYLE_PLAIN},
    [VERDICT_NOT_APPLICABLE] = {"-", "-", "Not here", STYLE_DIM},
};

static void add_mark(const struct screen *screen, enum verdict_state state, struct text *out)
{
    const struct look *look = &looks[state];
    AUTO(text_clear) struct text words = {0};

    text_add_format(&words, "%s %-*s", screen->utf8 ? look->mark : look->ascii, WORD_COLUMNS - 1,
                    look->word);
    screen_add(screen, look->style, text_string(&words), out);
    text_add_string(out, " ");
}

static void write_head(const struct status *status, const struct screen *screen, struct text *out)
{
    const char *dot = screen->utf8 ? " \xc2\xb7 " : " - ";
    const char *kind = json_text(json_at(status->facts, "/sections/os_release/facts/machine_kind"));
    const char *name = json_text(json_at(status->facts, "/sections/os_release/facts/name"));
    AUTO(text_clear) struct text line = {0}, seen = {0};
    int64_t seen_at = 0;

    text_add_string(&line, status->enrolled ? status->enrolment.label : "This machine");
    if (kind != NULL)
        text_add_format(&line, "%s%s", dot, kind);
    if (name != NULL)
        text_add_format(&line, "%s%s", dot, name);
    (void)json_integer(json_at(status->facts, "/seen_at"), &seen_at);
    text_add_string(&seen, "seen ");
    screen_add_time(seen_at, status->now, &seen);
    screen_add(screen, STYLE_BOLD, text_string(&line), out);
    text_add_string(out, "  ");
    screen_add(screen, STYLE_DIM, text_string(&seen), out);
    text_add_string(out, "\n");
}

static void write_summary(const struct status *status, const struct screen *screen,
                          struct text *out)
{
    const unsigned *counts = status->counts;
    unsigned good = counts[VERDICT_PASS] + counts[VERDICT_ACCEPTED];
    AUTO(text_clear) struct text line = {0};

    if (counts[VERDICT_FAIL] == 0 && counts[VERDICT_UNKNOWN] == 0 && good > 0) {
        text_add_format(&line, "All %u checks that apply are good.", good);
    } else {
        text_add_format(&line, "%u to fix, %u not known, %u good.", counts[VERDICT_FAIL],
                        counts[VERDICT_UNKNOWN], good);
    }
    screen_add(screen, STYLE_BOLD, text_string(&line), out);
    text_add_string(out, "\n");
}

static void write_steps(const struct screen *screen, const struct advice *advice, struct text *out)
{
    AUTO(text_clear) struct text line = {0};

    for (const char *step = advice->steps; *step != '\0';) {
        size_t length = strcspn(step, "\n");
        bool command = strncmp(step, "$ ", 2) == 0;

        text_truncate(&line, 0);
        text_add(&line, step + (command ? 2 : 0), length - (command ? 2U : 0U));
        if (command) { /* on one line, to copy */
            text_add_format(out, "%*s", (int)INDENT + 2, "");
            screen_add(screen, STYLE_PLAIN, text_string(&line), out);
            text_add_string(out, "\n");
        } else {
            screen_add_wrapped(screen, STYLE_DIM, text_string(&line), INDENT, out);
        }
        step += length + (step[length] == '\n');
    }
}

/* The sentence that says what is wrong, with the mark in front of its first line. */
static void add_wrong(const struct screen *screen, const struct advice *advice, struct text *out)
{
    AUTO(text_clear) struct text sentence = {0};

    screen_add_wrapped(screen, STYLE_BOLD, advice->wrong, INDENT, &sentence);
    add_mark(screen, VERDICT_FAIL, out);
    text_add_string(out, text_string(&sentence) + INDENT);
}

static void write_failed(const struct status *status, const struct screen *screen,
                         const struct judged *judged, bool first, struct text *out)
{
    const struct advice *advice = check_advice(judged->check, "en");
    AUTO(text_clear) struct text when = {0};

    add_wrong(screen, advice, out);
    screen_add_since(status_since(status, judged), status->now, &when);
    text_add_format(&when, "; takes %s%s", advice->time,
                    advice->needs_volunteer ? ", with a volunteer" : "");
    screen_add_wrapped(screen, STYLE_DIM, text_string(&when), INDENT, out);
    if (first)
        write_steps(screen, advice, out);
}

static void write_unknown(const struct status *status, const struct screen *screen,
                          const struct judged *judged, struct text *out)
{
    AUTO(text_clear) struct text when = {0}, why = {0};

    screen_add_since(status_since(status, judged), status->now, &when);
    text_add_format(&why, "%s (%s%s%s).", unknown_reason_text(judged->verdict.reason),
                    unknown_reason_name(judged->verdict.reason),
                    judged->verdict.fact[0] == '\0' ? "" : ": ", judged->verdict.fact);
    add_mark(screen, VERDICT_UNKNOWN, out);
    text_add_format(out, "%s  %s\n", check_title(judged->check), text_string(&when));
    screen_add_wrapped(screen, STYLE_DIM, text_string(&why), INDENT, out);
}

static void write_state(const struct status *status, const struct screen *screen,
                        enum verdict_state state, struct text *out)
{
    bool first = true;

    for (size_t i = 0; i < status->judgement.count; i++) {
        const struct judged *judged = &status->judgement.judged[i];

        if (judged->verdict.state != state)
            continue;
        if (state == VERDICT_FAIL) {
            write_failed(status, screen, judged, first, out);
        } else if (state == VERDICT_UNKNOWN) {
            write_unknown(status, screen, judged, out);
        } else {
            add_mark(screen, state, out);
            text_add_format(out, "%s\n", check_title(judged->check));
        }
        first = false;
    }
}

static void write_good(const struct status *status, const struct screen *screen, struct text *out)
{
    unsigned other = status->counts[VERDICT_NOT_APPLICABLE];
    unsigned good = status->counts[VERDICT_PASS] + status->counts[VERDICT_ACCEPTED];

    if (good == 0)
        return;
    add_mark(screen, VERDICT_PASS, out);
    text_add_format(out, "%u check%s", good, good == 1 ? "" : "s");
    if (other > 0)
        text_add_format(out, "; %u do%s not apply", other, other == 1 ? "es" : "");
    screen_add(screen, STYLE_DIM, "  (dijkwacht status --all)", out);
    text_add_string(out, "\n");
}

static void write_delivery(const struct status *status, const struct screen *screen,
                           struct text *out)
{
    const struct delivery *delivery = &status->delivery;
    AUTO(text_clear) struct text line = {0};

    if (!status->enrolled) {
        text_add_string(&line, "Not enrolled yet: nothing leaves this machine.");
    } else if (delivery->waiting > 0) {
        text_add_format(&line, "%lld snapshot%s wait%s to be sent, the oldest from ",
                        (long long)delivery->waiting, delivery->waiting == 1 ? "" : "s",
                        delivery->waiting == 1 ? "s" : "");
        screen_add_time(delivery->waiting_since, status->now, &line);
        text_add_string(&line, ".");
    } else if (delivery->received_at > 0) {
        text_add_string(&line, "Received by your volunteers' server ");
        screen_add_time(delivery->received_at, status->now, &line);
        text_add_string(&line, ". What exactly: dijkwacht show");
    }
    if (delivery->refused > 0)
        text_add_format(&line, " %lld refused so far; the last: %s", (long long)delivery->refused,
                        refusal_reason_text(delivery->refusal));
    screen_add_wrapped(screen, STYLE_DIM, text_string(&line), 0, out);
}

void status_write(const struct status *status, const struct screen *screen, bool all,
                  struct text *out)
{
    write_head(status, screen, out);
    write_summary(status, screen, out);
    text_add_string(out, "\n");
    write_state(status, screen, VERDICT_FAIL, out);
    write_state(status, screen, VERDICT_UNKNOWN, out);
    if (all) {
        write_state(status, screen, VERDICT_ACCEPTED, out);
        write_state(status, screen, VERDICT_PASS, out);
        write_state(status, screen, VERDICT_NOT_APPLICABLE, out);
    } else {
        write_good(status, screen, out);
    }
    text_add_string(out, "\n");
    write_delivery(status, screen, out);
}
