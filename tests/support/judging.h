#pragma once

#include "baseline/verdict.h"

struct json;

/* Judging one condition on facts that a test writes down as JSON. */

#define JUDGING_NOW 1795426200 /* 2026-11-23T09:30:00Z */

/*
 * Judges a condition on {"section":{"facts":{...},"unknown":{...}},...} as a check for laptops
 * and servers, fresh for 7 days, whose facts were seen at JUDGING_NOW.
 */
struct verdict judge_condition(const char *condition, const char *facts, int64_t now);

/* A baseline of one check with that condition, which the caller frees with baseline_free(). */
struct baseline *baseline_of(const char *condition, const char *profiles, const char *fresh_for);

/* The facts of a document as above. The caller frees sections and keeps the document. */
struct machine_facts machine_facts_of(const struct json *document, int64_t seen_at);
