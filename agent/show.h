#pragma once

#include <stddef.h>

#include "platform/error.h"

struct screen;
struct text;

/* A snapshot's payload for people: what it is, then each section with its facts. */
int show_payload(const char *payload, size_t length, const struct screen *screen, struct text *out,
                 struct error *err);
