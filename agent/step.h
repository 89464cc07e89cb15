#pragma once

#include <stdbool.h>

#include "agent/layout.h"
#include "platform/error.h"

/*
 * Steps of a command that run as another user, each in a process of its own: in the installed
 * layout as that user, with a state folder of one's own as oneself.
 */

/* Becomes the layout's user for it, in this process. */
int step_become(const struct layout *layout, const char *user, struct error *err);

/* A part of a command: what it does and as whom. */
struct step {
    const char *user;
    bool privileged; /* else it gives up every capability before it starts */
    int (*run)(void *context);
};

/* Runs it in a child and answers its exit code, or a negative errno when there was no child. */
int step_run(const struct layout *layout, const struct step *step, void *context,
             struct error *err);

/*
 * Executes the uploader as its user. Where input is not NULL it gets it on standard input; where
 * output is not NULL, what it writes there is read, up to output_max. Answers its exit code, or a
 * negative errno.
 */
struct text;
int step_execute_uploader(const struct layout *layout, const char *verb, const struct text *input,
                          struct text *output, struct error *err);
