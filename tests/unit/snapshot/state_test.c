#include "snapshot/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "tests/support/test.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct digest ones = {.bytes = {1, 1, 1}}, twos = {.bytes = {2, 2, 2}};

static int read_state(const char *text, struct state *ret_state)
{
    struct error err = {0};
    int r = state_from_text(text, strlen(text), ret_state, &err);

    if (r < 0)
        assert_string_not_equal(err.message, "");
    return r;
}

TEST(an_empty_state_has_the_digest_of_nothing)
{
    struct state state = {0};
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];

    state_digest(&state, &digest);
    digest_to_hex(&digest, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(the_order_of_setting_does_not_matter)
{
    struct state first = {0}, second = {0};
    struct digest a, b;

    assert_int_equal(state_set(&first, "firewall", &ones), 0);
    assert_int_equal(state_set(&first, "disk", &twos), 0);
    assert_int_equal(state_set(&second, "disk", &twos), 0);
    assert_int_equal(state_set(&second, "firewall", &ones), 0);
    state_digest(&first, &a);
    state_digest(&second, &b);
    assert_memory_equal(a.bytes, b.bytes, DIGEST_SIZE);
    assert_string_equal(first.entries[0].name, "disk");
}

TEST(setting_again_replaces_and_removing_removes)
{
    struct state state = {0};

    assert_int_equal(state_set(&state, "b", &ones), 0);
    assert_int_equal(state_set(&state, "a", &ones), 0);
    assert_int_equal(state_set(&state, "b", &twos), 0);
    assert_int_equal(state.count, 2);
    assert_memory_equal(state_find(&state, "b")->digest.bytes, twos.bytes, DIGEST_SIZE);
    assert_true(state_remove(&state, "a"));
    assert_false(state_remove(&state, "a"));
    assert_null(state_find(&state, "a"));
    assert_int_equal(state.count, 1);
    assert_string_equal(state.entries[0].name, "b");
}

TEST(takes_no_bad_names_and_no_more_than_its_limit)
{
    static const char *const bad[] = {
        "",   "A",    "1a",
        "_a", "a-b",  "a b",
        "é",  "a\nb", "a123456789012345678901234567890123456789012345678"};
    struct state state = {0};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(state_set(&state, bad[i], &ones), -EINVAL);
    assert_int_equal(state_set(&state, "a12345678901234567890123456789012345678901234567", &ones),
                     0);
    for (unsigned i = 1; i < STATE_SECTIONS_MAX; i++) {
        char name[8];

        (void)snprintf(name, sizeof(name), "n%u", i);
        assert_int_equal(state_set(&state, name, &ones), 0);
    }
    assert_int_equal(state_set(&state, "z", &ones), -E2BIG);
    assert_int_equal(state_set(&state, "n5", &twos), 0);
}

TEST(text_comes_back_as_the_same_state)
{
    struct state state = {0}, again;
    AUTO(text_clear) struct text text = {0};

    assert_int_equal(state_set(&state, "firewall", &ones), 0);
    assert_int_equal(state_set(&state, "disk", &twos), 0);
    state_to_text(&state, &text);
    assert_memory_equal(text.bytes, "disk 0202020000", 15);
    assert_int_equal(read_state(text.bytes, &again), 0);
    assert_int_equal(again.count, 2);
    assert_string_equal(again.entries[1].name, "firewall");
    assert_memory_equal(again.entries[1].digest.bytes, ones.bytes, DIGEST_SIZE);
    assert_memory_equal(state_find(&again, "disk")->digest.bytes, twos.bytes, DIGEST_SIZE);
    assert_int_equal(read_state("", &again), 0);
    assert_int_equal(again.count, 0);
}

TEST(refuses_text_of_any_other_form)
{
    static const char *const bad[] = {
        "\n",
        "a",
        "a " A64,
        "a  " A64 "\n",
        "a " A64 "a\n",
        "a " A64 " \n",
        " a " A64 "\n",
        "A " A64 "\n",
        "a AAAAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n",
        "a " A64 "\r\n",
        "a " A64 "\n\n",
        "b " A64 "\na " A64 "\n",
        "a " A64 "\na " A64 "\n",
        "a " A64 "\nb",
    };
    struct state state = {.count = 7};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (read_state(bad[i], &state) != -EBADMSG)
            fail_msg("text %zu is taken", i);
    assert_int_equal(state.count, 7);
}

TEST(refuses_text_of_more_sections_than_a_state_has)
{
    AUTO(text_clear) struct text text = {0};
    struct state state;

    for (unsigned i = 0; i <= STATE_SECTIONS_MAX; i++)
        text_add_format(&text, "n%03u " A64 "\n", i);
    assert_int_equal(read_state(text.bytes, &state), -EBADMSG);
    text_truncate(&text, text.length - 70);
    assert_int_equal(read_state(text.bytes, &state), 0);
    assert_int_equal(state.count, STATE_SECTIONS_MAX);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(an_empty_state_has_the_digest_of_nothing),
        RUN(the_order_of_setting_does_not_matter),
        RUN(setting_again_replaces_and_removing_removes),
        RUN(takes_no_bad_names_and_no_more_than_its_limit),
        RUN(text_comes_back_as_the_same_state),
        RUN(refuses_text_of_any_other_form),
        RUN(refuses_text_of_more_sections_than_a_state_has),
    };

    return RUN_ALL(tests);
}
