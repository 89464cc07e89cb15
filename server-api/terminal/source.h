#pragma once

#include "platform/error.h"
#include "platform/text.h"

/* Where the fleet comes from: a server's address, its root, and the token that opens it. */
struct fleet_source {
    char *url; /* https://host:port */
    char *token;
    char *root_pem;
};
void fleet_source_clear(struct fleet_source *source);

/* From the data folder of a server on this machine. */
int fleet_source_from_data(const char *data_folder, struct fleet_source *ret_source,
                           struct error *err);
int fleet_source_from_files(const char *url, const char *token_file, const char *root_file,
                            struct fleet_source *ret_source, struct error *err);

/*
 * Asks the server; organisation is an identifier, or NULL for all. Adds its answer's JSON to out.
 * Every failure is one line that says what to do.
 */
int fleet_source_fetch(const struct fleet_source *source, const char *organisation,
                       struct text *out, struct error *err);
