#include "tests/support/nft_builder.h"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

#include "platform/netlink.h"

size_t nft_open_message(struct text *out, unsigned kind)
{
    struct nlmsghdr header = {.nlmsg_type =
                                  (uint16_t)(((unsigned)NFNL_SUBSYS_NFTABLES << 8) | kind)};
    struct nfgenmsg family = {.nfgen_family = NFPROTO_INET};
    size_t start = out->length;

    text_add(out, &header, sizeof(header));
    text_add(out, &family, sizeof(family));
    return start;
}

size_t nft_open_attribute(struct text *out, uint16_t type)
{
    struct nlattr header = {.nla_type = (uint16_t)(type | NLA_F_NESTED)};
    size_t start = out->length;

    text_add(out, &header, sizeof(header));
    return start;
}

void nft_close_message(struct text *out, size_t start)
{
    uint32_t length = (uint32_t)(out->length - start);

    memcpy(out->bytes + start, &length, sizeof(length));
}

void nft_close_attribute(struct text *out, size_t start)
{
    uint16_t length = (uint16_t)(out->length - start);

    memcpy(out->bytes + start, &length, sizeof(length));
}

void nft_add_text(struct text *out, uint16_t type, const char *value)
{
    netlink_add_attribute(out, type, value, strlen(value) + 1);
}

void nft_add_number(struct text *out, uint16_t type, uint32_t value)
{
    uint32_t number = htonl(value);

    netlink_add_attribute(out, type, &number, sizeof(number));
}

void nft_add_value(struct text *out, uint16_t type, const void *bytes, size_t length)
{
    size_t data = nft_open_attribute(out, type);

    netlink_add_attribute(out, NFTA_DATA_VALUE, bytes, length);
    nft_close_attribute(out, data);
}

void nft_add_verdict(struct text *out, uint16_t type, int32_t code, const char *chain)
{
    size_t data = nft_open_attribute(out, type);
    size_t verdict = nft_open_attribute(out, NFTA_DATA_VERDICT);

    nft_add_number(out, NFTA_VERDICT_CODE, (uint32_t)code);
    if (chain != NULL)
        nft_add_text(out, NFTA_VERDICT_CHAIN, chain);
    nft_close_attribute(out, verdict);
    nft_close_attribute(out, data);
}

void nft_build_table(struct text *out, uint32_t flags)
{
    size_t message = nft_open_message(out, NFT_MSG_NEWTABLE);

    nft_add_text(out, NFTA_TABLE_NAME, "t");
    nft_add_number(out, NFTA_TABLE_FLAGS, flags);
    nft_close_message(out, message);
}

void nft_build_chain(struct text *out, const char *name)
{
    size_t message = nft_open_message(out, NFT_MSG_NEWCHAIN);

    nft_add_text(out, NFTA_CHAIN_TABLE, "t");
    nft_add_text(out, NFTA_CHAIN_NAME, name);
    nft_close_message(out, message);
}

void nft_build_base_chain(struct text *out, const char *name, uint32_t hook, int32_t priority,
                          uint32_t policy)
{
    size_t message = nft_open_message(out, NFT_MSG_NEWCHAIN), attribute;

    nft_add_text(out, NFTA_CHAIN_TABLE, "t");
    nft_add_text(out, NFTA_CHAIN_NAME, name);
    attribute = nft_open_attribute(out, NFTA_CHAIN_HOOK);
    nft_add_number(out, NFTA_HOOK_HOOKNUM, hook);
    nft_add_number(out, NFTA_HOOK_PRIORITY, (uint32_t)priority);
    nft_close_attribute(out, attribute);
    nft_add_number(out, NFTA_CHAIN_POLICY, policy);
    nft_close_message(out, message);
}

struct nft_open_rule nft_open_rule(struct text *out, const char *chain)
{
    struct nft_open_rule rule = {.message = nft_open_message(out, NFT_MSG_NEWRULE)};

    nft_add_text(out, NFTA_RULE_TABLE, "t");
    nft_add_text(out, NFTA_RULE_CHAIN, chain);
    rule.expressions = nft_open_attribute(out, NFTA_RULE_EXPRESSIONS);
    return rule;
}

void nft_close_rule(struct text *out, struct nft_open_rule rule)
{
    nft_close_attribute(out, rule.expressions);
    nft_close_message(out, rule.message);
}

struct nft_open_expression nft_open_expression(struct text *out, const char *name)
{
    struct nft_open_expression expression = {.item = nft_open_attribute(out, NFTA_LIST_ELEM)};

    nft_add_text(out, NFTA_EXPR_NAME, name);
    expression.data = nft_open_attribute(out, NFTA_EXPR_DATA);
    return expression;
}

void nft_close_expression(struct text *out, struct nft_open_expression expression)
{
    nft_close_attribute(out, expression.data);
    nft_close_attribute(out, expression.item);
}

void nft_build_plain(struct text *out, const char *name)
{
    nft_close_expression(out, nft_open_expression(out, name));
}

static void load_port(struct text *out)
{
    struct nft_open_expression expression = nft_open_expression(out, "payload");

    nft_add_number(out, NFTA_PAYLOAD_DREG, NFT_REG_1);
    nft_add_number(out, NFTA_PAYLOAD_BASE, NFT_PAYLOAD_TRANSPORT_HEADER);
    nft_add_number(out, NFTA_PAYLOAD_OFFSET, 2);
    nft_add_number(out, NFTA_PAYLOAD_LEN, 2);
    nft_close_expression(out, expression);
}

void nft_build_port_is(struct text *out, uint16_t port)
{
    const uint16_t number = htons(port);
    struct nft_open_expression expression;

    load_port(out);
    expression = nft_open_expression(out, "cmp");
    nft_add_number(out, NFTA_CMP_SREG, NFT_REG_1);
    nft_add_number(out, NFTA_CMP_OP, NFT_CMP_EQ);
    nft_add_value(out, NFTA_CMP_DATA, &number, sizeof(number));
    nft_close_expression(out, expression);
}

void nft_build_xtables_match(struct text *out, const char *name)
{
    struct nft_open_expression expression = nft_open_expression(out, "match");

    nft_add_text(out, NFTA_MATCH_NAME, name);
    nft_add_number(out, NFTA_MATCH_REV, 0);
    netlink_add_attribute(out, NFTA_MATCH_INFO, "\0\0\0\0\0\0\0", 8);
    nft_close_expression(out, expression);
}

void nft_build_verdict(struct text *out, int32_t code, const char *chain)
{
    struct nft_open_expression expression = nft_open_expression(out, "immediate");

    nft_add_number(out, NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
    nft_add_verdict(out, NFTA_IMMEDIATE_DATA, code, chain);
    nft_close_expression(out, expression);
}

void nft_build_port_lookup(struct text *out, const char *set)
{
    struct nft_open_expression expression;

    load_port(out);
    expression = nft_open_expression(out, "lookup");
    nft_add_text(out, NFTA_LOOKUP_SET, set);
    nft_add_number(out, NFTA_LOOKUP_SREG, NFT_REG_1);
    nft_close_expression(out, expression);
}
