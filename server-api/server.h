#pragma once

#include <stdint.h>

#include "platform/error.h"
#include "server-api/http/exchange.h"
#include "server-api/keeper/keeper.h"
#include "server-api/store/worker.h"

/* What the parts of a running server share: made by serve, handed to every route as context. */
struct server {
    struct keeper *keeper;
    struct workers *workers;
    struct ingest *ingest; /* ingest/: the thread that commits snapshots */
    const char *data_folder;
    const char *url; /* what join codes say: https://name:port */
};

/* Each part's routes, ended by one without a method. Context is the struct server. */
extern const struct route enrolment_routes[]; /* enrolment/: /.well-known/est/… */
extern const struct route ingest_routes[];    /* ingest/:    PUT /v1/snapshots/{} */
extern const struct route fleet_routes[];     /* fleet/:     GET /v1/fleet */

/* ingest/ and its thread. */
int ingest_start(const char *database, struct keeper *keeper, struct ingest **ret_ingest,
                 struct error *err);
void ingest_stop(struct ingest *ingest);
/* Since when its thread is at the present batch, in seconds since boot; 0 when it waits. */
int64_t ingest_busy_since(struct ingest *ingest);

/*
 * The management verbs, given what follows the verb, with the data folder from --data already
 * taken out. Each prints its own help and one-line errors and returns the exit code.
 */
int command_organisation(const char *data_folder, int argc, char **argv); /* accounts/ */
int command_join_code(const char *data_folder, int argc, char **argv);    /* accounts/ */
int command_machines(const char *data_folder, int argc, char **argv);     /* accounts/ */
int command_revoke(const char *data_folder, int argc, char **argv);       /* accounts/ */
int command_export(const char *data_folder, int argc, char **argv);       /* accounts/ */
int command_init(const char *data_folder, int argc, char **argv);         /* init.c */
int command_serve(const char *data_folder, int argc, char **argv);        /* serve.c */

/* The layout of a data folder, the same for all verbs. */
#define SERVER_DATABASE_FILE "dijkwacht-server.db"
#define SERVER_CONFIG_FILE   "server.conf"
#define SERVER_KEY_FOLDER    "keys"
#define SERVER_TOKEN_FILE    "admin-token" /* 0600; loopback only; goes when roles arrive */
