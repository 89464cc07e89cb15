#include "platform/clock.h"

#include <string.h>
#include <time.h>

#include "tests/support/test.h"

static bool reads(const char *text)
{
    int64_t seconds;

    return clock_from_text(text, strlen(text), &seconds);
}

TEST(writes_and_reads_the_same_moment)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00Z"},
        {-1, "1969-12-31T23:59:59Z"},
        {951782400, "2000-02-29T00:00:00Z"},
        {1795426200, "2026-11-23T09:30:00Z"},
        {2147483648, "2038-01-19T03:14:08Z"},
        {-62167219200, "0000-01-01T00:00:00Z"},
        {253402300799, "9999-12-31T23:59:59Z"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[CLOCK_TEXT_SIZE];
        int64_t seconds;

        clock_to_text(rows[i].seconds, text);
        assert_string_equal(text, rows[i].text);
        assert_true(clock_from_text(text, strlen(text), &seconds));
        assert_true(seconds == rows[i].seconds);
    }
}

TEST(brings_far_away_years_to_the_nearest_that_fits)
{
    char text[CLOCK_TEXT_SIZE];

    clock_to_text(INT64_MIN, text);
    assert_string_equal(text, "0000-01-01T00:00:00Z");
    clock_to_text(INT64_MAX, text);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
}

TEST(reads_only_the_form_that_it_writes)
{
    static const char *const rows[] = {
        "",
        "2026-11-23",
        "2026-11-23T09:30:00",
        "2026-11-23 09:30:00Z",
        "2026-11-23t09:30:00z",
        "2026-11-23T09:30:00+00:00",
        "2026-11-23T09:30:00.0Z",
        "2026-11-23T09:30:00ZZ",
        "2026-1-23T09:30:00ZZ",
        "2026/11/23T09:30:00Z",
        "2026-11-23T09-30-00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2025-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-11-23T24:00:00Z",
        "2026-11-23T23:60:00Z",
        "2026-11-23T23:59:60Z",
        "-026-11-23T23:59:00Z",
        "2026-11-23T 9:30:00Z",
        "+2026-11-23T09:30:0Z",
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (reads(rows[i]))
            fail_msg("was read: %s", rows[i]);
}

TEST(tells_the_time)
{
    int64_t now = clock_now();

    assert_true(now >= time(NULL) - 5 && now <= time(NULL) + 5);
    assert_true(clock_since_boot() > 0);
    assert_true(clock_cpu_microseconds() > 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(writes_and_reads_the_same_moment),
        RUN(brings_far_away_years_to_the_nearest_that_fits),
        RUN(reads_only_the_form_that_it_writes),
        RUN(tells_the_time),
    };

    return RUN_ALL(tests);
}
