#pragma once

#include <stddef.h>

/* The documents of checks/ and advice/, put into the program by embed.cmake. */
extern const char *const builtin_checks[];
extern const size_t builtin_check_count;
extern const char builtin_advice[];
