#pragma once

#include "snapshot/snapshot.h"

/*
 * Fills what a snapshot says about the moment: clocks, this boot, the version of the agent. The
 * boot is named by an identifier that only we derive, so that nobody can compare it with others.
 */
void moment_describe(struct snapshot_head *head);
