#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/digest.h"
#include "platform/error.h"
#include "platform/json.h"

/*
 * Reads a JSON object whose members are a closed list in a fixed order, each value in a closed
 * form that needs no escapes. The text has passed json_check(). The first fault sticks: what is
 * read after it is empty or 0, and closed_end() answers it.
 */
struct closed_object {
    struct json_bytes bytes;
    size_t position;
    const char *what; /* "snapshot": for the words of a fault */
    struct error *err;
    int result;
};

#define CLOSED_NUMBER_MAX 9007199254740992U /* 2^53 */

struct closed_object closed_begin(struct json_bytes object, const char *what, struct error *err);
/* 0, or -EBADMSG when something was not as it must be or more members follow. */
int closed_end(struct closed_object *object);

/* Records that a member's value is not what it must be. */
void closed_refuse(struct closed_object *object, const char *name);
/* The bytes of the next value, whose name must be this one; no bytes after a fault. */
struct json_bytes closed_value(struct closed_object *object, const char *name);

uint64_t closed_number(struct closed_object *object, const char *name, uint64_t minimum,
                       uint64_t maximum);
bool closed_bool(struct closed_object *object, const char *name);
int64_t closed_time(struct closed_object *object, const char *name);
void closed_digest(struct closed_object *object, const char *name, struct digest *ret_digest);
/* False when it is null. */
bool closed_digest_or_null(struct closed_object *object, const char *name,
                           struct digest *ret_digest);

typedef bool text_form(const char *text, size_t length);
/* A text of this form that fits with its NUL. */
void closed_text(struct closed_object *object, const char *name, text_form *form, char *ret_text,
                 size_t size);
/* "" when it is null. */
void closed_text_or_null(struct closed_object *object, const char *name, text_form *form,
                         char *ret_text, size_t size);
/* The place of the text in the list; the list ends with NULL. */
size_t closed_choice(struct closed_object *object, const char *name, const char *const *choices);
/* The bytes of an object. */
struct json_bytes closed_inner(struct closed_object *object, const char *name);

/* The text between the quotes of a JSON string without escapes; false when it is none. */
bool plain_text(struct json_bytes value, struct json_bytes *ret_text);
