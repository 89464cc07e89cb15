#include "agent/html.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "platform/text.h"
#include "platform/utf8.h"

#define REPLACEMENT   "\xef\xbf\xbd" /* U+FFFD */
#define PICTURES      0x2400U        /* U+2400 is the picture of NUL, U+2401 that of U+0001 */
#define PICTURE_OF_7F 0x2421U

/* Characters that cannot be seen, or that turn the direction of reading: Unicode 15, general
 * categories Cc, Cf, Zl, Zp and Co, without U+200C and U+200D, which some scripts need. */
static const struct range {
    uint32_t first, last;
} hidden[] = {
    {0x80, 0x9f},     {0xad, 0xad},     {0x61c, 0x61c},   {0x180e, 0x180e},   {0x200b, 0x200b},
    {0x200e, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff},   {0xfff9, 0xfffb},
    {0xfffe, 0xffff}, {0xfdd0, 0xfdef}, {0xe000, 0xf8ff}, {0xe0000, 0xe0fff}, {0xf0000, 0x10ffff},
};

static bool is_hidden(uint32_t character)
{
    for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++)
        if (character >= hidden[i].first && character <= hidden[i].last)
            return true;
    return (character & 0xfffeU) == 0xfffeU; /* no characters, in every plane */
}

static uint32_t decode(const char *bytes, size_t length)
{
    static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t character = (unsigned char)bytes[0] & masks[length];

    for (size_t i = 1; i < length; i++)
        character = character << 6U | ((unsigned char)bytes[i] & 0x3fU);
    return character;
}

static void add_character(struct text *out, const char *bytes, size_t length)
{
    uint32_t character = decode(bytes, length);

    if (character == '&')
        text_add_string(out, "&amp;");
    else if (character == '<')
        text_add_string(out, "&lt;");
    else if (character == '>')
        text_add_string(out, "&gt;");
    else if (character == '"')
        text_add_string(out, "&quot;");
    else if (character == '\'')
        text_add_string(out, "&#39;");
    else if (character < 0x20 || character == 0x7f)
        text_add_format(out, "&#x%X;", character == 0x7f ? PICTURE_OF_7F : PICTURES + character);
    else if (is_hidden(character))
        text_add_format(out, "&#x27E8;U+%04X&#x27E9;", (unsigned)character);
    else
        text_add(out, bytes, length);
}

/* Adds at most so many characters; true when there were more. */
static bool add_limited(struct text *out, const char *content, size_t limit)
{
    size_t left = strlen(content);

    for (; left > 0; limit--) {
        size_t length = utf8_sequence(content, left);

        if (limit == 0)
            return true;
        if (length == 0)
            text_add_string(out, REPLACEMENT);
        else
            add_character(out, content, length);
        length += length == 0;
        content += length;
        left -= length;
    }
    return false;
}

void html_add(struct text *out, const char *content)
{
    (void)add_limited(out, content, SIZE_MAX);
}

void html_add_outside(struct text *out, const char *content)
{
    text_add_string(out, "<bdi>");
    if (add_limited(out, content, HTML_OUTSIDE_MAX))
        text_add_string(out, "\xe2\x80\xa6");
    text_add_string(out, "</bdi>");
}
