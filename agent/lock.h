#pragma once

#include "platform/error.h"

/*
 * Waits until no other run works in the folder and keeps others out until this process ends.
 * Fails with -EBUSY when another has been at it for a minute.
 */
int lock_take(int folder, struct error *err);
