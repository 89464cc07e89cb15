#pragma once

#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "collectors/firewall/nft_ruleset.h"
#include "platform/text_list.h"

/*
 * What the packet filter does with a new connection from outside: follows a concrete packet through
 * the chains that the kernel would call. What cannot be known (a source port, a rate limit, a match
 * that we do not understand) is "maybe", and both ways are followed. So the answer drop means that
 * every way ends in a drop, and accept that every way ends in an accept.
 */
enum inbound { INBOUND_DROP, INBOUND_CONDITIONAL, INBOUND_ACCEPT }; /* the worse, the larger */

/* The first packet of a connection to this machine. Its source port is the sender's choice. */
struct nft_probe {
    uint8_t family;   /* NFPROTO_IPV4 or NFPROTO_IPV6 */
    uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
    uint16_t port;
    uint8_t source[16], destination[16]; /* the first 4 bytes of them for IPv4 */
    char interface_name[IFNAMSIZ];
    char interface_kind[IFNAMSIZ]; /* "bridge", "wireguard", ...; "" for hardware */
    uint32_t interface_index;
    uint32_t interface_group;
    uint16_t interface_type; /* ARPHRD_... */
};

/* What all evaluations of one ruleset share. The caller clears the list. */
struct nft_work {
    uint64_t steps_left;        /* expressions and comparisons that may still be looked at */
    struct text_list unhandled; /* "kind:name" of what was met and is not understood, each once */
};

struct nft_answer {
    enum inbound inbound;
    bool port_named;       /* a rule speaks of this very port */
    bool read_source;      /* the answer depended on the source address */
    bool read_destination; /* the answer depended on the destination address */
};

/* Fails with -EFBIG when no steps are left, -EBADMSG when a rule is not what it should be. */
int nft_evaluate(const struct nft_ruleset *ruleset, const struct nft_probe *probe,
                 struct nft_work *work, struct nft_answer *ret_answer, struct error *err);
