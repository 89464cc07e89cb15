#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"
#include "snapshot/section.h"

struct json;

/*
 * What a check asks of the facts: a tree of conditions read from its document. The set of
 * conditions is closed; docs/baseline.md describes each.
 */
enum condition_kind {
    CONDITION_ALL,
    CONDITION_ANY,
    CONDITION_EQUALS,        /* one wanted value */
    CONDITION_ONE_OF,        /* several wanted texts */
    CONDITION_AT_MOST,       /* number */
    CONDITION_AT_LEAST,      /* number */
    CONDITION_NOT_OLDER,     /* number: days */
    CONDITION_NOT_BEFORE_NOW /* a time that must not have passed */
};

#define CONDITION_DEPTH_MAX 4U  /* all and any inside each other */
#define CONDITION_ITEMS_MAX 16U /* of one all, any or one_of */
#define FACT_POINTER_SIZE   64U /* "/section/name" with its NUL */

enum wanted_type { WANTED_BOOL, WANTED_INTEGER, WANTED_TEXT };

struct condition {
    enum condition_kind kind;
    struct condition *children; /* all, any */
    size_t child_count;

    char pointer[FACT_POINTER_SIZE]; /* of the fact, for the others */
    char section[FACT_POINTER_SIZE];
    char name[FACT_POINTER_SIZE];
    enum wanted_type wanted; /* equals */
    int64_t number;          /* bool and integer too */
    char **texts;            /* equals, one_of */
    size_t text_count;
};

/* Fails with -EINVAL and what is wrong with it. The caller clears it, also after a failure. */
int condition_read(const struct json *document, struct condition *ret_condition, struct error *err);
void condition_clear(struct condition *condition);
