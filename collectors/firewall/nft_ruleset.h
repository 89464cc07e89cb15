#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"
#include "platform/netlink.h"

/*
 * The packet filter as the kernel described it: what a dump of nf_tables says, parsed. Everything
 * points into the bytes of the dump, which must live as long.
 *
 * The dump is a run of netlink messages in host byte order: tables, chains, rules, sets, and set
 * elements. Other messages are passed over. A set that no element message names is one whose
 * content is not known.
 */
#define NFT_RULES_MAX    50000U
#define NFT_CHAINS_MAX   20000U
#define NFT_SETS_MAX     20000U
#define NFT_ELEMENTS_MAX 400000U
#define NFT_FIELDS_MAX   16U
#define NFT_KEY_MAX      64U

/* Tables, chains and sets are named by family (NFPROTO_...), table and their own name. */
struct nft_name {
    uint8_t family;
    const char *table;
    const char *name; /* "" for a table itself */
};

struct nft_rule {
    struct netlink_attribute expressions;
    size_t chain;
};

struct nft_chain {
    struct nft_name name;
    bool base; /* called by the kernel itself, at a hook */
    uint32_t hook;
    int32_t priority;
    bool drops_by_policy;
    struct netlink_attribute hook_attribute; /* of a base chain; names its devices */
    size_t first_rule;
    size_t rule_count;
};

/* One element; key and key_end have the key size of the set. */
struct nft_element {
    const uint8_t *key;     /* NULL for the element that catches all */
    const uint8_t *key_end; /* the other end of a range, or NULL */
    struct netlink_attribute data;
    bool interval_end; /* an interval ends before this key */
    bool conditional;  /* it counts or limits before it matches */
};

struct nft_set {
    struct nft_name name;
    uint32_t flags;
    uint32_t key_size;
    uint32_t field_sizes[NFT_FIELDS_MAX]; /* of a concatenated key, in bytes */
    size_t field_count;
    bool content_known;
    bool has_ranges; /* elements carry both ends */
    struct nft_element *elements;
    size_t element_count;
    size_t element_capacity;
    const struct nft_element *catch_all;
};

struct nft_ruleset {
    size_t table_count;
    struct nft_name *dormant; /* tables that are switched off */
    size_t dormant_count;
    struct nft_chain *chains; /* sorted by name */
    size_t chain_count;
    struct nft_rule *rules; /* those of one chain together, in their order */
    size_t rule_count;
    struct nft_set *sets; /* sorted by name */
    size_t set_count;
    const struct nft_chain **inbound; /* base chains that incoming packets meet, in their order */
    size_t inbound_count;
};

/*
 * Fails with -EBADMSG when it is no dump, -EFBIG above the limits. The caller clears the ruleset,
 * also after a failure.
 */
int nft_ruleset_parse(const void *bytes, size_t length, struct nft_ruleset *ret_ruleset,
                      struct error *err);
void nft_ruleset_clear(struct nft_ruleset *ruleset);

/* NULL when there is none. */
const struct nft_chain *nft_ruleset_chain(const struct nft_ruleset *ruleset,
                                          const struct nft_name *name);
const struct nft_set *nft_ruleset_set(const struct nft_ruleset *ruleset,
                                      const struct nft_name *name);

/* True when some rule may send packets for this machine to somewhere else (DNAT and its kin). */
bool nft_ruleset_redirects(const struct nft_ruleset *ruleset);

/* One expression of a rule: its kind, and what describes it. */
struct nft_expression {
    const char *name;
    struct netlink_attribute data;
};

/* The next expression of a rule; false at the end or, with walk->broken, at something else. */
bool nft_next_expression(struct netlink_walk *walk, struct nft_expression *ret_expression);

/* The value of a data attribute (NFTA_DATA_VALUE); bytes is NULL when there is none. */
struct netlink_attribute nft_data_value(const struct netlink_attribute *data);

struct nft_verdict {
    int32_t code; /* NF_ACCEPT, NFT_JUMP, ... */
    const char *chain;
};
/* The verdict of a data attribute; false when there is none. */
bool nft_data_verdict(const struct netlink_attribute *data, struct nft_verdict *ret_verdict);
