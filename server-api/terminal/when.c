#include "server-api/terminal/when.h"

#include <stdbool.h>
#include <time.h>

#define MINUTE     60
#define HOUR       3600
#define DAY        86400
#define DATE_AFTER (30 * DAY)

static const char *const months[] = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December",
};

static struct tm local(int64_t time)
{
    struct tm parts = {0};
    time_t seconds = (time_t)time;

    (void)localtime_r(&seconds, &parts);
    return parts;
}

/* "5 minutes"; false when it is too short or too long ago for that. */
static bool add_duration(int64_t seconds, struct text *out)
{
    int64_t size = seconds < HOUR ? MINUTE : seconds < DAY ? HOUR : DAY;
    const char *unit = seconds < HOUR ? "minute" : seconds < DAY ? "hour" : "day";
    int64_t count = seconds / size;

    if (seconds < MINUTE || seconds > DATE_AFTER)
        return false;
    text_add_format(out, "%d %s%s", (int)count, unit, count == 1 ? "" : "s");
    return true;
}

void when_date(int64_t time, struct text *out)
{
    struct tm parts = local(time);

    text_add_format(out, "%d %s", parts.tm_mday, months[parts.tm_mon]);
}

void when_ago(int64_t time, int64_t now, struct text *out)
{
    if (add_duration(now - time, out)) {
        text_add_string(out, " ago");
    } else if (now - time < MINUTE) {
        text_add_string(out, "just now");
    } else {
        text_add_string(out, "on ");
        when_date(time, out);
        if (local(time).tm_year != local(now).tm_year)
            text_add_format(out, " %d", local(time).tm_year + 1900);
    }
}

void when_since(int64_t time, int64_t now, struct text *out)
{
    if (add_duration(now - time, out))
        return;
    if (now - time < MINUTE)
        text_add_string(out, "just now");
    else if (local(time).tm_year == local(now).tm_year)
        when_date(time, out);
    else
        text_add_format(out, "%.3s %d", months[local(time).tm_mon], local(time).tm_year + 1900);
}

void when_clock(int64_t time, struct text *out)
{
    struct tm parts = local(time);

    text_add_format(out, "%02d:%02d", parts.tm_hour, parts.tm_min);
}
