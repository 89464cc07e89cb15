#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Reads a decimal number that takes up all of the text: digits only, no sign, no spaces.
 * False, and nothing written, when it is anything else or larger than maximum.
 */
bool number_parse(const char *text, size_t length, uint64_t maximum, uint64_t *ret_number);
