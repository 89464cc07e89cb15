#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "platform/error.h"

struct json;

/* What the readers of check and advice documents share. */

/* A name as checks, sections and facts have them: a to z, 0 to 9 and '_', a letter first, at most
 * 48 characters. */
bool document_name_valid(const char *name, size_t length);

/*
 * Every member of the object must be one of names, ended by NULL, and every one of names must be
 * there. Fails with -EINVAL and the first that is not so.
 */
int document_members(const struct json *object, const char *const *names, struct error *err);

/* A member's text of 1 to max_length bytes, without control characters; else -EINVAL. */
int document_text(const struct json *object, const char *name, size_t max_length,
                  const char **ret_text, struct error *err);
