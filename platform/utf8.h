#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * The length of the character at the start of bytes: 1 to 4, or 0 when it is no valid UTF-8
 * (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF) or cut off.
 */
size_t utf8_sequence(const char *bytes, size_t length);

bool utf8_valid(const char *bytes, size_t length);
