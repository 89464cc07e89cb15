#pragma once

#include <stdbool.h>

#include "server-api/terminal/fleet_view.h"
#include "server-api/terminal/screen.h"

/*
 * The fleet as a table: whom to help first, one block an organisation, machines worst first, each
 * check with its mark and word. From FOLD_ABOVE machines on, what is good is one line, unless all
 * is wanted. Then what to do about the worst one.
 */
#define FOLD_ABOVE 5U

void table_write(struct screen *screen, const struct fleet_view *fleet, bool all);

/* What to do first, with its steps; nothing where there is nothing to do. */
void advice_write(struct screen *screen, const struct fleet_view *fleet);

/* The machine that table and advice start with, or NULL. */
const struct machine_view *worst_machine(const struct fleet_view *fleet,
                                         const struct organisation_view **ret_organisation);

/* 0 all good, 1 something to fix, 2 something not known, or nothing known at all. */
int fleet_exit_code(const struct fleet_view *fleet);
