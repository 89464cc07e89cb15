#pragma once

#include <stddef.h>

#include "platform/attributes.h"

/*
 * Allocation that never fails: it aborts the process instead, and systemd starts it again.
 * Sizes that come from outside are bounded by the caller before they reach these.
 */
NEVER_NULL void *must_allocate(size_t count, size_t size);
NEVER_NULL void *must_grow(void *block, size_t count, size_t size);

/* A copy of the first length bytes of text, or of all of it where it ends earlier. */
NEVER_NULL char *must_copy_text(const char *text, size_t length);

/*
 * For a program that runs for a moment: large blocks go back to the system when they are freed, so
 * that the peak is what is needed at once. Each costs a system call more.
 */
void memory_give_back(void);
