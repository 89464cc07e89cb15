#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text;

/* Plain lines on a terminal: colour only there, ASCII where the locale is not UTF-8. */
enum screen_style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_BAD, STYLE_UNKNOWN, STYLE_GOOD };

struct screen {
    bool colour;
    bool utf8;
    unsigned width; /* columns, 60 to 120 */
};

/* For standard output. */
void screen_open(struct screen *ret_screen);

/* Adds text in a style. Control characters of whoever wrote it become '?'. */
void screen_add(const struct screen *screen, enum screen_style style, const char *content,
                struct text *out);

/* Adds a paragraph, broken into lines between words, each after so many spaces. */
void screen_add_wrapped(const struct screen *screen, enum screen_style style, const char *content,
                        unsigned indent, struct text *out);

/* The columns that a text takes: one for each character. */
size_t screen_columns(const char *content);

/* "today 19:04", "since 9 days", in the machine's own time zone. */
void screen_add_time(int64_t time, int64_t now, struct text *out);
void screen_add_since(int64_t since, int64_t now, struct text *out);
