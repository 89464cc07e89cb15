#pragma once

#include "collectors/firewall/exposure.h"
#include "collectors/firewall/listeners.h"
#include "collectors/firewall/units.h"

/* Listening sockets as they are reported, with who can reach them. */
enum socket_bind { BIND_ANY, BIND_ADDRESS, BIND_LOOPBACK };
enum socket_family { SOCKET_IPV4, SOCKET_IPV6, SOCKET_BOTH };

struct exposed_socket {
    enum socket_bind bind;
    uint8_t protocol;
    uint16_t port;
    enum socket_family family;
    uint64_t control_group;
    struct inbound_result results[SENDER_COUNT];
};

struct exposed_sockets {
    struct exposed_socket *items; /* in an order of their own, each kind once */
    size_t count;
};

/*
 * Makes the list. Left out is what changes by itself: UDP ports that the kernel hands out
 * (ephemeral_from and above), and such ports of TCP on the loopback. exposure NULL leaves the
 * results not applicable. Fails as nft_evaluate. The caller clears it, also after a failure.
 */
int exposed_sockets_find(const struct listeners *listeners, const struct network *network,
                         struct exposure *exposure, uint16_t ephemeral_from,
                         struct exposed_sockets *ret_sockets, struct error *err);
void exposed_sockets_clear(struct exposed_sockets *sockets);
