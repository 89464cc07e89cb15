#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"

/* Sockets that wait for someone to speak to them, as the kernel listed them (sock_diag), parsed. */
#define LISTENERS_MAX 65536U

struct listener {
    uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
    uint8_t family;   /* AF_INET or AF_INET6; an IPv4 address written as IPv6 is AF_INET */
    bool also_ipv4;   /* an IPv6 socket that takes IPv4 too */
    uint16_t port;
    uint8_t address[16]; /* all zero: any */
    uint32_t interface;  /* bound to that one; 0: none */
    uint64_t control_group;
};

struct listeners {
    struct listener *items;
    size_t count;
};

/*
 * Adds the listeners of one dump, all of that protocol. -EBADMSG, or -EFBIG above LISTENERS_MAX.
 * The caller clears the list, also after a failure.
 */
int listeners_parse(const void *bytes, size_t length, uint8_t protocol, struct listeners *listeners,
                    struct error *err);
void listeners_clear(struct listeners *listeners);

bool listener_takes_any(const struct listener *listener);
