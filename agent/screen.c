#include "agent/screen.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "platform/text.h"

#define NARROWEST 60U
#define WIDEST    120U
#define USUAL     80U
#define DAY       86400

static const char *const escapes[] = {
    [STYLE_PLAIN] = "",         [STYLE_BOLD] = "\033[1m",     [STYLE_DIM] = "\033[2m",
    [STYLE_BAD] = "\033[1;31m", [STYLE_UNKNOWN] = "\033[35m", [STYLE_GOOD] = "\033[32m",
};

void screen_open(struct screen *ret_screen)
{
    const char *no_colour = getenv("NO_COLOR");
    struct winsize size = {0};
    bool terminal = isatty(STDOUT_FILENO) == 1;

    (void)setlocale(LC_CTYPE, "");
    ret_screen->colour = terminal && (no_colour == NULL || no_colour[0] == '\0');
    ret_screen->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    ret_screen->width = USUAL;
    if (terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        ret_screen->width = size.ws_col;
    if (ret_screen->width < NARROWEST)
        ret_screen->width = NARROWEST;
    if (ret_screen->width > WIDEST)
        ret_screen->width = WIDEST;
}

static void add_clean(const struct screen *screen, const char *content, size_t length,
                      struct text *out)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)content[i];
        /* Also the C1 controls, which are U+0080 to U+009F. */
        bool control = byte < 0x20 || byte == 0x7f ||
                       (byte == 0xc2 && i + 1 < length && (unsigned char)content[i + 1] < 0xa0);

        if (control || (byte >= 0x80 && !screen->utf8)) {
            if (byte < 0x80 || byte >= 0xc0)
                text_add(out, "?", 1);
            i += byte == 0xc2 && control ? 1 : 0;
            continue;
        }
        text_add(out, content + i, 1);
    }
}

static void add_styled(const struct screen *screen, enum screen_style style, const char *content,
                       size_t length, struct text *out)
{
    bool styled = screen->colour && style != STYLE_PLAIN;

    if (styled)
        text_add_string(out, escapes[style]);
    add_clean(screen, content, length, out);
    if (styled)
        text_add_string(out, "\033[0m");
}

void screen_add(const struct screen *screen, enum screen_style style, const char *content,
                struct text *out)
{
    add_styled(screen, style, content, strlen(content), out);
}

static size_t columns_of(const char *content, size_t length)
{
    size_t columns = 0;

    for (size_t i = 0; i < length; i++)
        columns += ((unsigned char)content[i] & 0xc0U) != 0x80U;
    return columns;
}

size_t screen_columns(const char *content)
{
    return columns_of(content, strlen(content));
}

/* The bytes that fit: up to the last space within the room, or one whole word. */
static size_t fitting(const char *content, size_t room)
{
    size_t fits = 0;

    for (size_t i = 0;; i++) {
        if (content[i] != ' ' && content[i] != '\0')
            continue;
        if (fits > 0 && columns_of(content, i) > room)
            return fits;
        fits = i;
        if (content[i] == '\0')
            return fits;
    }
}

void screen_add_wrapped(const struct screen *screen, enum screen_style style, const char *content,
                        unsigned indent, struct text *out)
{
    while (*content != '\0') {
        size_t length = fitting(content, screen->width - indent);

        text_add_format(out, "%*s", (int)indent, "");
        add_styled(screen, style, content, length, out);
        text_add_string(out, "\n");
        content += length;
        content += strspn(content, " ");
    }
}

void screen_add_time(int64_t time, int64_t now, struct text *out)
{
    struct tm parts = {0}, today = {0};
    time_t then = time, current = now;
    char words[64];

    (void)localtime_r(&then, &parts);
    (void)localtime_r(&current, &today);
    if (parts.tm_year == today.tm_year && parts.tm_yday == today.tm_yday)
        (void)strftime(words, sizeof(words), "today %H:%M", &parts);
    else
        (void)strftime(words, sizeof(words), "%Y-%m-%d %H:%M", &parts);
    text_add_string(out, words);
}

void screen_add_since(int64_t since, int64_t now, struct text *out)
{
    int64_t days = (now - since) / DAY;

    if (days < 1)
        text_add_string(out, "since today");
    else
        text_add_format(out, "since %lld day%s", (long long)days, days == 1 ? "" : "s");
}
