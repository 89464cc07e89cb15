#pragma once

#include "collectors/collector.h"
#include "collectors/firewall/exposed_sockets.h"
#include "collectors/firewall/recording.h"

/* A recording, parsed and judged: everything that the facts are taken from. */

/* A part that is known, or the reason why it is not. */
struct known {
    bool yes;
    enum unknown_reason reason;
};

struct interface_verdicts {
    const struct network_interface *interface;
    struct inbound_result results[SENDER_COUNT][FAMILY_COUNT];
};

/* What was parsed and found out. */
struct view {
    const struct machine *machine;
    const struct recording *recording;
    struct facts *facts;

    struct known has_ruleset;
    struct nft_ruleset ruleset;
    struct known has_network;
    struct network network;
    struct known has_listeners;
    struct listeners listeners;

    struct known has_verdicts;
    struct exposure exposure;
    struct interface_verdicts *interfaces;
    size_t interface_count;
    struct exposed_sockets sockets;
};

/*
 * Looks at a recording. What could not be parsed or judged is unknown for a reason, and noted in
 * facts. The caller clears the view.
 */
void view_look(const struct machine *machine, const struct recording *recording,
               struct facts *facts, struct view *ret_view);
void view_clear(struct view *view);

/* Known, or why a negative errno value says that it is not. */
struct known known_by(int result);
