#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"

/*
 * JSON from outside. Nothing is read before the strict gate let the whole text through: RFC 8259,
 * valid UTF-8 without NUL, no duplicate names, finite numbers with integers within 2^53, and the
 * caller's limits. What passed is then a tree to read.
 */
struct json_limits {
    size_t max_size;
    size_t max_values;
    unsigned max_depth; /* at most 64 */
};

/* Snapshot payloads and everything of their kind (architecture: body and value limits). */
extern const struct json_limits json_default_limits; /* 4 MiB, 200,000 values, depth 16 */

/* Fails with -EBADMSG and the byte where it went wrong, or -EFBIG over a limit. */
int json_check(const char *text, size_t length, const struct json_limits *limits,
               struct error *err);

/* A value in a tree. It lives as long as its document. */
struct json;

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_TEXT, JSON_ARRAY, JSON_OBJECT };

/* Checks, then builds the tree, which the caller frees with json_free(). */
int json_parse(const char *text, size_t length, const struct json_limits *limits,
               struct json **ret_document, struct error *err);
void json_free(struct json *document);
void auto_json_free(struct json **document); /* for AUTO() */

/* All of these accept NULL (a value that is not there) and answer NULL, false or 0 for it. */
bool json_is(const struct json *value, enum json_type type);
const struct json *json_member(const struct json *object, const char *name);
size_t json_count(const struct json *array_or_object);
const struct json *json_first(const struct json *array_or_object);
const struct json *json_next(const struct json *value);
const char *json_name(const struct json *value); /* within its object */

/* The text of a string, or NULL when the value is none. */
const char *json_text(const struct json *value);

/* False when the value is no whole number within 2^53, no bool. */
bool json_integer(const struct json *value, int64_t *ret_number);
bool json_bool(const struct json *value, bool *ret_bool);
/* Any finite number. */
bool json_number(const struct json *value, double *ret_number);

/* Follows an RFC 6901 pointer without escapes, as "/patch_level/pending". NULL where it ends. */
const struct json *json_at(const struct json *value, const char *pointer);

/*
 * The exact bytes of one member's value inside the bytes of an object that passed json_check().
 * False when there is no such member. Used where a digest covers bytes and not meaning.
 */
struct json_bytes {
    const char *start;
    size_t length;
};
bool json_member_bytes(struct json_bytes object, const char *name, struct json_bytes *ret_value);

/*
 * Walks the members of such an object: start with *position 0; false after the last. The name
 * comes as it was written, without its quotes.
 */
bool json_each_member(struct json_bytes object, size_t *position, struct json_bytes *ret_name,
                      struct json_bytes *ret_value);
