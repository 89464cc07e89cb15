#pragma once

#include "collectors/firewall/network.h"
#include "collectors/firewall/nft_evaluate.h"

/*
 * Which packets the machine lets in, asked of its ruleset with concrete packets: from senders on
 * the internet and from senders on the same network, worst answer first.
 */
enum sender { SENDER_INTERNET, SENDER_LAN };
#define SENDER_COUNT 2
/* Families as they are counted here. */
enum { FAMILY_IPV4, FAMILY_IPV6 };
#define FAMILY_COUNT 2

struct exposure {
    const struct nft_ruleset *ruleset;
    const struct network *network;
    struct nft_work work;
};

/* What a kind of sender meets; not applicable when there is no address that it could reach. */
struct inbound_result {
    bool applicable;
    enum inbound inbound;
};

/* Keeps the worse of two results. */
void inbound_worsen(struct inbound_result *result, struct inbound_result other);

/* The family's number in AF_. */
uint8_t exposure_address_family(int family);

/* Where packets come from: an interface, a family, and who sends them. */
struct incoming {
    const struct network_interface *interface;
    int family;
    enum sender sender;
};

/*
 * What happens on an interface to a port that no rule speaks of. conditional when it differs
 * between ports or protocols. Fails as nft_evaluate.
 */
int exposure_by_default(struct exposure *exposure, const struct incoming *incoming,
                        struct inbound_result *ret_result, struct error *err);

/* One port, on the addresses of an interface, or on one of them. */
struct exposure_port {
    uint8_t protocol;
    uint16_t port;
    const uint8_t *address; /* NULL: all of them */
};
int exposure_of_port(struct exposure *exposure, const struct incoming *incoming,
                     const struct exposure_port *port, struct inbound_result *ret_result,
                     struct error *err);
