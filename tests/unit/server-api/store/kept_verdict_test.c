#include "server-api/store/kept_verdict.h"

#include <string.h>

#include "platform/cleanup.h"
#include "tests/support/test.h"

static struct kept_field field_of(const char *text)
{
    return (struct kept_field){text, strlen(text)};
}

TEST(a_verdict_comes_back_as_it_was)
{
    AUTO(text_clear) struct text text = {0};
    const struct kept_verdict verdict = {
        .check = field_of("disk_encrypted"),
        .state = field_of("unknown"),
        .reason = field_of("not_permitted"),
        .fact = field_of("/disk_encryption/all_encrypted"),
        .since = 1796000000,
        .valid_until = -5,
    };
    const struct kept_verdict other = {
        .check = field_of("encrypted"),
        .state = field_of("pass"),
        .reason = field_of(""),
        .fact = field_of(""),
        .since = 1,
        .valid_until = 999999999999999999,
    };
    struct kept_verdict again;
    struct kept_field kept;

    kept_verdict_add(&verdict, &text);
    kept_verdict_add(&other, &text);
    kept = (struct kept_field){text.bytes, text.length};
    assert_true(kept_verdict_find(&kept, "encrypted", &again));
    assert_true(kept_field_is(&again.state, "pass"));
    assert_true(again.valid_until == 999999999999999999);
    assert_true(kept_verdict_find(&kept, "disk_encrypted", &again));
    assert_true(kept_field_is(&again.reason, "not_permitted"));
    assert_true(kept_field_is(&again.fact, "/disk_encryption/all_encrypted"));
    assert_true(again.since == 1796000000 && again.valid_until == -5);
    assert_false(kept_verdict_find(&kept, "disk", &again));
}

TEST(a_damaged_line_is_no_verdict_and_harms_no_other)
{
    static const char *const lines[] = {
        "a\tpass\t\t\t1\n",
        "a\tpass\t\t\t1\t2\t\n",
        "a\tpass\t\t\t\t2\n",
        "a\tpass\t\t\t1\t2x\n",
        "a\tpass\t\t\t1\t-\n",
        "a\tpass\t\t\t 1\t2\n",
        "a\tpass\t\t1\t2\n",
        "a\n",
        "\n",
        "a\tpass\t\t\t1\t+2\n",
        "a\tpass\t\t\t1\t9999999999999999999\n",
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++) {
        AUTO(text_clear) struct text text = {0};
        struct kept_verdict verdict;
        struct kept_field kept;

        text_add_string(&text, lines[i]);
        text_add_string(&text, "b\tfail\t\t/x/y\t1\t2\n");
        text_add_string(&text, "c\tpass\t\t\t1\t2"); /* cut off */
        kept = (struct kept_field){text.bytes, text.length};
        assert_false(kept_verdict_find(&kept, "a", &verdict));
        assert_true(kept_verdict_find(&kept, "b", &verdict));
        assert_false(kept_verdict_find(&kept, "c", &verdict));
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_verdict_comes_back_as_it_was),
        RUN(a_damaged_line_is_no_verdict_and_harms_no_other),
    };

    return RUN_ALL(tests);
}
