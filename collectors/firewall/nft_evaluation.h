#pragma once

#include "collectors/firewall/nft_evaluate.h"

/* An evaluation that is going on: shared by the files that know the expressions. */

enum nft_match { NFT_MATCH_NO, NFT_MATCH_YES, NFT_MATCH_MAYBE };

/* How a rule or chain may end: any subset. */
enum nft_outcome {
    NFT_OUTCOME_ACCEPT = 1, /* this base chain accepts */
    NFT_OUTCOME_DROP = 2,   /* the packet ends here */
    NFT_OUTCOME_LEAVE = 4,  /* back to the chain that called this one, or to the policy */
    NFT_OUTCOME_NEXT = 8,   /* on with the next rule */
};

#define NFT_REGISTER_BYTES 64U

struct nft_register_file {
    uint8_t bytes[NFT_REGISTER_BYTES];
    uint64_t known; /* one bit per byte */
    uint64_t port;  /* bytes that came from the destination port */
};

enum nft_tracking { NFT_TRACKING_BEFORE, NFT_TRACKED, NFT_UNTRACKED, NFT_TRACKING_UNKNOWN };

struct nft_evaluation {
    const struct nft_ruleset *ruleset;
    const struct nft_probe *probe;
    struct nft_work *work;
    struct nft_answer *answer;
    const struct nft_chain *chain; /* whose rule is being evaluated */
    struct nft_register_file registers;
    unsigned outcomes; /* how the current rule may end; 0: no verdict yet */
    unsigned depth;
    /* No packet left this base chain before here, so what a rule changes is changed for all. */
    bool certain;
    /* What rules may change about the packet. */
    bool mark_known;
    uint32_t mark;
    bool connection_mark_known;
    bool packet_type_known;
    enum nft_tracking tracking;
    bool redirected; /* it may have become another packet: other rules, other port */
    int failed;      /* negative errno value */
};

#define NFT_ATTRIBUTES 16U
/* Evaluates one expression, given its attributes by type. */
typedef enum nft_match nft_function(struct nft_evaluation *evaluation,
                                    const struct netlink_attribute attributes[NFT_ATTRIBUTES]);

/* The function for an expression of that name, or NULL. */
nft_function *nft_expression_function(const char *name);
/* Sets and maps. */
nft_function nft_lookup;

/* Follows a verdict, into other chains where it jumps, and adds to the outcomes of the rule. */
void nft_follow_verdict(struct nft_evaluation *evaluation, const struct nft_verdict *verdict);

/* Something that is not understood: remembered by name, and answered as maybe. */
enum nft_match nft_unhandled(struct nft_evaluation *evaluation, const char *kind, const char *name);

/* Takes from the steps that are left; false when they are used up. */
bool nft_spend(struct nft_evaluation *evaluation, uint64_t steps);

/* Changes that rules make to the packet. */
void nft_change_mark(struct nft_evaluation *evaluation, bool known, uint32_t mark);
void nft_stop_tracking(struct nft_evaluation *evaluation);

/* ---- Registers. A register number of a rule becomes a byte offset; false when there is none. */
bool nft_register(const struct netlink_attribute *attribute, size_t length, size_t *ret_offset);
/* The register that an expression writes to, of any length. */
enum nft_match nft_load(struct nft_evaluation *evaluation, const struct netlink_attribute *target,
                        const void *bytes, size_t length);
enum nft_match nft_load_unknown(struct nft_evaluation *evaluation,
                                const struct netlink_attribute *target, size_t length);
/* One bit for each of length bytes from offset. */
uint64_t nft_byte_mask(size_t offset, size_t length);
