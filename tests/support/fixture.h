#pragma once

#include <stdbool.h>

#include "collectors/collector.h"

struct json;

/*
 * Throw-away folders and fixture roots. Git keeps no modes, owners or empty folders, so a test
 * that needs them builds its tree here.
 */

/* A new empty folder, removed with all its content by fixture_remove(). The caller frees it. */
char *fixture_new_folder(void);
void fixture_remove(char *folder);

/* Writes a file below folder, making the folders on the way. */
void fixture_write(const char *folder, const char *path, const char *content);
void fixture_write_bytes(const char *folder, const char *path, const void *bytes, size_t length);
void fixture_link(const char *folder, const char *path, const char *target);
void fixture_make_folder(const char *folder, const char *path);

/*
 * Runs a collector on a root folder (an absolute path, or a name below tests/fixtures) as on a
 * machine that is not live, at the given time, and answers {"facts":{...},"unknown":{...}} as a
 * tree that the caller frees.
 */
struct json *fixture_collect(const struct collector *collector, const char *root, int64_t now);

/* The same with the whole machine given; its root is set by this function. */
struct json *fixture_collect_machine(const struct collector *collector, const char *root,
                                     struct machine machine);

/* Checks one fact. The message of a failure names the pointer. */
void assert_fact_text(const struct json *result, const char *name, const char *expected);
void assert_fact_integer(const struct json *result, const char *name, int64_t expected);
void assert_fact_bool(const struct json *result, const char *name, bool expected);
void assert_fact_unknown(const struct json *result, const char *name, const char *reason);
