#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "platform/clock.h"

#define FLEET_DAYS 1024U

/*
 * Writes times as clock_to_text() does, tens of thousands in a row: the dates of days that came
 * before are remembered. Start with {0}.
 */
struct fleet_times {
    struct fleet_day {
        bool known;
        int64_t number; /* since 1970 */
        char midnight[CLOCK_TEXT_SIZE];
    } days[FLEET_DAYS];
};

void fleet_time_to_text(struct fleet_times *times, int64_t seconds, char ret_text[CLOCK_TEXT_SIZE]);
