#include "collectors/firewall/nft_ruleset.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/firewall/nft_set.h"
#include "platform/memory.h"

#define ATTRIBUTES 24U

/* A message of nf_tables, taken apart. */
struct dumped {
    unsigned kind; /* NFT_MSG_... */
    uint8_t family;
    struct netlink_attribute attributes[ATTRIBUTES];
};

static int take_apart(const struct netlink_message *message, struct dumped *ret, struct error *err)
{
    struct nfgenmsg header;

    if (message->length < sizeof(header))
        return error_set(err, EBADMSG, "a message of the ruleset is too short");
    memcpy(&header, message->payload, sizeof(header));
    ret->kind = NFNL_MSG_TYPE(message->type);
    ret->family = header.nfgen_family;
    if (!netlink_attributes(message->payload + sizeof(header), message->length - sizeof(header),
                            ret->attributes, ATTRIBUTES))
        return error_set(err, EBADMSG, "a message of the ruleset is damaged");
    return 0;
}

static int read_name(const struct dumped *dumped, unsigned table, unsigned name,
                     struct nft_name *ret_name, struct error *err)
{
    ret_name->family = dumped->family;
    ret_name->table = netlink_text(&dumped->attributes[table]);
    ret_name->name = netlink_text(&dumped->attributes[name]);
    if (ret_name->table == NULL || ret_name->name == NULL)
        return error_set(err, EBADMSG, "a part of the ruleset has no name");
    return 0;
}

/* Makes room for one more in an array that doubles. */
static void *room_for_one(void *array, size_t count, size_t size)
{
    if (count >= 16 && (count & (count - 1)) != 0)
        return array;
    return count > 0 && count < 16 ? array : must_grow(array, count < 16 ? 16 : count * 2, size);
}

static int compare_names(const struct nft_name *left, const struct nft_name *right)
{
    int order;

    if (left->family != right->family)
        return left->family < right->family ? -1 : 1;
    order = strcmp(left->table, right->table);
    return order != 0 ? order : strcmp(left->name, right->name);
}

static int compare_chains(const void *left, const void *right)
{
    return compare_names(&((const struct nft_chain *)left)->name,
                         &((const struct nft_chain *)right)->name);
}

static int compare_sets(const void *left, const void *right)
{
    return compare_names(&((const struct nft_set *)left)->name,
                         &((const struct nft_set *)right)->name);
}

static int parse_table(const struct dumped *dumped, struct nft_ruleset *ruleset, struct error *err)
{
    struct nft_name name = {.family = dumped->family, .name = ""};
    uint32_t flags = 0;

    name.table = netlink_text(&dumped->attributes[NFTA_TABLE_NAME]);
    if (name.table == NULL)
        return error_set(err, EBADMSG, "a table of the ruleset has no name");
    ruleset->table_count++;
    (void)netlink_big_endian_u32(&dumped->attributes[NFTA_TABLE_FLAGS], &flags);
    if ((flags & NFT_TABLE_F_DORMANT) == 0)
        return 0;
    ruleset->dormant =
        room_for_one(ruleset->dormant, ruleset->dormant_count, sizeof(*ruleset->dormant));
    ruleset->dormant[ruleset->dormant_count++] = name;
    return 0;
}

static int parse_hook(const struct dumped *dumped, struct nft_chain *chain, struct error *err)
{
    const struct netlink_attribute *hook = &dumped->attributes[NFTA_CHAIN_HOOK];
    struct netlink_attribute inner[NFTA_HOOK_MAX + 1];
    uint32_t priority, policy = NF_ACCEPT;

    if (hook->bytes == NULL)
        return 0;
    if (!netlink_attributes(hook->bytes, hook->length, inner, NFTA_HOOK_MAX + 1) ||
        !netlink_big_endian_u32(&inner[NFTA_HOOK_HOOKNUM], &chain->hook) ||
        !netlink_big_endian_u32(&inner[NFTA_HOOK_PRIORITY], &priority))
        return error_set(err, EBADMSG, "the hook of chain %.100s is damaged", chain->name.name);
    (void)netlink_big_endian_u32(&dumped->attributes[NFTA_CHAIN_POLICY], &policy);
    chain->base = true;
    chain->priority = (int32_t)priority;
    chain->drops_by_policy = policy == NF_DROP;
    chain->hook_attribute = *hook;
    return 0;
}

static int parse_chain(const struct dumped *dumped, struct nft_ruleset *ruleset, struct error *err)
{
    struct nft_chain chain = {0};
    int r = read_name(dumped, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, &chain.name, err);

    if (r == 0)
        r = parse_hook(dumped, &chain, err);
    if (r < 0)
        return r;
    if (ruleset->chain_count >= NFT_CHAINS_MAX)
        return error_set(err, EFBIG, "the ruleset has more than %u chains", NFT_CHAINS_MAX);
    ruleset->chains = room_for_one(ruleset->chains, ruleset->chain_count, sizeof(chain));
    ruleset->chains[ruleset->chain_count++] = chain;
    return 0;
}

static int parse_rule(const struct dumped *dumped, struct nft_ruleset *ruleset, struct error *err)
{
    struct nft_rule rule = {.expressions = dumped->attributes[NFTA_RULE_EXPRESSIONS]};
    const struct nft_chain *chain;
    struct nft_name name;
    int r = read_name(dumped, NFTA_RULE_TABLE, NFTA_RULE_CHAIN, &name, err);

    if (r < 0)
        return r;
    chain = nft_ruleset_chain(ruleset, &name);
    if (chain == NULL)
        return error_set(err, EBADMSG, "a rule is in a chain that is not there");
    if (ruleset->rule_count >= NFT_RULES_MAX)
        return error_set(err, EFBIG, "the ruleset has more than %u rules", NFT_RULES_MAX);
    rule.chain = (size_t)(chain - ruleset->chains);
    ruleset->chains[rule.chain].rule_count++;
    ruleset->rules = room_for_one(ruleset->rules, ruleset->rule_count, sizeof(rule));
    ruleset->rules[ruleset->rule_count++] = rule;
    return 0;
}

static int parse_set(const struct dumped *dumped, struct nft_ruleset *ruleset, struct error *err)
{
    struct nft_set set = {0};
    int r = read_name(dumped, NFTA_SET_TABLE, NFTA_SET_NAME, &set.name, err);

    if (r < 0)
        return r;
    (void)netlink_big_endian_u32(&dumped->attributes[NFTA_SET_FLAGS], &set.flags);
    if (!netlink_big_endian_u32(&dumped->attributes[NFTA_SET_KEY_LEN], &set.key_size) ||
        set.key_size == 0 || set.key_size > NFT_KEY_MAX)
        return error_set(err, EBADMSG, "set %.100s has no key size", set.name.name);
    r = nft_set_parse_fields(&dumped->attributes[NFTA_SET_DESC], &set, err);
    if (r < 0)
        return r;
    if (ruleset->set_count >= NFT_SETS_MAX)
        return error_set(err, EFBIG, "the ruleset has more than %u sets", NFT_SETS_MAX);
    ruleset->sets = room_for_one(ruleset->sets, ruleset->set_count, sizeof(set));
    ruleset->sets[ruleset->set_count++] = set;
    return 0;
}

static int parse_elements(const struct dumped *dumped, struct nft_ruleset *ruleset,
                          struct error *err)
{
    struct nft_name name;
    const struct nft_set *set;
    int r = read_name(dumped, NFTA_SET_ELEM_LIST_TABLE, NFTA_SET_ELEM_LIST_SET, &name, err);

    if (r < 0)
        return r;
    set = nft_ruleset_set(ruleset, &name);
    if (set == NULL)
        return error_set(err, EBADMSG, "elements are in a set that is not there");
    return nft_set_parse_elements(&dumped->attributes[NFTA_SET_ELEM_LIST_ELEMENTS],
                                  &ruleset->sets[set - ruleset->sets], err);
}

/* Containers come first, so that what they contain finds them in whatever order it was dumped. */
static int parse_container(const struct dumped *dumped, struct nft_ruleset *ruleset,
                           struct error *err)
{
    switch (dumped->kind) {
    case NFT_MSG_NEWTABLE:
        return parse_table(dumped, ruleset, err);
    case NFT_MSG_NEWCHAIN:
        return parse_chain(dumped, ruleset, err);
    case NFT_MSG_NEWSET:
        return parse_set(dumped, ruleset, err);
    default:
        return 0;
    }
}

static int parse_content(const struct dumped *dumped, struct nft_ruleset *ruleset,
                         struct error *err)
{
    switch (dumped->kind) {
    case NFT_MSG_NEWRULE:
        return parse_rule(dumped, ruleset, err);
    case NFT_MSG_NEWSETELEM:
        return parse_elements(dumped, ruleset, err);
    default:
        return 0;
    }
}

static int parse_messages(const void *bytes, size_t length, struct nft_ruleset *ruleset,
                          int (*parse)(const struct dumped *, struct nft_ruleset *, struct error *),
                          struct error *err)
{
    struct netlink_walk walk = netlink_walk(bytes, length);
    struct netlink_message message;
    struct dumped dumped;

    while (netlink_next_message(&walk, &message)) {
        int r;

        if (NFNL_SUBSYS_ID(message.type) != NFNL_SUBSYS_NFTABLES)
            continue;
        r = take_apart(&message, &dumped, err);
        if (r == 0)
            r = parse(&dumped, ruleset, err);
        if (r < 0)
            return r;
    }
    return walk.broken ? error_set(err, EBADMSG, "the dump of the ruleset is cut off") : 0;
}

static int sort_containers(struct nft_ruleset *ruleset, struct error *err)
{
    if (ruleset->chain_count > 0)
        qsort(ruleset->chains, ruleset->chain_count, sizeof(*ruleset->chains), compare_chains);
    if (ruleset->set_count > 0)
        qsort(ruleset->sets, ruleset->set_count, sizeof(*ruleset->sets), compare_sets);
    for (size_t i = 1; i < ruleset->chain_count; i++)
        if (compare_chains(&ruleset->chains[i - 1], &ruleset->chains[i]) == 0)
            return error_set(err, EBADMSG, "the ruleset has a chain twice");
    for (size_t i = 1; i < ruleset->set_count; i++)
        if (compare_sets(&ruleset->sets[i - 1], &ruleset->sets[i]) == 0)
            return error_set(err, EBADMSG, "the ruleset has a set twice");
    return 0;
}

/* Puts the rules of each chain together and keeps their order. */
static void group_rules(struct nft_ruleset *ruleset)
{
    struct nft_rule *grouped = must_allocate(ruleset->rule_count + 1, sizeof(*grouped));
    size_t next = 0;

    for (size_t i = 0; i < ruleset->chain_count; i++) {
        ruleset->chains[i].first_rule = next;
        next += ruleset->chains[i].rule_count;
        ruleset->chains[i].rule_count = 0;
    }
    for (size_t i = 0; i < ruleset->rule_count; i++) {
        struct nft_chain *chain = &ruleset->chains[ruleset->rules[i].chain];

        grouped[chain->first_rule + chain->rule_count++] = ruleset->rules[i];
    }
    free(ruleset->rules);
    ruleset->rules = grouped;
}

static bool is_dormant(const struct nft_ruleset *ruleset, const struct nft_name *name)
{
    for (size_t i = 0; i < ruleset->dormant_count; i++)
        if (ruleset->dormant[i].family == name->family &&
            strcmp(ruleset->dormant[i].table, name->table) == 0)
            return true;
    return false;
}

enum stage { STAGE_INGRESS, STAGE_PREROUTING, STAGE_INPUT, STAGE_OTHER };

/* Where on the way of an incoming packet for this machine a base chain sits. */
static enum stage stage_of(const struct nft_chain *chain)
{
    if (chain->name.family == NFPROTO_NETDEV)
        return chain->hook == NF_NETDEV_INGRESS ? STAGE_INGRESS : STAGE_OTHER;
    if (chain->name.family != NFPROTO_INET && chain->name.family != NFPROTO_IPV4 &&
        chain->name.family != NFPROTO_IPV6)
        return STAGE_OTHER;
    if (chain->hook == NF_INET_INGRESS)
        return STAGE_INGRESS;
    if (chain->hook == NF_INET_PRE_ROUTING)
        return STAGE_PREROUTING;
    return chain->hook == NF_INET_LOCAL_IN ? STAGE_INPUT : STAGE_OTHER;
}

static int compare_on_the_way(const void *left, const void *right)
{
    const struct nft_chain *first = *(const struct nft_chain *const *)left;
    const struct nft_chain *second = *(const struct nft_chain *const *)right;

    if (stage_of(first) != stage_of(second))
        return stage_of(first) < stage_of(second) ? -1 : 1;
    if (first->priority != second->priority)
        return first->priority < second->priority ? -1 : 1;
    return compare_names(&first->name, &second->name);
}

static void find_inbound_chains(struct nft_ruleset *ruleset)
{
    ruleset->inbound = must_allocate(ruleset->chain_count + 1, sizeof(struct nft_chain *));
    for (size_t i = 0; i < ruleset->chain_count; i++) {
        const struct nft_chain *chain = &ruleset->chains[i];

        if (chain->base && stage_of(chain) != STAGE_OTHER && !is_dormant(ruleset, &chain->name))
            ruleset->inbound[ruleset->inbound_count++] = chain;
    }
    if (ruleset->inbound_count > 0)
        qsort(ruleset->inbound, ruleset->inbound_count, sizeof(struct nft_chain *),
              compare_on_the_way);
}

int nft_ruleset_parse(const void *bytes, size_t length, struct nft_ruleset *ret_ruleset,
                      struct error *err)
{
    int r;

    *ret_ruleset = (struct nft_ruleset){0};
    r = parse_messages(bytes, length, ret_ruleset, parse_container, err);
    if (r == 0)
        r = sort_containers(ret_ruleset, err);
    if (r == 0)
        r = parse_messages(bytes, length, ret_ruleset, parse_content, err);
    if (r < 0)
        return r;
    group_rules(ret_ruleset);
    for (size_t i = 0; i < ret_ruleset->set_count; i++)
        nft_set_sort(&ret_ruleset->sets[i]);
    find_inbound_chains(ret_ruleset);
    return 0;
}

void nft_ruleset_clear(struct nft_ruleset *ruleset)
{
    for (size_t i = 0; i < ruleset->set_count; i++)
        free(ruleset->sets[i].elements);
    free(ruleset->sets);
    free(ruleset->dormant);
    free(ruleset->chains);
    free(ruleset->rules);
    free(ruleset->inbound);
    *ruleset = (struct nft_ruleset){0};
}

const struct nft_chain *nft_ruleset_chain(const struct nft_ruleset *ruleset,
                                          const struct nft_name *name)
{
    struct nft_chain key = {.name = *name};

    if (ruleset->chain_count == 0)
        return NULL;
    return bsearch(&key, ruleset->chains, ruleset->chain_count, sizeof(key), compare_chains);
}

const struct nft_set *nft_ruleset_set(const struct nft_ruleset *ruleset,
                                      const struct nft_name *name)
{
    struct nft_set key = {.name = *name};

    if (ruleset->set_count == 0)
        return NULL;
    return bsearch(&key, ruleset->sets, ruleset->set_count, sizeof(key), compare_sets);
}
