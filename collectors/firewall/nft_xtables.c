#include "collectors/firewall/nft_xtables.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/xt_CT.h>
#include <linux/netfilter/xt_addrtype.h>
#include <linux/netfilter/xt_conntrack.h>
#include <linux/netfilter/xt_mark.h>
#include <linux/netfilter/xt_multiport.h>
#include <linux/netfilter/xt_pkttype.h>
#include <linux/netfilter/xt_rpfilter.h>
#include <linux/netfilter/xt_state.h>
#include <linux/netfilter/xt_tcpudp.h>
#include <string.h>

/*
 * What iptables puts into rules of nf_tables as it stands: a name, a revision, and the extension's
 * own structure. Structures of another size than we know are answered as maybe.
 */

/* A match that is understood, given its structure. */
typedef enum nft_match match_function(struct nft_evaluation *evaluation, const void *information);

static enum nft_match decided(bool matches)
{
    return matches ? NFT_MATCH_YES : NFT_MATCH_NO;
}

/* The connection's state as a bit of this mask; false when it is not known. */
static bool state_bit(const struct nft_evaluation *evaluation, unsigned untracked,
                      unsigned *ret_bit)
{
    switch (evaluation->tracking) {
    case NFT_TRACKING_BEFORE:
        *ret_bit = XT_STATE_INVALID;
        return true;
    case NFT_TRACKED:
        *ret_bit = XT_STATE_BIT(IP_CT_NEW);
        return true;
    case NFT_UNTRACKED:
        *ret_bit = untracked;
        return true;
    default:
        return false;
    }
}

static enum nft_match match_addrtype(struct nft_evaluation *evaluation, const void *information)
{
    struct xt_addrtype_info_v1 info;
    bool matches = true;

    (void)evaluation;
    memcpy(&info, information, sizeof(info));
    if (info.source != 0)
        matches = ((info.source & XT_ADDRTYPE_UNICAST) != 0) !=
                  ((info.flags & XT_ADDRTYPE_INVERT_SOURCE) != 0);
    if (info.dest != 0)
        matches = matches && ((info.dest & XT_ADDRTYPE_LOCAL) != 0) !=
                                 ((info.flags & XT_ADDRTYPE_INVERT_DEST) != 0);
    return decided(matches);
}

static enum nft_match match_comment(struct nft_evaluation *evaluation, const void *information)
{
    (void)evaluation;
    (void)information;
    return NFT_MATCH_YES;
}

/* The fields that revisions 2 and 3 have in the same places. */
static enum nft_match match_conntrack(struct nft_evaluation *evaluation, const void *information)
{
    struct xt_conntrack_mtinfo2 info;
    unsigned bit;
    bool matches;

    memcpy(&info, information, sizeof(info));
    if (info.match_flags == XT_CONNTRACK_STATE_ALIAS)
        info.match_flags = XT_CONNTRACK_STATE;
    if (info.match_flags != XT_CONNTRACK_STATE || evaluation->redirected ||
        !state_bit(evaluation, XT_CONNTRACK_STATE_UNTRACKED, &bit))
        return NFT_MATCH_MAYBE;
    matches = (info.state_mask & bit) != 0;
    return decided(matches != ((info.invert_flags & XT_CONNTRACK_STATE) != 0));
}

/* A packet of TCP or UDP is no ICMP packet. */
static enum nft_match match_icmp(struct nft_evaluation *evaluation, const void *information)
{
    (void)evaluation;
    (void)information;
    return NFT_MATCH_NO;
}

static enum nft_match match_mark(struct nft_evaluation *evaluation, const void *information)
{
    struct xt_mark_mtinfo1 info;

    memcpy(&info, information, sizeof(info));
    if (!evaluation->mark_known)
        return NFT_MATCH_MAYBE;
    return decided(((evaluation->mark & info.mask) == info.mark) != (info.invert != 0));
}

static bool is_listed(const struct xt_multiport_v1 *info, uint16_t port)
{
    for (unsigned i = 0; i < info->count && i < XT_MULTI_PORTS; i++) {
        uint16_t first = info->ports[i], last = first;

        if (info->pflags[i] != 0 && i + 1 < XT_MULTI_PORTS)
            last = info->ports[++i];
        if (port >= first && port <= last)
            return true;
    }
    return false;
}

static enum nft_match match_multiport(struct nft_evaluation *evaluation, const void *information)
{
    struct xt_multiport_v1 info;
    bool listed;

    memcpy(&info, information, sizeof(info));
    listed = is_listed(&info, evaluation->probe->port);
    if (info.flags == XT_MULTIPORT_SOURCE || (info.flags == XT_MULTIPORT_EITHER && !listed))
        return NFT_MATCH_MAYBE; /* the sender chooses its port */
    if (listed && info.invert == 0)
        evaluation->answer->port_named = true;
    return decided(listed != (info.invert != 0));
}

static enum nft_match match_pkttype(struct nft_evaluation *evaluation, const void *information)
{
    struct xt_pkttype_info info;

    memcpy(&info, information, sizeof(info));
    if (!evaluation->packet_type_known)
        return NFT_MATCH_MAYBE;
    return decided((info.pkttype == 0) != (info.invert != 0));
}

/* A sender takes care that its address leads back where it comes from. */
static enum nft_match match_rpfilter(struct nft_evaluation *evaluation, const void *information)
{
    struct xt_rpfilter_info info;

    (void)evaluation;
    memcpy(&info, information, sizeof(info));
    return decided((info.flags & XT_RPFILTER_INVERT) == 0);
}

/* A routing header: a plain packet has none. */
static enum nft_match match_rt(struct nft_evaluation *evaluation, const void *information)
{
    (void)evaluation;
    (void)information;
    return NFT_MATCH_NO;
}

static enum nft_match match_state(struct nft_evaluation *evaluation, const void *information)
{
    struct xt_state_info info;
    unsigned bit;

    memcpy(&info, information, sizeof(info));
    if (evaluation->redirected || !state_bit(evaluation, XT_STATE_UNTRACKED, &bit))
        return NFT_MATCH_MAYBE;
    return decided((info.statemask & bit) != 0);
}

/* Whether the ports of a tcp or udp match fit; the source port may be any within its range. */
static enum nft_match match_ports(struct nft_evaluation *evaluation, const uint16_t source[2],
                                  const uint16_t destination[2], bool source_inverted,
                                  bool destination_inverted)
{
    uint16_t port = evaluation->probe->port;
    bool within = port >= destination[0] && port <= destination[1];
    bool any = destination[0] == 0 && destination[1] == UINT16_MAX;

    if (within == destination_inverted)
        return NFT_MATCH_NO;
    if (within && !any)
        evaluation->answer->port_named = true;
    if (source[0] == 0 && source[1] == UINT16_MAX)
        return decided(!source_inverted);
    return NFT_MATCH_MAYBE;
}

static enum nft_match match_tcp(struct nft_evaluation *evaluation, const void *information)
{
    const uint8_t syn = 0x02;
    struct xt_tcp info;
    enum nft_match ports;
    bool flags_match;

    memcpy(&info, information, sizeof(info));
    if (evaluation->probe->protocol != IPPROTO_TCP)
        return NFT_MATCH_NO;
    flags_match = (syn & info.flg_mask) == info.flg_cmp;
    if (flags_match == ((info.invflags & XT_TCP_INV_FLAGS) != 0))
        return NFT_MATCH_NO;
    ports = match_ports(evaluation, info.spts, info.dpts, (info.invflags & XT_TCP_INV_SRCPT) != 0,
                        (info.invflags & XT_TCP_INV_DSTPT) != 0);
    return ports == NFT_MATCH_YES && info.option != 0 ? NFT_MATCH_MAYBE : ports;
}

static enum nft_match match_udp(struct nft_evaluation *evaluation, const void *information)
{
    struct xt_udp info;

    memcpy(&info, information, sizeof(info));
    if (evaluation->probe->protocol != IPPROTO_UDP)
        return NFT_MATCH_NO;
    return match_ports(evaluation, info.spts, info.dpts, (info.invflags & XT_UDP_INV_SRCPT) != 0,
                       (info.invflags & XT_UDP_INV_DSTPT) != 0);
}

#define ANY_REVISION UINT32_MAX

static const struct known_match {
    const char *name;
    uint32_t revision;
    size_t size;
    match_function *function;
} known_matches[] = {
    {"addrtype", 1, sizeof(struct xt_addrtype_info_v1), match_addrtype},
    {"comment", ANY_REVISION, 0, match_comment},
    {"conntrack", 2, sizeof(struct xt_conntrack_mtinfo2), match_conntrack},
    {"conntrack", 3, sizeof(struct xt_conntrack_mtinfo3), match_conntrack},
    {"icmp", ANY_REVISION, 0, match_icmp},
    {"icmp6", ANY_REVISION, 0, match_icmp},
    {"mark", 1, sizeof(struct xt_mark_mtinfo1), match_mark},
    {"multiport", 1, sizeof(struct xt_multiport_v1), match_multiport},
    {"pkttype", 0, sizeof(struct xt_pkttype_info), match_pkttype},
    {"rpfilter", 0, sizeof(struct xt_rpfilter_info), match_rpfilter},
    {"rt", ANY_REVISION, 0, match_rt},
    {"state", 0, sizeof(struct xt_state_info), match_state},
    {"tcp", 0, sizeof(struct xt_tcp), match_tcp},
    {"udp", 0, sizeof(struct xt_udp), match_udp},
};

enum nft_match nft_xtables_match(struct nft_evaluation *evaluation,
                                 const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    const char *name = netlink_text(&attributes[NFTA_MATCH_NAME]);
    const struct netlink_attribute *information = &attributes[NFTA_MATCH_INFO];
    uint32_t revision = 0;

    (void)netlink_big_endian_u32(&attributes[NFTA_MATCH_REV], &revision);
    for (size_t i = 0; name != NULL && i < sizeof(known_matches) / sizeof(*known_matches); i++) {
        const struct known_match *known = &known_matches[i];

        if (strcmp(known->name, name) == 0 && information->bytes != NULL &&
            information->length >= known->size &&
            (known->revision == revision || known->revision == ANY_REVISION))
            return known->function(evaluation, information->bytes);
    }
    return nft_unhandled(evaluation, "match", name == NULL ? "" : name);
}

enum effect { GOES_ON, DROPS, ACCEPTS, REDIRECTS, MARKS, TRACKS };

static const struct known_target {
    const char *name;
    enum effect effect;
} known_targets[] = {
    {"AUDIT", GOES_ON},       {"CHECKSUM", GOES_ON}, {"CLASSIFY", GOES_ON}, {"CONNMARK", MARKS},
    {"CONNSECMARK", GOES_ON}, {"CT", TRACKS},        {"DNAT", REDIRECTS},   {"DSCP", GOES_ON},
    {"HL", GOES_ON},          {"LOG", GOES_ON},      {"MARK", MARKS},       {"MASQUERADE", ACCEPTS},
    {"NETMAP", REDIRECTS},    {"NFLOG", GOES_ON},    {"NOTRACK", TRACKS},   {"REDIRECT", REDIRECTS},
    {"REJECT", DROPS},        {"SECMARK", GOES_ON},  {"SET", GOES_ON},      {"SNAT", ACCEPTS},
    {"TCPMSS", GOES_ON},      {"TEE", GOES_ON},      {"TOS", GOES_ON},      {"TPROXY", REDIRECTS},
    {"TRACE", GOES_ON},       {"TTL", GOES_ON},
};

/* The CT target sets helpers and zones, and may stop tracking. */
static void apply_tracking(struct nft_evaluation *evaluation, const char *name,
                           const struct netlink_attribute *information)
{
    uint16_t flags = XT_CT_NOTRACK;

    if (strcmp(name, "CT") == 0 && information->length >= sizeof(flags))
        memcpy(&flags, information->bytes, sizeof(flags));
    if ((flags & (XT_CT_NOTRACK | XT_CT_NOTRACK_ALIAS)) != 0)
        nft_stop_tracking(evaluation);
}

static enum nft_match apply(struct nft_evaluation *evaluation, const struct known_target *target,
                            const struct netlink_attribute *information)
{
    switch (target->effect) {
    case DROPS:
        evaluation->outcomes |= NFT_OUTCOME_DROP;
        break;
    case REDIRECTS:
        evaluation->redirected = true;
        evaluation->outcomes |= NFT_OUTCOME_ACCEPT;
        break;
    case ACCEPTS:
        evaluation->outcomes |= NFT_OUTCOME_ACCEPT;
        break;
    case MARKS:
        nft_change_mark(evaluation, false, 0);
        evaluation->connection_mark_known = false;
        break;
    case TRACKS:
        apply_tracking(evaluation, target->name, information);
        break;
    case GOES_ON:
        break;
    }
    return NFT_MATCH_YES;
}

enum nft_match nft_xtables_target(struct nft_evaluation *evaluation,
                                  const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    const char *name = netlink_text(&attributes[NFTA_TARGET_NAME]);

    for (size_t i = 0; name != NULL && i < sizeof(known_targets) / sizeof(*known_targets); i++)
        if (strcmp(known_targets[i].name, name) == 0)
            return apply(evaluation, &known_targets[i], &attributes[NFTA_TARGET_INFO]);
    evaluation->outcomes |= NFT_OUTCOME_ACCEPT | NFT_OUTCOME_DROP;
    return nft_unhandled(evaluation, "target", name == NULL ? "" : name);
}
