#pragma once

#include "collectors/firewall/nft_ruleset.h"

/* Sets and maps of nf_tables: reading their elements, and looking a key up as the kernel does. */

/* Reads the field sizes of a concatenated key (NFTA_SET_DESC); -EBADMSG when they make no key. */
int nft_set_parse_fields(const struct netlink_attribute *description, struct nft_set *set,
                         struct error *err);

/* Adds the elements of one message. -EBADMSG, or -EFBIG above NFT_ELEMENTS_MAX. */
int nft_set_parse_elements(const struct netlink_attribute *list, struct nft_set *set,
                           struct error *err);

/* Brings the elements into the order that looking up needs, once all were read. */
void nft_set_sort(struct nft_set *set);

/*
 * The element that this key of the set's key size meets, or NULL. Adds to steps what the search
 * cost, in comparisons.
 */
const struct nft_element *nft_set_find(const struct nft_set *set, const uint8_t *key,
                                       uint64_t *steps);
