#include "platform/clock.h"

#include <string.h>
#include <time.h>

#include "platform/number.h"

#define FIRST_SECOND (-62167219200) /* 0000-01-01T00:00:00Z */
#define LAST_SECOND  253402300799   /* 9999-12-31T23:59:59Z */

static int64_t seconds_of(clockid_t clock)
{
    struct timespec now = {0};

    (void)clock_gettime(clock, &now);
    return now.tv_sec;
}

int64_t clock_now(void)
{
    return seconds_of(CLOCK_REALTIME);
}

int64_t clock_since_boot(void)
{
    return seconds_of(CLOCK_BOOTTIME);
}

int64_t clock_cpu_microseconds(void)
{
    struct timespec used = {0};

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000 + used.tv_nsec / 1000;
}

static void put_two(char *digits, int value)
{
    digits[0] = (char)('0' + value / 10 % 10);
    digits[1] = (char)('0' + value % 10);
}

void clock_to_text(int64_t seconds, char ret_text[CLOCK_TEXT_SIZE])
{
    time_t time =
        seconds < FIRST_SECOND ? FIRST_SECOND : (seconds > LAST_SECOND ? LAST_SECOND : seconds);
    struct tm parts = {0};

    (void)gmtime_r(&time, &parts);
    memcpy(ret_text, "0000-00-00T00:00:00Z", CLOCK_TEXT_SIZE);
    put_two(ret_text, (parts.tm_year + 1900) / 100);
    put_two(ret_text + 2, (parts.tm_year + 1900) % 100);
    put_two(ret_text + 5, parts.tm_mon + 1);
    put_two(ret_text + 8, parts.tm_mday);
    put_two(ret_text + 11, parts.tm_hour);
    put_two(ret_text + 14, parts.tm_min);
    put_two(ret_text + 17, parts.tm_sec);
}

static bool two_digits(const char *text, int minimum, int maximum, int *ret_value)
{
    uint64_t value;

    if (!number_parse(text, 2, (uint64_t)maximum, &value) || value < (uint64_t)minimum)
        return false;
    *ret_value = (int)value;
    return true;
}

bool clock_from_text(const char *text, size_t length, int64_t *ret_seconds)
{
    struct tm parts = {0};
    char again[CLOCK_TEXT_SIZE];
    uint64_t year;
    int64_t seconds;

    if (length != CLOCK_TEXT_SIZE - 1 || !number_parse(text, 4, 9999, &year) ||
        !two_digits(text + 5, 1, 12, &parts.tm_mon) ||
        !two_digits(text + 8, 1, 31, &parts.tm_mday) ||
        !two_digits(text + 11, 0, 23, &parts.tm_hour) ||
        !two_digits(text + 14, 0, 59, &parts.tm_min) ||
        !two_digits(text + 17, 0, 59, &parts.tm_sec))
        return false;
    parts.tm_year = (int)year - 1900;
    parts.tm_mon -= 1;
    seconds = timegm(&parts);

    /* Writing it again shows wrong separators and days that their month does not have. */
    clock_to_text(seconds, again);
    if (memcmp(again, text, length) != 0)
        return false;
    *ret_seconds = seconds;
    return true;
}
