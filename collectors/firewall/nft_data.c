#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <string.h>

#include "collectors/firewall/nft_ruleset.h"

bool nft_next_expression(struct netlink_walk *walk, struct nft_expression *ret_expression)
{
    struct netlink_attribute item, inner[NFTA_EXPR_MAX + 1];

    if (!netlink_next_attribute(walk, &item))
        return false;
    if (!netlink_attributes(item.bytes, item.length, inner, NFTA_EXPR_MAX + 1) ||
        netlink_text(&inner[NFTA_EXPR_NAME]) == NULL) {
        walk->broken = true;
        return false;
    }
    ret_expression->name = netlink_text(&inner[NFTA_EXPR_NAME]);
    ret_expression->data = inner[NFTA_EXPR_DATA];
    return true;
}

struct netlink_attribute nft_data_value(const struct netlink_attribute *data)
{
    struct netlink_attribute inner[NFTA_DATA_MAX + 1];

    if (!netlink_attributes(data->bytes, data->length, inner, NFTA_DATA_MAX + 1))
        return (struct netlink_attribute){0};
    return inner[NFTA_DATA_VALUE];
}

bool nft_data_verdict(const struct netlink_attribute *data, struct nft_verdict *ret_verdict)
{
    struct netlink_attribute inner[NFTA_DATA_MAX + 1], parts[NFTA_VERDICT_MAX + 1];
    uint32_t code;

    if (!netlink_attributes(data->bytes, data->length, inner, NFTA_DATA_MAX + 1) ||
        !netlink_attributes(inner[NFTA_DATA_VERDICT].bytes, inner[NFTA_DATA_VERDICT].length, parts,
                            NFTA_VERDICT_MAX + 1) ||
        !netlink_big_endian_u32(&parts[NFTA_VERDICT_CODE], &code))
        return false;
    ret_verdict->code = (int32_t)code;
    ret_verdict->chain = netlink_text(&parts[NFTA_VERDICT_CHAIN]);
    return true;
}

static bool target_redirects(const struct nft_expression *expression)
{
    static const char *const targets[] = {"DNAT", "NETMAP", "REDIRECT", "TPROXY"};
    struct netlink_attribute inner[NFTA_TARGET_MAX + 1];
    const char *name;

    if (!netlink_attributes(expression->data.bytes, expression->data.length, inner,
                            NFTA_TARGET_MAX + 1))
        return true;
    name = netlink_text(&inner[NFTA_TARGET_NAME]);
    for (size_t i = 0; name != NULL && i < sizeof(targets) / sizeof(*targets); i++)
        if (strcmp(name, targets[i]) == 0)
            return true;
    return name == NULL;
}

static bool expression_redirects(const struct nft_expression *expression)
{
    struct netlink_attribute inner[NFTA_NAT_TYPE + 1];
    uint32_t type = NFT_NAT_DNAT;

    if (strcmp(expression->name, "redir") == 0 || strcmp(expression->name, "tproxy") == 0)
        return true;
    if (strcmp(expression->name, "target") == 0)
        return target_redirects(expression);
    if (strcmp(expression->name, "nat") != 0)
        return false;
    if (netlink_attributes(expression->data.bytes, expression->data.length, inner,
                           NFTA_NAT_TYPE + 1))
        (void)netlink_big_endian_u32(&inner[NFTA_NAT_TYPE], &type);
    return type == NFT_NAT_DNAT;
}

bool nft_ruleset_redirects(const struct nft_ruleset *ruleset)
{
    for (size_t i = 0; i < ruleset->rule_count; i++) {
        struct netlink_walk walk = netlink_walk_into(&ruleset->rules[i].expressions);
        struct nft_expression expression;

        while (nft_next_expression(&walk, &expression))
            if (expression_redirects(&expression))
                return true;
        if (walk.broken)
            return true;
    }
    return false;
}
