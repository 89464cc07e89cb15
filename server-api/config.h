#pragma once

#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define SERVER_THREADS_MAX 64U

/* server.conf in the data folder; docs and defaults are in dijkwacht-server(8). */
struct server_config {
    char *url;              /* what join codes say: https://name:port */
    char *listen;           /* address:port of the agents' listener */
    char *people;           /* address:port of the people's listener */
    struct text_list names; /* in the server's TLS certificate */
    uint64_t threads;       /* that run connections; 0: one for each processor */
};
void server_config_clear(struct server_config *config);

/* Reads and checks everything. The file is named in the failure's words. */
int server_config_load(const char *data_folder, struct server_config *ret_config,
                       struct error *err);
int server_config_parse(const char *text, struct server_config *ret_config, struct error *err);
void server_config_write(const struct server_config *config, struct text *out);

/*
 * Takes "https://host" or "https://host:port" apart, host in lower case; a name, an address, or an
 * address of IPv6 in brackets, which ret_host leaves out. The caller frees ret_host.
 */
int server_url_parse(const char *url, char **ret_host, uint16_t *ret_port, struct error *err);
