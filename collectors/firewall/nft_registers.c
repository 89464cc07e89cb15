#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "collectors/firewall/nft_evaluation.h"

#define WORD 4U /* registers are made of words; a load pads its last one with zero bytes */

uint64_t nft_byte_mask(size_t offset, size_t length)
{
    uint64_t ones = length >= 64 ? UINT64_MAX : (UINT64_C(1) << length) - 1;

    return offset >= 64 ? 0 : ones << offset;
}

bool nft_register(const struct netlink_attribute *attribute, size_t length, size_t *ret_offset)
{
    uint32_t number;
    size_t offset;

    if (!netlink_big_endian_u32(attribute, &number))
        return false;
    /* The older four registers of 16 bytes lie over the sixteen of 4. */
    if (number >= NFT_REG_1 && number <= NFT_REG_4)
        offset = (number - NFT_REG_1) * 16U;
    else if (number >= NFT_REG32_00 && number <= NFT_REG32_15)
        offset = (number - NFT_REG32_00) * WORD;
    else
        return false;
    if (length > NFT_REGISTER_BYTES - offset)
        return false;
    *ret_offset = offset;
    return true;
}

static size_t padded(size_t length)
{
    return (length + WORD - 1) & ~(size_t)(WORD - 1);
}

enum nft_match nft_load(struct nft_evaluation *evaluation, const struct netlink_attribute *target,
                        const void *bytes, size_t length)
{
    struct nft_register_file *registers = &evaluation->registers;
    size_t offset;

    if (length > NFT_REGISTER_BYTES || !nft_register(target, padded(length), &offset))
        return nft_load_unknown(evaluation, target, NFT_REGISTER_BYTES);
    memset(registers->bytes + offset, 0, padded(length));
    memcpy(registers->bytes + offset, bytes, length);
    registers->known |= nft_byte_mask(offset, padded(length));
    registers->port &= ~nft_byte_mask(offset, padded(length));
    return NFT_MATCH_YES;
}

enum nft_match nft_load_unknown(struct nft_evaluation *evaluation,
                                const struct netlink_attribute *target, size_t length)
{
    size_t offset;

    /* Too long or no register at all: then nothing is known from there on. */
    if (!nft_register(target, 0, &offset))
        offset = 0;
    evaluation->registers.known &= ~nft_byte_mask(offset, padded(length));
    return NFT_MATCH_YES;
}
