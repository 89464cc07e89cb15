#include "collectors/firewall/nft_compare.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

static enum nft_match malformed(struct nft_evaluation *evaluation)
{
    evaluation->failed = -EBADMSG;
    return NFT_MATCH_NO;
}

static bool is_known(const struct nft_evaluation *evaluation, size_t offset, size_t length)
{
    uint64_t mask = nft_byte_mask(offset, length);

    return (evaluation->registers.known & mask) == mask;
}

static enum nft_match decided(bool matches)
{
    return matches ? NFT_MATCH_YES : NFT_MATCH_NO;
}

/* A rule that picks out this port, not one that passes over another, speaks of it. */
static void note_port(struct nft_evaluation *evaluation, size_t offset, size_t length)
{
    if ((evaluation->registers.port & nft_byte_mask(offset, length)) != 0)
        evaluation->answer->port_named = true;
}

static bool holds(uint32_t operation, int order)
{
    switch (operation) {
    case NFT_CMP_EQ:
        return order == 0;
    case NFT_CMP_NEQ:
        return order != 0;
    case NFT_CMP_LT:
        return order < 0;
    case NFT_CMP_LTE:
        return order <= 0;
    case NFT_CMP_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

/* With some bytes unknown, one known byte that differs still decides equality. */
static enum nft_match compare_partly(const struct nft_evaluation *evaluation, size_t offset,
                                     const struct netlink_attribute *value, uint32_t operation)
{
    if (operation != NFT_CMP_EQ && operation != NFT_CMP_NEQ)
        return NFT_MATCH_MAYBE;
    for (size_t i = 0; i < value->length; i++)
        if (is_known(evaluation, offset + i, 1) &&
            evaluation->registers.bytes[offset + i] != value->bytes[i])
            return decided(operation == NFT_CMP_NEQ);
    return NFT_MATCH_MAYBE;
}

enum nft_match nft_compare(struct nft_evaluation *evaluation,
                           const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    struct netlink_attribute value = nft_data_value(&attributes[NFTA_CMP_DATA]);
    uint32_t operation;
    size_t offset;
    bool matches;

    if (value.bytes == NULL || !netlink_big_endian_u32(&attributes[NFTA_CMP_OP], &operation) ||
        operation > NFT_CMP_GTE || !nft_register(&attributes[NFTA_CMP_SREG], value.length, &offset))
        return malformed(evaluation);
    if (!is_known(evaluation, offset, value.length))
        return compare_partly(evaluation, offset, &value, operation);
    matches =
        holds(operation, memcmp(evaluation->registers.bytes + offset, value.bytes, value.length));
    if (matches && operation != NFT_CMP_NEQ)
        note_port(evaluation, offset, value.length);
    return decided(matches);
}

enum nft_match nft_range(struct nft_evaluation *evaluation,
                         const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    struct netlink_attribute from = nft_data_value(&attributes[NFTA_RANGE_FROM_DATA]);
    struct netlink_attribute to = nft_data_value(&attributes[NFTA_RANGE_TO_DATA]);
    const uint8_t *value;
    uint32_t operation;
    size_t offset;
    bool within;

    if (from.bytes == NULL || to.bytes == NULL || from.length != to.length ||
        !netlink_big_endian_u32(&attributes[NFTA_RANGE_OP], &operation) ||
        operation > NFT_RANGE_NEQ ||
        !nft_register(&attributes[NFTA_RANGE_SREG], from.length, &offset))
        return malformed(evaluation);
    if (!is_known(evaluation, offset, from.length))
        return NFT_MATCH_MAYBE;
    value = evaluation->registers.bytes + offset;
    within = memcmp(value, from.bytes, from.length) >= 0 && memcmp(value, to.bytes, to.length) <= 0;
    if (within && operation == NFT_RANGE_EQ)
        note_port(evaluation, offset, from.length);
    return decided(within == (operation == NFT_RANGE_EQ));
}

/* Where the mask takes all bits away, the result is known whatever the value was. */
static void mask_bytes(struct nft_register_file *registers, size_t source, size_t target,
                       const struct netlink_attribute *mask, const struct netlink_attribute *flip)
{
    struct nft_register_file before = *registers;

    for (size_t i = 0; i < mask->length; i++) {
        uint64_t bit = nft_byte_mask(target + i, 1);
        bool known = (before.known & nft_byte_mask(source + i, 1)) != 0;
        bool port = (before.port & nft_byte_mask(source + i, 1)) != 0;

        registers->bytes[target + i] =
            (uint8_t)((before.bytes[source + i] & mask->bytes[i]) ^ flip->bytes[i]);
        registers->known &= ~bit;
        registers->port &= ~bit;
        if (known || mask->bytes[i] == 0)
            registers->known |= bit;
        if (port)
            registers->port |= bit;
    }
}

enum nft_match nft_bitwise(struct nft_evaluation *evaluation,
                           const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    struct netlink_attribute mask = nft_data_value(&attributes[NFTA_BITWISE_MASK]);
    struct netlink_attribute flip = nft_data_value(&attributes[NFTA_BITWISE_XOR]);
    const struct netlink_attribute *target = &attributes[NFTA_BITWISE_DREG];
    uint32_t operation = NFT_BITWISE_BOOL;
    size_t source, destination;

    (void)netlink_big_endian_u32(&attributes[NFTA_BITWISE_OP], &operation);
    if (operation != NFT_BITWISE_BOOL || mask.bytes == NULL || flip.bytes == NULL)
        return nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
    if (mask.length != flip.length ||
        !nft_register(&attributes[NFTA_BITWISE_SREG], mask.length, &source) ||
        !nft_register(target, mask.length, &destination))
        return malformed(evaluation);
    mask_bytes(&evaluation->registers, source, destination, &mask, &flip);
    return NFT_MATCH_YES;
}

/* Between host and network order: both ways do the same. */
static void swap_words(struct nft_register_file *registers, size_t source, size_t target,
                       size_t size)
{
    const bool host_swaps = htons(1) != 1;
    struct nft_register_file before = *registers;

    for (size_t i = 0; i < size; i++) {
        size_t from = source + (host_swaps ? size - 1 - i : i);
        uint64_t bit = nft_byte_mask(target + i, 1);

        registers->bytes[target + i] = before.bytes[from];
        registers->known &= ~bit;
        if ((before.known & nft_byte_mask(from, 1)) != 0)
            registers->known |= bit;
    }
}

enum nft_match nft_byteorder(struct nft_evaluation *evaluation,
                             const struct netlink_attribute attributes[NFT_ATTRIBUTES])
{
    const struct netlink_attribute *target = &attributes[NFTA_BYTEORDER_DREG];
    size_t source, destination;
    uint32_t size, length;

    if (!netlink_big_endian_u32(&attributes[NFTA_BYTEORDER_SIZE], &size) ||
        !netlink_big_endian_u32(&attributes[NFTA_BYTEORDER_LEN], &length) || size == 0 ||
        !nft_register(&attributes[NFTA_BYTEORDER_SREG], size, &source) ||
        !nft_register(target, size, &destination))
        return malformed(evaluation);
    if (length != size || size > 8) /* several words in one go */
        return nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
    swap_words(&evaluation->registers, source, destination, size);
    return NFT_MATCH_YES;
}
