#include <string.h>

#include "baseline/verdict.h"
#include "platform/cleanup.h"
#include "platform/json.h"
#include "server-api/terminal/table.h"
#include "server-api/terminal/when.h"

#define TEXT_WIDTH   76U /* longer lines of prose are hard to follow */
#define COMMAND_MARK "$ "

static size_t prose_width(const struct screen *screen, size_t indent)
{
    size_t width = screen->width < TEXT_WIDTH ? screen->width : TEXT_WIDTH;

    return width - indent;
}

static void write_paragraph(struct screen *screen, const char *text, size_t indent)
{
    AUTO(text_clear) struct text shown = {0};

    screen_outside(screen, text, 2000, &shown);
    screen_spaces(screen, indent);
    screen_wrap(screen, text_string(&shown), prose_width(screen, indent));
    screen_newline(screen);
}

/* Commands stay on one line, to be copied. */
static void write_step(struct screen *screen, const char *step)
{
    AUTO(text_clear) struct text shown = {0};

    if (strncmp(step, COMMAND_MARK, strlen(COMMAND_MARK)) != 0) {
        write_paragraph(screen, step, 2);
        return;
    }
    screen_outside(screen, step + strlen(COMMAND_MARK), 2000, &shown);
    screen_spaces(screen, 6);
    screen_style(screen, STYLE_BOLD);
    screen_text(screen, text_string(&shown));
    screen_style(screen, STYLE_PLAIN);
    screen_newline(screen);
}

static void write_title(struct screen *screen, const struct machine_view *machine)
{
    AUTO(text_clear) struct text title = {0};

    screen_newline(screen);
    text_add_string(&title, "What to do first: ");
    screen_outside(screen, machine->label, 40, &title);
    screen_style(screen, STYLE_BOLD);
    screen_text(screen, text_string(&title));
    screen_style(screen, STYLE_PLAIN);
    screen_newline(screen);
}

static void advise_to_fix(struct screen *screen, const struct check_view *check)
{
    const struct check_about *about = check->about;
    AUTO(text_clear) struct text effort = {0};

    write_paragraph(screen, about->wrong, 2);
    text_add_format(&effort, "It takes %s. %s", about->time,
                    about->needs_volunteer ? "A volunteer is needed for this."
                                           : "Someone of the organisation can do this.");
    screen_style(screen, STYLE_DIM);
    write_paragraph(screen, text_string(&effort), 2);
    screen_style(screen, STYLE_PLAIN);
    screen_newline(screen);
    write_paragraph(screen, about->why, 2);
    screen_newline(screen);
    for (const struct json *step = json_first(about->steps); step != NULL; step = json_next(step))
        if (json_text(step) != NULL)
            write_step(screen, json_text(step));
}

static void advise_silent(struct screen *screen, const struct machine_view *machine)
{
    AUTO(text_clear) struct text text = {0};

    if (machine->seen) {
        text_add_string(&text, "It was last seen ");
        when_ago(machine->seen_at, screen->now, &text);
        text_add_string(&text, ", so nothing is known about it now. ");
    } else {
        text_add_string(&text, "It joined and then sent nothing. ");
    }
    text_add_string(&text, "Ask whether it is still in use. If it is, switch it on and connect it; "
                           "then look at it with:");
    write_paragraph(screen, text_string(&text), 2);
    write_step(screen, "$ dijkwacht status");
}

static void advise_unknown(struct screen *screen, const struct check_view *check)
{
    AUTO(text_clear) struct text text = {0};

    text_add_format(&text, "\"%s\" is not known. %s. The machine itself can tell more:",
                    check->about->title, unknown_reason_text(check->reason));
    write_paragraph(screen, text_string(&text), 2);
    write_step(screen, "$ dijkwacht status");
}

void advice_write(struct screen *screen, const struct fleet_view *fleet)
{
    const struct organisation_view *organisation = NULL;
    const struct machine_view *machine = worst_machine(fleet, &organisation);

    if (machine == NULL)
        return;
    write_title(screen, machine);
    if (machine->standing == STANDING_SILENT || !machine->seen)
        advise_silent(screen, machine);
    else if (machine->standing == STANDING_FIX)
        advise_to_fix(screen, &machine->checks[0]);
    else
        advise_unknown(screen, &machine->checks[0]);
}
