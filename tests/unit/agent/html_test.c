#include "agent/html.h"

#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "platform/utf8.h"
#include "tests/support/test.h"

static void assert_html(const char *content, const char *expected)
{
    AUTO(text_clear) struct text out = {0};

    html_add(&out, content);
    assert_string_equal(text_string(&out), expected);
}

TEST(words_stay_as_they_are)
{
    assert_html("", "");
    assert_html("field-07", "field-07");
    assert_html("Zo\xc3\xab \xe4\xb8\xad \xf0\x9f\x8c\x8a",
                "Zo\xc3\xab \xe4\xb8\xad \xf0\x9f\x8c\x8a");
}

TEST(nothing_leaves_its_element_or_its_attribute)
{
    assert_html("</bdi><script>alert('1')</script>",
                "&lt;/bdi&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;");
    assert_html("\" onload=\"x", "&quot; onload=&quot;x");
    assert_html("&lt;", "&amp;lt;");
}

TEST(control_characters_can_be_seen)
{
    assert_html("\x01\x1b[2J\n\t\x7f", "&#x2401;&#x241B;[2J&#x240A;&#x2409;&#x2421;");
    assert_html("\xc2\x9b", "&#x27E8;U+009B&#x27E9;");
}

TEST(what_turns_the_direction_or_is_invisible_can_be_seen)
{
    assert_html("a\xe2\x80\xae"
                "b",
                "a&#x27E8;U+202E&#x27E9;b");
    assert_html("\xe2\x81\xa6", "&#x27E8;U+2066&#x27E9;");
    assert_html("\xe2\x80\x8b\xef\xbb\xbf", "&#x27E8;U+200B&#x27E9;&#x27E8;U+FEFF&#x27E9;");
    assert_html("\xf3\xa0\x81\x81", "&#x27E8;U+E0041&#x27E9;");
    assert_html("\xf0\x9f\xbf\xbf", "&#x27E8;U+1FFFF&#x27E9;");
}

TEST(joiners_that_scripts_need_stay)
{
    assert_html("\xe2\x80\x8c\xe2\x80\x8d", "\xe2\x80\x8c\xe2\x80\x8d");
}

TEST(what_is_no_utf8_becomes_a_replacement_and_hides_nothing_behind_it)
{
    assert_html("\xff<", "\xef\xbf\xbd&lt;");
    assert_html("\xc3<", "\xef\xbf\xbd&lt;");                            /* cut off */
    assert_html("\xe2\x80", "\xef\xbf\xbd\xef\xbf\xbd");                 /* cut off by the end */
    assert_html("\xc0\xbc", "\xef\xbf\xbd\xef\xbf\xbd");                 /* '<', overlong */
    assert_html("\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"); /* a surrogate */
}

static void assert_outside(size_t characters, size_t shown, bool cut)
{
    AUTO(text_clear) struct text content = {0}, expected = {0}, out = {0};

    for (size_t i = 0; i < characters; i++)
        text_add_string(&content, "\xe4\xb8\xad");
    text_add_string(&expected, "<bdi>");
    for (size_t i = 0; i < shown; i++)
        text_add_string(&expected, "\xe4\xb8\xad");
    text_add_string(&expected, cut ? "\xe2\x80\xa6</bdi>" : "</bdi>");
    html_add_outside(&out, text_string(&content));
    assert_string_equal(text_string(&out), text_string(&expected));
}

TEST(texts_from_outside_stand_alone_and_are_cut_between_characters)
{
    assert_outside(0, 0, false);
    assert_outside(HTML_OUTSIDE_MAX, HTML_OUTSIDE_MAX, false);
    assert_outside(HTML_OUTSIDE_MAX + 1, HTML_OUTSIDE_MAX, true);
}

TEST(every_pair_of_bytes_comes_out_as_harmless_utf8)
{
    for (unsigned first = 1; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            const char content[] = {(char)first, (char)second, '\0'};
            AUTO(text_clear) struct text out = {0};

            html_add(&out, content);
            assert_true(utf8_valid(out.bytes, out.length));
            assert_null(strpbrk(out.bytes, "<>\"'\033\n"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(words_stay_as_they_are),
        RUN(nothing_leaves_its_element_or_its_attribute),
        RUN(control_characters_can_be_seen),
        RUN(what_turns_the_direction_or_is_invisible_can_be_seen),
        RUN(joiners_that_scripts_need_stay),
        RUN(what_is_no_utf8_becomes_a_replacement_and_hides_nothing_behind_it),
        RUN(texts_from_outside_stand_alone_and_are_cut_between_characters),
        RUN(every_pair_of_bytes_comes_out_as_harmless_utf8),
    };

    return RUN_ALL(tests);
}
