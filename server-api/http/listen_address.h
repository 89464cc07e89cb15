#pragma once

#include <stdint.h>
#include <sys/socket.h>

#include "platform/error.h"

/*
 * Reads "127.0.0.1:8443" or "[::1]:8443": a numeric address and a port, nothing that a name server
 * would have to answer. -EINVAL with words for anything else.
 */
int listen_address_parse(const char *text, struct sockaddr_storage *ret_address,
                         socklen_t *ret_length, struct error *err);

/* A socket that listens there, non-blocking. */
int listen_address_open(const char *text, int *ret_socket, struct error *err);
uint16_t listen_address_port(int listening);
