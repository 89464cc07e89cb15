#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/firewall/nft_compare.h"
#include "collectors/firewall/nft_evaluation.h"
#include "collectors/firewall/nft_packet.h"
#include "collectors/firewall/nft_xtables.h"

/* Counting, logging, changing what does not decide: the rule goes on. */
static enum nft_match goes_on(struct nft_evaluation *evaluation,
                              const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    (void)evaluation;
    (void)attributes;
    return NFT_MATCH_YES;
}

/* Rates, quotas, counts of connections: it matches sometimes. */
static enum nft_match matches_sometimes(struct nft_evaluation *evaluation,
                                        const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    (void)evaluation;
    (void)attributes;
    return NFT_MATCH_MAYBE;
}

static enum nft_match reject(struct nft_evaluation *evaluation,
                             const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    (void)attributes;
    evaluation->outcomes |= NFT_OUTCOME_DROP;
    return NFT_MATCH_YES;
}

/* Someone else decides: a program behind a queue, another device. */
static enum nft_match hands_over(struct nft_evaluation *evaluation,
                                 const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    (void)attributes;
    evaluation->outcomes |= NFT_OUTCOME_ACCEPT | NFT_OUTCOME_DROP;
    return NFT_MATCH_YES;
}

static enum nft_match translate_source(struct nft_evaluation *evaluation,
                                       const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    (void)attributes;
    evaluation->outcomes |= NFT_OUTCOME_ACCEPT;
    return NFT_MATCH_YES;
}

static enum nft_match redirect(struct nft_evaluation *evaluation,
                               const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    evaluation->redirected = true;
    return translate_source(evaluation, attributes);
}

static enum nft_match translate(struct nft_evaluation *evaluation,
                                const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    uint32_t type;

    if (netlink_big_endian_u32(&attributes[NFTA_NAT_TYPE], &type) && type == NFT_NAT_SNAT)
        return translate_source(evaluation, attributes);
    return redirect(evaluation, attributes);
}

/* Hands the packet to a local socket of another port; the rule goes on. */
static enum nft_match to_proxy(struct nft_evaluation *evaluation,
                               const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    (void)attributes;
    evaluation->redirected = true;
    return NFT_MATCH_MAYBE;
}

static enum nft_match no_tracking(struct nft_evaluation *evaluation,
                                  const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    (void)attributes;
    nft_stop_tracking(evaluation);
    return NFT_MATCH_YES;
}

static enum nft_match immediate(struct nft_evaluation *evaluation,
                                const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    const struct netlink_attribute *data = &attributes[NFTA_IMMEDIATE_DATA];
    struct netlink_attribute value = nft_data_value(data);
    struct nft_verdict verdict;

    if (value.bytes != NULL)
        return nft_load(evaluation, &attributes[NFTA_IMMEDIATE_DREG], value.bytes, value.length);
    if (nft_data_verdict(data, &verdict))
        nft_follow_verdict(evaluation, &verdict);
    else
        evaluation->failed = -EBADMSG;
    return NFT_MATCH_YES;
}

/* Named objects: a counter decides nothing, quotas and limits do. */
static enum nft_match object(struct nft_evaluation *evaluation,
                             const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    uint32_t type;

    (void)evaluation;
    if (netlink_big_endian_u32(&attributes[NFTA_OBJREF_IMM_TYPE], &type) &&
        (type == NFT_OBJECT_COUNTER || type == NFT_OBJECT_CT_HELPER))
        return NFT_MATCH_YES;
    return NFT_MATCH_MAYBE;
}

struct known_expression {
    const char *name;
    nft_function *function;
};

/* Sorted by name. */
static const struct known_expression known_expressions[] = {
    {"bitwise", nft_bitwise},
    {"byteorder", nft_byteorder},
    {"cmp", nft_compare},
    {"connlimit", matches_sometimes},
    {"counter", goes_on},
    {"ct", nft_connection},
    {"dup", goes_on},
    {"dynset", matches_sometimes},
    {"exthdr", nft_extension_header},
    {"fib", nft_fib},
    {"flow_offload", matches_sometimes},
    {"fwd", hands_over},
    {"hash", nft_load_something},
    {"immediate", immediate},
    {"last", goes_on},
    {"limit", matches_sometimes},
    {"log", goes_on},
    {"lookup", nft_lookup},
    {"masq", translate_source},
    {"match", nft_xtables_match},
    {"meta", nft_meta},
    {"nat", translate},
    {"notrack", no_tracking},
    {"numgen", nft_load_something},
    {"objref", object},
    {"osf", nft_load_something},
    {"payload", nft_payload},
    {"queue", hands_over},
    {"quota", matches_sometimes},
    {"range", nft_range},
    {"redir", redirect},
    {"reject", reject},
    {"rt", nft_load_something},
    {"socket", nft_load_something},
    {"synproxy", hands_over},
    {"target", nft_xtables_target},
    {"tproxy", to_proxy},
    {"tunnel", nft_load_something},
    {"xfrm", nft_load_something},
};

static int compare_to_name(const void *name, const void *known)
{
    return strcmp(name, ((const struct known_expression *)known)->name);
}

nft_function *nft_expression_function(const char *name)
{
    const struct known_expression *known =
        bsearch(name, known_expressions, sizeof(known_expressions) / sizeof(*known_expressions),
                sizeof(*known_expressions), compare_to_name);

    return known == NULL ? NULL : known->function;
}
