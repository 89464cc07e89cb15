#include "server-api/terminal/screen.h"

#include <stdarg.h>
#include <string.h>
#include <wchar.h>

#include "platform/cleanup.h"
#include "platform/utf8.h"

#define ACCENTS_MAX 2U /* more on one letter are meant to cover its neighbours */

static const char *const styles[] = {
    [STYLE_PLAIN] = "\033[0m",  [STYLE_BOLD] = "\033[1m",     [STYLE_DIM] = "\033[2m",
    [STYLE_FIX] = "\033[1;31m", [STYLE_UNKNOWN] = "\033[35m", [STYLE_GOOD] = "\033[32m",
};

void screen_style(struct screen *screen, enum style style)
{
    if (screen->colour)
        text_add_string(&screen->out, styles[style]);
}

void screen_newline(struct screen *screen)
{
    /* No line ends in spaces: they are noise in what is copied from it. */
    while (screen->out.length > 0 && screen->out.bytes[screen->out.length - 1] == ' ')
        text_truncate(&screen->out, screen->out.length - 1);
    text_add_string(&screen->out, "\n");
    screen->column = 0;
}

void screen_spaces(struct screen *screen, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_add_string(&screen->out, " ");
    screen->column += count;
}

/* The character at the start of text, which is valid UTF-8. */
static uint32_t decode(const char *text, size_t *ret_length)
{
    static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    size_t length = utf8_sequence(text, strlen(text));
    uint32_t character;

    *ret_length = length == 0 ? 1 : length;
    if (length == 0)
        return 0xfffd;
    character = (uint8_t)text[0] & first_bits[length];
    for (size_t i = 1; i < length; i++)
        character = character << 6 | ((uint8_t)text[i] & 0x3f);
    return character;
}

static size_t width_of(uint32_t character)
{
    int width = wcwidth((wchar_t)character);

    return width < 0 ? 1 : (size_t)width;
}

size_t screen_width_of(const char *text)
{
    size_t width = 0, length;

    for (; *text != '\0'; text += length)
        width += width_of(decode(text, &length));
    return width;
}

void screen_text(struct screen *screen, const char *text)
{
    text_add_string(&screen->out, text);
    screen->column += screen_width_of(text);
}

void screen_format(struct screen *screen, const char *format, ...)
{
    AUTO(text_clear) struct text text = {0};
    va_list arguments;

    va_start(arguments, format);
    text_add_formatted(&text, format, arguments);
    va_end(arguments);
    screen_text(screen, text_string(&text));
}

void screen_move(struct screen *screen, size_t column)
{
    if (screen->column > column)
        screen_newline(screen);
    screen_spaces(screen, column - screen->column);
}

void screen_right(struct screen *screen, const char *text)
{
    size_t width = screen_width_of(text);

    if (width > screen->width || screen->column + 2 + width > screen->width) {
        screen_newline(screen);
        screen_spaces(screen, 2);
    } else {
        screen_move(screen, screen->width - width);
    }
    screen_text(screen, text);
}

/* Invisible, or able to turn the order of what follows. Unicode 15: Bidi_Control, Default_Ignorable
 * and the format characters that matter on a terminal. */
static bool deceives(uint32_t c)
{
    static const struct {
        uint32_t first;
        uint32_t last;
    } ranges[] = {
        {0x0080, 0x009f},   {0x00ad, 0x00ad},    {0x034f, 0x034f}, {0x061c, 0x061c},
        {0x115f, 0x1160},   {0x17b4, 0x17b5},    {0x180b, 0x180f}, {0x200b, 0x200f},
        {0x2028, 0x202e},   {0x2060, 0x206f},    {0x3164, 0x3164}, {0xe000, 0xf8ff},
        {0xfe00, 0xfe0f},   {0xfeff, 0xfeff},    {0xffa0, 0xffa0}, {0xfff0, 0xfffb},
        {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff},
    };

    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
        if (c >= ranges[i].first && c <= ranges[i].last)
            return true;
    return wcwidth((wchar_t)c) < 0;
}

/* A picture of a control character (U+2400 block), or the number of one that has none. */
static void add_visible(const struct screen *screen, uint32_t c, struct text *out)
{
    if (screen->utf8 && c < 0x20) {
        const char picture[] = {(char)0xe2, (char)0x90, (char)(0x80 + c), '\0'};

        text_add_string(out, picture);
    } else if (screen->utf8 && c == 0x7f) {
        text_add_string(out, "\u2421");
    } else if (screen->utf8) {
        text_add_format(out, "\u27e8U+%04X\u27e9", c);
    } else {
        text_add_format(out, "<U+%04X>", c);
    }
}

void screen_outside(const struct screen *screen, const char *text, size_t max_columns,
                    struct text *out)
{
    size_t start = out->length, kept = start, length, accents = 0;
    const char *ellipsis = screen->utf8 ? "\u2026" : "...";
    size_t room = max_columns - screen_width_of(ellipsis);

    for (; *text != '\0'; text += length) {
        uint32_t c = decode(text, &length);

        accents = c >= 0x20 && width_of(c) == 0 ? accents + 1 : 0;
        if (c < 0x20 || c == 0x7f || (c > 0x7f && (!screen->utf8 || deceives(c))) ||
            accents > ACCENTS_MAX)
            add_visible(screen, c, out);
        else
            text_add(out, text, length);
        if (screen_width_of(out->bytes + start) <= room)
            kept = out->length;
        if (screen_width_of(out->bytes + start) > max_columns) {
            text_truncate(out, kept);
            text_add_string(out, ellipsis);
            return;
        }
    }
}

const char *screen_break(const char *text, size_t width, size_t *ret_length)
{
    size_t used = 0, length = 0, end = 0, at = 0;

    while (text[at] != '\0') {
        if (text[at] == ' ')
            end = at;
        used += width_of(decode(text + at, &length));
        if (used > width)
            break;
        at += length;
    }
    if (text[at] == '\0')
        end = at;
    if (end == 0) /* one word longer than the line */
        end = at > 0 ? at : length;
    *ret_length = end;
    return text + end + strspn(text + end, " ");
}

void screen_wrap(struct screen *screen, const char *text, size_t width)
{
    size_t column = screen->column;

    for (;;) {
        AUTO(text_clear) struct text line = {0};
        size_t length = 0;
        const char *rest = screen_break(text, width, &length);

        text_add(&line, text, length);
        screen_text(screen, text_string(&line));
        if (*rest == '\0')
            return;
        text = rest;
        screen_newline(screen);
        screen_spaces(screen, column);
    }
}

const char *screen_mark(const struct screen *screen, enum mark mark)
{
    static const char *const utf8[] = {
        [MARK_FIX] = "\u25c6",      [MARK_UNKNOWN] = "?",   [MARK_SILENT] = "\u25f7",
        [MARK_ACCEPTED] = "\u25c7", [MARK_GOOD] = "\u2713", [MARK_NONE] = "\u2013",
    };
    static const char *const ascii[] = {
        [MARK_FIX] = "!",      [MARK_UNKNOWN] = "?", [MARK_SILENT] = "@",
        [MARK_ACCEPTED] = "~", [MARK_GOOD] = "+",    [MARK_NONE] = "-",
    };

    return screen->utf8 ? utf8[mark] : ascii[mark];
}

enum style mark_style(enum mark mark)
{
    switch (mark) {
    case MARK_FIX:
        return STYLE_FIX;
    case MARK_UNKNOWN:
    case MARK_SILENT:
        return STYLE_UNKNOWN;
    case MARK_GOOD:
        return STYLE_GOOD;
    case MARK_NONE:
        return STYLE_DIM;
    case MARK_ACCEPTED:
        break;
    }
    return STYLE_PLAIN;
}

const char *screen_dot(const struct screen *screen)
{
    return screen->utf8 ? " \u00b7 " : " - ";
}
