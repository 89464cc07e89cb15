#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "collectors/firewall/nft_evaluation.h"
#include "collectors/firewall/nft_set.h"

/* What a lookup does with the element that it met. */
static enum nft_match use_element(struct nft_evaluation *evaluation,
                                  const struct netlink_attribute *target,
                                  const struct nft_element *element)
{
    struct netlink_attribute value;
    struct nft_verdict verdict;
    uint32_t number;

    if (target->bytes == NULL)
        return NFT_MATCH_YES;
    if (netlink_big_endian_u32(target, &number) && number == NFT_REG_VERDICT) {
        if (nft_data_verdict(&element->data, &verdict))
            nft_follow_verdict(evaluation, &verdict);
        else
            evaluation->failed = -EBADMSG;
        return NFT_MATCH_YES;
    }
    value = nft_data_value(&element->data);
    if (value.bytes == NULL) /* a map to something else: a counter, a helper */
        return nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
    return nft_load(evaluation, target, value.bytes, value.length);
}

/* The key is not known, so it may be any element, or none. */
static enum nft_match use_any_element(struct nft_evaluation *evaluation,
                                      const struct netlink_attribute *target,
                                      const struct nft_set *set)
{
    uint32_t number;

    if (target->bytes == NULL)
        return NFT_MATCH_MAYBE;
    if (!netlink_big_endian_u32(target, &number) || number != NFT_REG_VERDICT) {
        (void)nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
        return NFT_MATCH_MAYBE;
    }
    evaluation->certain = false;
    if (!set->content_known)
        evaluation->outcomes |= NFT_OUTCOME_ACCEPT | NFT_OUTCOME_DROP | NFT_OUTCOME_LEAVE;
    for (size_t i = 0; i < set->element_count && evaluation->failed == 0; i++)
        if (!set->elements[i].interval_end && nft_spend(evaluation, 1))
            (void)use_element(evaluation, target, &set->elements[i]);
    if (set->catch_all != NULL)
        (void)use_element(evaluation, target, set->catch_all);
    evaluation->outcomes |= NFT_OUTCOME_NEXT;
    return NFT_MATCH_MAYBE;
}

/* A set that packets fill may have got this key from the very packet that we follow. */
static bool may_change(const struct nft_set *set)
{
    return (set->flags & NFT_SET_EVAL) != 0;
}

static enum nft_match look_up_known(struct nft_evaluation *evaluation, const struct nft_set *set,
                                    size_t offset, const struct netlink_attribute *target,
                                    bool inverted)
{
    const struct nft_register_file *registers = &evaluation->registers;
    const struct nft_element *element;
    uint64_t steps = 0;

    element = nft_set_find(set, registers->bytes + offset, &steps);
    if (!nft_spend(evaluation, steps))
        return NFT_MATCH_NO;
    if (may_change(set) || (element != NULL && element->conditional))
        return use_any_element(evaluation, target, set);
    if (element == NULL)
        return inverted ? NFT_MATCH_YES : NFT_MATCH_NO;
    if ((registers->port & nft_byte_mask(offset, set->key_size)) != 0 && !inverted)
        evaluation->answer->port_named = true;
    return inverted ? NFT_MATCH_NO : use_element(evaluation, target, element);
}

enum nft_match nft_lookup(struct nft_evaluation *evaluation,
                          const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    struct nft_name name = evaluation->chain->name;
    const struct nft_set *set;
    uint32_t flags = 0;
    uint64_t mask;
    size_t offset;
    bool inverted;

    name.name = netlink_text(&attributes[NFTA_LOOKUP_SET]);
    set = name.name == NULL ? NULL : nft_ruleset_set(evaluation->ruleset, &name);
    if (set == NULL || !nft_register(&attributes[NFTA_LOOKUP_SREG], set->key_size, &offset)) {
        evaluation->failed = -EBADMSG;
        return NFT_MATCH_NO;
    }
    (void)netlink_big_endian_u32(&attributes[NFTA_LOOKUP_FLAGS], &flags);
    inverted = (flags & NFT_LOOKUP_F_INV) != 0;
    mask = nft_byte_mask(offset, set->key_size);
    if (!set->content_known || (evaluation->registers.known & mask) != mask) {
        bool is_empty = set->content_known && set->element_count == 0 && set->catch_all == NULL &&
                        !may_change(set);

        if (is_empty)
            return inverted ? NFT_MATCH_YES : NFT_MATCH_NO;
        return use_any_element(evaluation, &attributes[NFTA_LOOKUP_DREG], set);
    }
    return look_up_known(evaluation, set, offset, &attributes[NFTA_LOOKUP_DREG], inverted);
}
