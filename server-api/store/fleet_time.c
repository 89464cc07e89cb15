#include "server-api/store/fleet_time.h"

#include <string.h>

#define DAY_SECONDS    86400
#define HOUR_SECONDS   3600U
#define MINUTE_SECONDS 60U
#define LAST_DAY       2932896 /* 9999-12-31: what is later, or before 1970, is not counted out here */

static const struct fleet_day *find_day(struct fleet_times *times, int64_t number)
{
    struct fleet_day *day = &times->days[(uint64_t)number % FLEET_DAYS];

    if (!day->known || day->number != number) {
        clock_to_text(number * DAY_SECONDS, day->midnight);
        day->number = number;
        day->known = true;
    }
    return day;
}

static void put_two(char *digits, unsigned value)
{
    digits[0] = (char)('0' + value / 10);
    digits[1] = (char)('0' + value % 10);
}

void fleet_time_to_text(struct fleet_times *times, int64_t seconds, char ret_text[CLOCK_TEXT_SIZE])
{
    int64_t number = seconds / DAY_SECONDS;
    unsigned rest = (unsigned)(seconds - number * DAY_SECONDS);

    if (seconds < 0 || number > LAST_DAY) {
        clock_to_text(seconds, ret_text);
        return;
    }
    memcpy(ret_text, find_day(times, number)->midnight, CLOCK_TEXT_SIZE);
    put_two(ret_text + 11, rest / HOUR_SECONDS);
    put_two(ret_text + 14, rest % HOUR_SECONDS / MINUTE_SECONDS);
    put_two(ret_text + 17, rest % MINUTE_SECONDS);
}
