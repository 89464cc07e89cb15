#pragma once

#include <stddef.h>

/* Bytes from the kernel's generator (getrandom(2)), fit for secrets. Aborts when there are none. */
void random_bytes(void *ret_bytes, size_t length);
