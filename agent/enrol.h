#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/layout.h"
#include "platform/error.h"

/*
 * Makes this machine one of the organisation's, with a join code as it was pasted. Whatever
 * interrupts it, running it again with the same code finishes it; once the machine is enrolled,
 * that tidies up and fails with -EALREADY. Fails with -EEXIST when the machine is enrolled already,
 * unless again is set; then the old identity serves until the new one is complete.
 */
int enrol_machine(const struct layout *layout, const char *code, size_t length, bool again,
                  struct error *err);
