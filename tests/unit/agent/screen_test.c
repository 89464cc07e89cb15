#include "agent/screen.h"

#include <stdlib.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "tests/support/authority.h"
#include "tests/support/test.h"

static const struct screen plain = {.utf8 = true, .width = 60};

static void assert_added(const struct screen *screen, const char *content, const char *expected)
{
    AUTO(text_clear) struct text out = {0};

    screen_add(screen, STYLE_BAD, content, &out);
    assert_string_equal(text_string(&out), expected);
}

TEST(control_characters_never_reach_the_terminal)
{
    assert_added(&plain, "a\033[2Jb\nc\x7f", "a?[2Jb?c?");
    assert_added(&plain,
                 "csi \xc2\x9b"
                 "2J",
                 "csi ?2J");
    assert_added(&plain, "caf\xc3\xa9", "caf\xc3\xa9");
}

TEST(without_utf8_a_letter_is_one_question_mark)
{
    const struct screen ascii = {.width = 60};

    assert_added(&ascii, "caf\xc3\xa9 \xe2\x82\xac", "caf? ?");
}

TEST(colour_only_where_it_was_asked_for)
{
    const struct screen colour = {.colour = true, .utf8 = true, .width = 60};

    assert_added(&plain, "x", "x");
    assert_added(&colour, "x", "\033[1;31mx\033[0m");
}

TEST(paragraphs_break_between_words)
{
    AUTO(text_clear) struct text out = {0};
    const struct screen narrow = {.width = 20};

    screen_add_wrapped(&narrow, STYLE_PLAIN, "one two three four incomprehensibilities", 10, &out);
    assert_string_equal(text_string(&out), "          one two\n"
                                           "          three four\n"
                                           "          incomprehensibilities\n");
}

TEST(times_are_told_as_days)
{
    AUTO(text_clear) struct text out = {0};

    screen_add_since(TEST_NOW - 3600, TEST_NOW, &out);
    text_add_string(&out, "|");
    screen_add_since(TEST_NOW - 86400, TEST_NOW, &out);
    text_add_string(&out, "|");
    screen_add_since(TEST_NOW - 41 * 86400, TEST_NOW, &out);
    assert_string_equal(text_string(&out), "since today|since 1 day|since 41 days");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(control_characters_never_reach_the_terminal),
        RUN(without_utf8_a_letter_is_one_question_mark),
        RUN(colour_only_where_it_was_asked_for),
        RUN(paragraphs_break_between_words),
        RUN(times_are_told_as_days),
    };

    return RUN_ALL(tests);
}
