#include "server-api/terminal/screen.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "platform/cleanup.h"
#include "server-api/terminal/when.h"
#include "tests/support/test.h"

static void assert_outside(bool utf8, size_t columns, const char *text, const char *expected)
{
    struct screen screen = {.width = 80, .utf8 = utf8};
    AUTO(text_clear) struct text shown = {0};

    screen_outside(&screen, text, columns, &shown);
    assert_string_equal(text_string(&shown), expected);
}

TEST(shows_harmless_text_as_it_is)
{
    assert_outside(true, 40, "Büro 7 – 漢字", "Büro 7 – 漢字");
    assert_outside(false, 40, "field-07", "field-07");
    assert_outside(true, 40, "", "");
}

TEST(makes_visible_what_could_deceive)
{
    assert_outside(true, 40, "a\033[1mb", "a␛[1mb");
    assert_outside(true, 40, "a\x7f\tb", "a␡␉b");
    assert_outside(true, 40, "a\u202eb", "a⟨U+202E⟩b");
    assert_outside(true, 40, "a\u200b\ufeffb", "a⟨U+200B⟩⟨U+FEFF⟩b");
    assert_outside(true, 40, "\xc2\x9b", "⟨U+009B⟩");
    assert_outside(false, 40, "ü\033", "<U+00FC><U+001B>");
    assert_outside(true, 40, "e\u0301", "e\u0301");
    assert_outside(true, 40, "e\u0301\u0301\u0301", "e\u0301\u0301⟨U+0301⟩");
}

TEST(cuts_by_columns_and_never_inside_a_character)
{
    assert_outside(true, 5, "abcdef", "abcd…");
    assert_outside(true, 5, "abcde", "abcde");
    assert_outside(true, 5, "漢字漢字", "漢字…");
    assert_outside(false, 6, "abcdefg", "abc...");
    assert_outside(true, 10, "\u202e\u202e", "⟨U+202E⟩…");
}

static void assert_wrapped(const char *text, size_t width, const char *expected)
{
    struct screen screen = {.width = 80, .utf8 = true};

    screen_wrap(&screen, text, width);
    assert_string_equal(text_string(&screen.out), expected);
    text_clear(&screen.out);
}

TEST(wraps_at_spaces_and_breaks_what_is_too_long)
{
    assert_wrapped("", 10, "");
    assert_wrapped("one two three", 7, "one two\nthree");
    assert_wrapped("one two three", 8, "one two\nthree");
    assert_wrapped("abcdefgh", 3, "abc\ndef\ngh");
    assert_wrapped("漢字漢", 3, "漢\n字\n漢");
    assert_wrapped(" x", 10, " x");
}

static void assert_since(int64_t ago, const char *since, const char *in_words)
{
    const int64_t now = 1795462920; /* 2026-11-23T19:42:00Z */
    AUTO(text_clear) struct text short_form = {0}, long_form = {0};

    when_since(now - ago, now, &short_form);
    when_ago(now - ago, now, &long_form);
    assert_string_equal(short_form.bytes, since);
    assert_string_equal(long_form.bytes, in_words);
    assert_true(short_form.length <= 12);
}

TEST(durations_round_down_and_give_way_to_dates)
{
    assert_since(-600, "just now", "just now");
    assert_since(59, "just now", "just now");
    assert_since(60, "1 minute", "1 minute ago");
    assert_since(7199, "1 hour", "1 hour ago");
    assert_since(INT64_C(30) * 86400, "30 days", "30 days ago");
    assert_since(INT64_C(31) * 86400, "23 October", "on 23 October");
    assert_since(INT64_C(400) * 86400, "Oct 2025", "on 19 October 2025");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(shows_harmless_text_as_it_is),
        RUN(makes_visible_what_could_deceive),
        RUN(cuts_by_columns_and_never_inside_a_character),
        RUN(wraps_at_spaces_and_breaks_what_is_too_long),
        RUN(durations_round_down_and_give_way_to_dates),
    };

    (void)setenv("TZ", "UTC", 1);
    tzset();
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
        return 77;
    return RUN_ALL(tests);
}
