#include "server-api/terminal/table.h"

#include <string.h>

#include "baseline/verdict.h"
#include "platform/cleanup.h"
#include "platform/json.h"
#include "server-api/terminal/when.h"

/* Columns, dropped from the right when it gets narrow. */
#define INDENT           2U
#define STATE_WIDTH      18U
#define SINCE_WIDTH      12U
#define TAKES_WIDTH      10U
#define FACT_WIDTH       32U
#define GAP              2U
#define SINCE_FROM       66U
#define TAKES_FROM       78U
#define FACT_FROM        110U
#define LABEL_MAX        40U
#define ORGANISATION_MAX 48U

struct layout {
    size_t check; /* width of the column that takes what is left */
    bool since;
    bool takes;
    bool fact;
};

static struct layout layout_of(const struct screen *screen)
{
    struct layout layout = {
        .check = screen->width - INDENT - STATE_WIDTH,
        .since = screen->width >= SINCE_FROM,
        .takes = screen->width >= TAKES_FROM,
        .fact = screen->width >= FACT_FROM,
    };

    if (layout.since)
        layout.check -= GAP + SINCE_WIDTH;
    if (layout.takes)
        layout.check -= GAP + TAKES_WIDTH;
    if (layout.fact)
        layout.check -= GAP + FACT_WIDTH;
    return layout;
}

static enum mark mark_of_state(enum verdict_state state)
{
    switch (state) {
    case VERDICT_PASS:
        return MARK_GOOD;
    case VERDICT_FAIL:
        return MARK_FIX;
    case VERDICT_NOT_APPLICABLE:
        return MARK_NONE;
    case VERDICT_ACCEPTED:
        return MARK_ACCEPTED;
    case VERDICT_UNKNOWN:
        break;
    }
    return MARK_UNKNOWN;
}

static const char *word_of_state(enum verdict_state state)
{
    switch (state) {
    case VERDICT_PASS:
        return "Good";
    case VERDICT_FAIL:
        return "To fix";
    case VERDICT_NOT_APPLICABLE:
        return "Does not apply";
    case VERDICT_ACCEPTED:
        return "Accepted";
    case VERDICT_UNKNOWN:
        break;
    }
    return "Not known";
}

static const struct {
    enum mark mark;
    const char *word;
} standings[STANDING_COUNT] = {
    [STANDING_FIX] = {MARK_FIX, "to fix"},
    [STANDING_SILENT] = {MARK_SILENT, "not heard from"},
    [STANDING_UNKNOWN] = {MARK_UNKNOWN, "not known"},
    [STANDING_GOOD] = {MARK_GOOD, "good"},
    [STANDING_REVOKED] = {MARK_NONE, "revoked"},
};

/* Mark and word; of what is good only the mark has a colour. */
static void write_mark(struct screen *screen, enum mark mark, const char *word)
{
    enum style style = mark_style(mark);

    screen_style(screen, style);
    screen_text(screen, screen_mark(screen, mark));
    if (style == STYLE_GOOD)
        screen_style(screen, STYLE_PLAIN);
    screen_format(screen, " %s", word);
    screen_style(screen, STYLE_PLAIN);
}

static void write_outside(struct screen *screen, const char *text, size_t max_columns)
{
    AUTO(text_clear) struct text shown = {0};

    screen_outside(screen, text, max_columns, &shown);
    screen_text(screen, text_string(&shown));
}

/* Why something is not known: a line of its own, so it may be as long as there is room. */
static void write_reason(struct screen *screen, const struct check_view *check)
{
    AUTO(text_clear) struct text text = {0};

    text_add_format(&text, "%s.", unknown_reason_text(check->reason));
    screen_newline(screen);
    screen_spaces(screen, INDENT + STATE_WIDTH);
    screen_style(screen, STYLE_DIM);
    screen_wrap(screen, text_string(&text), screen->width - INDENT - STATE_WIDTH);
    screen_style(screen, STYLE_PLAIN);
}

/* The cells beside the first line of a check. */
static void write_columns(struct screen *screen, const struct check_view *check,
                          const struct layout *layout)
{
    size_t column = INDENT + STATE_WIDTH + layout->check + GAP;

    screen_style(screen, STYLE_DIM);
    if (layout->since && check->has_since) {
        AUTO(text_clear) struct text since = {0};

        when_since(check->since, screen->now, &since);
        screen_move(screen, column);
        screen_text(screen, text_string(&since));
    }
    column += SINCE_WIDTH + GAP;
    if (layout->takes && check->state == VERDICT_FAIL) {
        screen_move(screen, column);
        write_outside(screen, check->about->needs_volunteer ? "volunteer" : check->about->time,
                      TAKES_WIDTH);
    }
    column += TAKES_WIDTH + GAP;
    if (layout->fact && check->fact[0] != '\0') {
        screen_move(screen, column);
        write_outside(screen, check->fact + (check->fact[0] == '/'), FACT_WIDTH);
    }
    screen_style(screen, STYLE_PLAIN);
}

static void write_check(struct screen *screen, const struct check_view *check,
                        const struct layout *layout)
{
    const char *words = check->state == VERDICT_FAIL ? check->about->wrong : check->about->title;
    AUTO(text_clear) struct text shown = {0}, first = {0};
    const char *rest;
    size_t length = 0;

    screen_spaces(screen, INDENT);
    write_mark(screen, mark_of_state(check->state), word_of_state(check->state));
    screen_move(screen, INDENT + STATE_WIDTH);
    screen_outside(screen, words, 200, &shown);
    rest = screen_break(text_string(&shown), layout->check, &length);
    text_add(&first, text_string(&shown), length);
    screen_text(screen, text_string(&first));
    write_columns(screen, check, layout);
    if (*rest != '\0') {
        screen_newline(screen);
        screen_spaces(screen, INDENT + STATE_WIDTH);
        screen_wrap(screen, rest, layout->check);
    }
    if (check->state == VERDICT_UNKNOWN)
        write_reason(screen, check);
    screen_newline(screen);
}

static size_t count_state(const struct machine_view *machine, enum verdict_state state)
{
    size_t count = 0;

    for (size_t i = 0; i < machine->check_count; i++)
        count += machine->checks[i].state == state;
    return count;
}

/* One line for all checks of a state. */
static void write_folded(struct screen *screen, const struct machine_view *machine,
                         enum verdict_state state)
{
    size_t count = count_state(machine, state);

    if (count == 0)
        return;
    screen_spaces(screen, INDENT);
    write_mark(screen, mark_of_state(state), word_of_state(state));
    screen_move(screen, INDENT + STATE_WIDTH);
    screen_format(screen, "%zu check%s", count, count == 1 ? "" : "s");
    screen_newline(screen);
}

/* Of a machine that is silent nothing is known, and one line says so. */
static bool all_too_old(const struct machine_view *machine)
{
    for (size_t i = 0; i < machine->check_count; i++)
        if (machine->checks[i].state != VERDICT_UNKNOWN ||
            machine->checks[i].reason != UNKNOWN_STALE)
            return false;
    return machine->check_count > 1;
}

static void write_too_old(struct screen *screen, const struct machine_view *machine)
{
    screen_spaces(screen, INDENT);
    write_mark(screen, MARK_UNKNOWN, word_of_state(VERDICT_UNKNOWN));
    screen_move(screen, INDENT + STATE_WIDTH);
    screen_format(screen, "All %zu checks: what was seen is too old.", machine->check_count);
    screen_newline(screen);
}

static void add_heard(const struct screen *screen, const struct machine_view *machine,
                      struct text *out)
{
    if (machine->standing == STANDING_REVOKED) {
        text_add_string(out, "revoked");
        return;
    }
    if (!machine->seen) {
        text_add_string(out, "no snapshot yet");
        return;
    }
    text_add_string(out, machine->standing == STANDING_SILENT ? "last seen " : "seen ");
    when_ago(machine->seen_at, screen->now, out);
}

static void write_machine_head(struct screen *screen, const struct machine_view *machine)
{
    AUTO(text_clear) struct text about = {0}, heard = {0};
    enum mark mark = standings[machine->standing].mark;
    size_t room;

    screen_style(screen, mark_style(mark));
    screen_text(screen, screen_mark(screen, mark));
    screen_style(screen, STYLE_PLAIN);
    screen_text(screen, " ");
    screen_style(screen, STYLE_BOLD);
    write_outside(screen, machine->label, LABEL_MAX);
    screen_style(screen, STYLE_PLAIN);
    if (strcmp(machine->kind, "unknown") != 0)
        text_add_format(&about, "%s%s", screen_dot(screen), machine->kind);
    if (machine->system[0] != '\0')
        text_add_format(&about, "%s%s", screen_dot(screen), machine->system);
    add_heard(screen, machine, &heard);
    room = screen->width - screen->column;
    if (room > heard.length + GAP + 8)
        room -= heard.length + GAP;
    if (about.length > 0)
        write_outside(screen, about.bytes, room);
    screen_style(screen, STYLE_DIM);
    screen_right(screen, text_string(&heard));
    screen_style(screen, STYLE_PLAIN);
    screen_newline(screen);
}

/* What a volunteer should know about how the snapshots came, in words. */
static const struct {
    const char *flag;
    const char *words;
} notes[] = {
    {"fork", "Two copies of this machine may be running: its snapshots contradict each other."},
    {"rollback", "It may have been put back to an older copy of itself."},
    {"reset", "It started over: it was installed again, restored, or lost what it remembered."},
    {"gap", "Some of its snapshots never arrived."},
    {"clock", "Its clock was wrong by more than 10 minutes."},
    {"no_base", "Its last snapshot was only a part; the next one will be whole."},
};

static void write_notes(struct screen *screen, const struct machine_view *machine)
{
    for (const struct json *flag = json_first(machine->flags); flag != NULL;
         flag = json_next(flag)) {
        const char *name = json_text(flag);

        for (size_t i = 0; name != NULL && i < sizeof(notes) / sizeof(notes[0]); i++) {
            if (strcmp(notes[i].flag, name) != 0)
                continue;
            screen_spaces(screen, INDENT);
            screen_text(screen, "Note");
            screen_move(screen, INDENT + STATE_WIDTH);
            screen_wrap(screen, notes[i].words, screen->width - INDENT - STATE_WIDTH);
            screen_newline(screen);
        }
    }
}

static void write_machine(struct screen *screen, const struct machine_view *machine, bool fold)
{
    const struct layout layout = layout_of(screen);

    write_machine_head(screen, machine);
    if (machine->standing == STANDING_REVOKED || !machine->seen)
        return;
    if (fold && machine->standing == STANDING_GOOD)
        return;
    write_notes(screen, machine);
    if (all_too_old(machine)) {
        write_too_old(screen, machine);
        return;
    }
    for (size_t i = 0; i < machine->check_count; i++) {
        enum verdict_state state = machine->checks[i].state;

        if (!fold || (state != VERDICT_PASS && state != VERDICT_NOT_APPLICABLE))
            write_check(screen, &machine->checks[i], &layout);
    }
    if (fold) {
        write_folded(screen, machine, VERDICT_PASS);
        write_folded(screen, machine, VERDICT_NOT_APPLICABLE);
    }
}

/* The words above the columns, once for an organisation. */
static void write_column_names(struct screen *screen)
{
    const struct layout layout = layout_of(screen);
    size_t column = INDENT + STATE_WIDTH;

    screen_style(screen, STYLE_DIM);
    screen_spaces(screen, INDENT);
    screen_text(screen, "State");
    screen_move(screen, column);
    screen_text(screen, "Check");
    column += layout.check + GAP;
    if (layout.since) {
        screen_move(screen, column);
        screen_text(screen, "Since");
    }
    column += SINCE_WIDTH + GAP;
    if (layout.takes) {
        screen_move(screen, column);
        screen_text(screen, "Takes");
    }
    column += TAKES_WIDTH + GAP;
    if (layout.fact) {
        screen_move(screen, column);
        screen_text(screen, "Decided by");
    }
    screen_style(screen, STYLE_PLAIN);
    screen_newline(screen);
}

static void write_counts(struct screen *screen, const size_t counts[STANDING_COUNT])
{
    AUTO(text_clear) struct text plain = {0};

    for (size_t i = 0; i < STANDING_COUNT; i++)
        if (counts[i] > 0)
            text_add_format(&plain, "%s%s %zu %s", plain.length == 0 ? "" : "   ",
                            screen_mark(screen, standings[i].mark), counts[i], standings[i].word);
    if (screen->column + 2 + screen_width_of(text_string(&plain)) > screen->width) {
        screen_newline(screen);
        screen_spaces(screen, INDENT);
    } else {
        screen_move(screen, screen->width - screen_width_of(text_string(&plain)));
    }
    for (size_t i = 0, written = 0; i < STANDING_COUNT; i++) {
        AUTO(text_clear) struct text word = {0};

        if (counts[i] == 0)
            continue;
        text_add_format(&word, "%zu %s", counts[i], standings[i].word);
        if (written++ > 0)
            screen_spaces(screen, 3);
        write_mark(screen, standings[i].mark, text_string(&word));
    }
}

static void write_organisation(struct screen *screen, const struct organisation_view *organisation,
                               bool fold)
{
    screen_newline(screen);
    screen_style(screen, STYLE_BOLD);
    write_outside(screen, organisation->name, ORGANISATION_MAX);
    screen_style(screen, STYLE_PLAIN);
    if (organisation->machine_count == 0) {
        screen_right(screen, "no machine yet");
        screen_newline(screen);
        return;
    }
    write_counts(screen, organisation->standings);
    screen_newline(screen);
    write_column_names(screen);
    for (size_t i = 0; i < organisation->machine_count; i++) {
        const struct machine_view *machine = &organisation->machines[i];

        /* A blank line between blocks, none between machines that take a line each. */
        if (i == 0 || !fold || machine->standing < STANDING_GOOD ||
            organisation->machines[i - 1].standing < STANDING_GOOD)
            screen_newline(screen);
        write_machine(screen, machine, fold);
    }
}

const struct machine_view *worst_machine(const struct fleet_view *fleet,
                                         const struct organisation_view **ret_organisation)
{
    for (int standing = STANDING_FIX; standing < STANDING_GOOD; standing++)
        for (size_t i = 0; i < fleet->organisation_count; i++) {
            const struct organisation_view *organisation = &fleet->organisations[i];
            const struct machine_view *first = organisation->machines;

            *ret_organisation = organisation;
            for (size_t k = 0; k < organisation->machine_count; k++)
                if ((int)first[k].standing == standing)
                    return &first[k];
        }
    return NULL;
}

/* Whom to help first, in one sentence; what the fleet is, at the right. */
static void write_first_line(struct screen *screen, const struct fleet_view *fleet)
{
    const struct organisation_view *organisation = NULL;
    const struct machine_view *worst = worst_machine(fleet, &organisation);
    AUTO(text_clear) struct text sentence = {0}, size = {0};

    if (worst != NULL) {
        text_add_string(&sentence, "Start with ");
        screen_outside(screen, worst->label, LABEL_MAX, &sentence);
        text_add_string(&sentence, " of ");
        screen_outside(screen, organisation->name, ORGANISATION_MAX, &sentence);
        text_add_string(&sentence, ".");
    } else if (fleet->machine_count == 0) {
        text_add_string(&sentence, "No machine has joined yet.");
    } else {
        text_add_string(&sentence, "Nothing to fix: every machine is in good state.");
    }
    screen_style(screen, STYLE_BOLD);
    screen_wrap(screen, sentence.bytes, screen->width);
    screen_style(screen, STYLE_PLAIN);
    text_add_format(&size, "%zu organisation%s, %zu machine%s, ", fleet->organisation_count,
                    fleet->organisation_count == 1 ? "" : "s", fleet->machine_count,
                    fleet->machine_count == 1 ? "" : "s");
    when_clock(fleet->generated_at, &size);
    screen_style(screen, STYLE_DIM);
    screen_right(screen, text_string(&size));
    screen_style(screen, STYLE_PLAIN);
    screen_newline(screen);
}

void table_write(struct screen *screen, const struct fleet_view *fleet, bool all)
{
    bool fold = !all && fleet->machine_count > FOLD_ABOVE;

    write_first_line(screen, fleet);
    for (size_t i = 0; i < fleet->organisation_count; i++)
        write_organisation(screen, &fleet->organisations[i], fold);
}

int fleet_exit_code(const struct fleet_view *fleet)
{
    if (fleet->standings[STANDING_FIX] > 0)
        return 1;
    return fleet->standings[STANDING_GOOD] > 0 &&
                   fleet->standings[STANDING_GOOD] == fleet->machine_count
               ? 0
               : 2;
}
