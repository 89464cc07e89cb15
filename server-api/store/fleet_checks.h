#pragma once

#include <stdint.h>

#include "platform/text.h"
#include "server-api/store/kept_verdict.h"

struct baseline;

/*
 * Writes the checks of one machine after the other, as /v1/fleet has them. What it read and wrote
 * for one machine it has ready for the next one with the same verdict; times are never part of
 * that, so each verdict is held against the clock for each machine.
 */
struct fleet_checks;

struct fleet_checks *fleet_checks_new(const struct baseline *baseline, int64_t now);
void fleet_checks_free(struct fleet_checks *checks);

/*
 * Adds the array: one element for each check of the baseline, in its order. What is past its time,
 * or past overdue_at, is unknown, whatever was kept; so is what is not there.
 */
void fleet_checks_write(struct fleet_checks *checks, const struct kept_field *verdicts,
                        int64_t overdue_at, struct text *out);

/* The time between quotes. */
void fleet_checks_write_time(struct fleet_checks *checks, int64_t seconds, struct text *out);
