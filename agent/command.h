#pragma once

#include <stdbool.h>

#include "agent/layout.h"

/* The command line of dijkwacht, understood. */
struct arguments {
    struct layout layout;
    const char *root;      /* the tree to examine; NULL for the running system */
    const char *code_file; /* enrol */
    bool again;            /* enrol */
    bool receipts;         /* collect */
    bool if_due;           /* collect, check-in */
    bool when_settled;     /* collect */
    bool next;             /* show */
    bool last;             /* show */
    bool json;             /* show, status */
    bool raw;              /* show */
    bool all;              /* status */
    bool html;             /* status */
    bool facts;            /* collectors */
    bool help;
    bool version;
};

/* A verb: prints its own answer and one-line errors, and returns the exit code. */
struct command {
    const char *name;
    const char *summary;
    const char *options; /* its own ones, lines for the help; "" for none */
    const char *allowed; /* their names, each with a space after it */
    int (*run)(const struct arguments *arguments);
};

/* In the order of the help, ended by one without a name. */
extern const struct command all_commands[];

int command_enrol(const struct arguments *arguments);
int command_collect(const struct arguments *arguments);
int command_check_in(const struct arguments *arguments);
int command_status(const struct arguments *arguments);
int command_show(const struct arguments *arguments);
int command_collectors(const struct arguments *arguments);

/*
 * Reads the command line. Answers the verb, NULL for none; or false with one line on standard
 * error.
 */
bool arguments_read(int argc, char **argv, struct arguments *ret_arguments,
                    const struct command **ret_command);
