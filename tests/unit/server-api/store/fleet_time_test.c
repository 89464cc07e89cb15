#include "server-api/store/fleet_time.h"

#include <stddef.h>

#include "tests/support/test.h"

#define YEAR_9999_ENDS 253402300799

static void assert_as_clock(struct fleet_times *times, int64_t seconds)
{
    char expected[CLOCK_TEXT_SIZE], text[CLOCK_TEXT_SIZE];

    clock_to_text(seconds, expected);
    fleet_time_to_text(times, seconds, text);
    assert_string_equal(text, expected);
}

TEST(writes_times_as_the_clock_does)
{
    static const int64_t edges[] = {
        0,         -1,        -86400,    86399,          86400,      951782399,
        951782400, 951868799, 951868800, YEAR_9999_ENDS, 1796000000, YEAR_9999_ENDS + 1,
        INT64_MIN, INT64_MAX};
    struct fleet_times times = {0};

    for (int again = 0; again < 2; again++)
        for (size_t i = 0; i < sizeof(edges) / sizeof(*edges); i++)
            assert_as_clock(&times, edges[i]);
    for (int64_t seconds = 1700000000; seconds < 1800000000; seconds += 40961)
        assert_as_clock(&times, seconds);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(writes_times_as_the_clock_does),
    };

    return RUN_ALL(tests);
}
