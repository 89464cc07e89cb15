#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/text.h"

/*
 * Lines for a terminal of a known width. Everything is collected in out and written once. Text that
 * came from machines goes through screen_outside() alone; all other text is our own.
 */
struct screen {
    struct text out;
    size_t width;  /* columns, at least SCREEN_MIN_WIDTH */
    size_t column; /* where the present line stands */
    bool colour;   /* a terminal, and nobody said NO_COLOR */
    bool utf8;     /* else ASCII marks, and other characters by their number */
    int64_t now;   /* what times are relative to */
};
#define SCREEN_MIN_WIDTH 60U
#define SCREEN_MAX_WIDTH 120U /* longer lines are hard to follow */

/* The user's own 16 colours. */
enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_FIX, STYLE_UNKNOWN, STYLE_GOOD };

void screen_style(struct screen *screen, enum style style);
void screen_newline(struct screen *screen);
void screen_spaces(struct screen *screen, size_t count);

/* Our own text, which may hold the marks below. */
void screen_text(struct screen *screen, const char *text);
void screen_format(struct screen *screen, const char *format, ...) PRINTF_LIKE(2, 3);

/* Moves right to this column, or to the next line when the text has passed it already. */
void screen_move(struct screen *screen, size_t column);

/* Text at the right edge, on the present line if it fits there, else on one of its own. */
void screen_right(struct screen *screen, const char *text);

/* How many columns a text takes; what has no width counts as none. */
size_t screen_width_of(const char *text);

/*
 * Adds text from outside to out with what could deceive made visible: control characters,
 * direction and other invisible characters, stacks of accents. Cut to max_columns with an ellipsis.
 */
void screen_outside(const struct screen *screen, const char *text, size_t max_columns,
                    struct text *out);

/*
 * Writes text in a column of this width that starts where the line stands, wrapped at spaces;
 * lines after the first are indented to that place. Our own text, or what screen_outside() made.
 */
void screen_wrap(struct screen *screen, const char *text, size_t width);

/* Takes the part of text that fits in width; answers the rest without its leading spaces. */
const char *screen_break(const char *text, size_t width, size_t *ret_length);

/* A mark of one column: shape first, colour second. */
enum mark { MARK_FIX, MARK_UNKNOWN, MARK_SILENT, MARK_ACCEPTED, MARK_GOOD, MARK_NONE };
const char *screen_mark(const struct screen *screen, enum mark mark);
enum style mark_style(enum mark mark);
/* " · " or " - ". */
const char *screen_dot(const struct screen *screen);
