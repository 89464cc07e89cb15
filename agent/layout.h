#pragma once

#include <stdbool.h>

#include "platform/error.h"

/*
 * Where the agent keeps its files, and as whom it works there (docs/agent.md has the table). The
 * installed layout is made by the packages and only opened here. With a state folder of one's own
 * (--state: tests, the demo) everything is below it, made on demand, and belongs to one user.
 */
struct layout {
    const char *state;  /* NULL: the installed layout */
    const char *config; /* the configuration file, NULL for the one of the layout */
};

enum folder {
    FOLDER_COLLECT,  /* signing key, chain: nobody else's */
    FOLDER_OUTBOX,   /* snapshots that wait for their receipts */
    FOLDER_RECEIPTS, /* the uploader's: answers as they came */
    FOLDER_TLS,      /* the uploader's key and certificate */
    FOLDER_PUBLIC,   /* what every user of this machine may see */
    FOLDER_SETTINGS, /* /etc/dijkwacht: configuration, trust.pem, enrolment.json */
};

#define COLLECT_USER "dijkwacht-collect"
#define UPLOAD_USER  "dijkwacht-upload"

/* The path of a folder; the caller frees it. */
char *layout_path(const struct layout *layout, enum folder folder);

/* Opens a folder and returns its descriptor, which the caller closes. */
int layout_open(const struct layout *layout, enum folder folder, struct error *err);

/* Opens a folder below the public one by its name, made when it is not there. */
int layout_open_public(const struct layout *layout, const char *name, struct error *err);

/* The path of the uploader's program; the caller frees it. */
char *layout_uploader(const struct layout *layout);

/* The user of the layout, or NULL where there is one user for all. */
const char *layout_user(const struct layout *layout, const char *user);
