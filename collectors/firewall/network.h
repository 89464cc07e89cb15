#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"

/* Interfaces and their addresses as the kernel listed them (rtnetlink), parsed. */
#define INTERFACES_MAX 4096U
#define ADDRESSES_MAX  16384U

struct network_interface {
    char name[IFNAMSIZ];
    char kind[IFNAMSIZ]; /* IFLA_INFO_KIND: "bridge", "veth", ...; "" for hardware */
    uint32_t index;
    uint32_t group;
    uint32_t master; /* index of the interface that this one is a part of; 0: none */
    uint16_t type;   /* ARPHRD_... */
    bool up;
    bool loopback;
};

struct network_address {
    uint32_t interface; /* index */
    uint8_t family;     /* AF_INET or AF_INET6 */
    uint8_t prefix_length;
    uint8_t bytes[16];
    bool has_peer; /* of a point-to-point link */
    uint8_t peer[16];
};

struct network {
    struct network_interface *interfaces; /* sorted by name */
    size_t interface_count;
    struct network_address *addresses; /* sorted by interface and value */
    size_t address_count;
};

/*
 * Reads the dumps of links (RTM_NEWLINK) and of addresses (RTM_NEWADDR). -EBADMSG, or -EFBIG above
 * the limits. The caller clears the network, also after a failure.
 */
int network_parse(const void *links, size_t links_length, const void *addresses,
                  size_t addresses_length, struct network *ret_network, struct error *err);
void network_clear(struct network *network);

/* NULL when there is none. */
const struct network_interface *network_by_index(const struct network *network, uint32_t index);

/* Packets for this machine can come in through it: it is up, no loopback, no part of a bridge or
 * bond, which take its packets over. */
bool network_receives(const struct network *network, const struct network_interface *interface);

/* 127.0.0.0/8 and ::1. */
bool address_is_loopback(uint8_t family, const uint8_t *bytes);
/* 169.254.0.0/16 and fe80::/10: nobody beyond the link can reach these. */
bool address_is_link_local(uint8_t family, const uint8_t *bytes);
