#include "collectors/firewall/nft_evaluate.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "collectors/firewall/nft_evaluation.h"
#include "platform/text.h"

#define JUMPS_MAX          16U /* NFT_JUMP_STACK_SIZE of the kernel */
#define PRIORITY_CONNTRACK (-200)
#define UNHANDLED_MAX      32U
#define UNHANDLED_NAME_MAX 48U

bool nft_spend(struct nft_evaluation *evaluation, uint64_t steps)
{
    if (evaluation->work->steps_left < steps) {
        evaluation->failed = -EFBIG;
        return false;
    }
    evaluation->work->steps_left -= steps;
    return true;
}

static bool is_plain(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] ==
           '\0';
}

enum nft_match nft_unhandled(struct nft_evaluation *evaluation, const char *kind, const char *name)
{
    struct text_list *list = &evaluation->work->unhandled;
    char words[UNHANDLED_NAME_MAX];
    struct text text = {0};

    text_add_format(&text, "%s:%s", kind, is_plain(name) ? name : "?");
    text_truncate(&text, sizeof(words) - 1);
    if (list->count < UNHANDLED_MAX && !text_list_contains(list, text.bytes, text.length))
        text_list_add(list, text.bytes, text.length);
    text_clear(&text);
    return NFT_MATCH_MAYBE;
}

void nft_change_mark(struct nft_evaluation *evaluation, bool known, uint32_t mark)
{
    evaluation->mark_known = known && evaluation->certain;
    evaluation->mark = mark;
}

void nft_stop_tracking(struct nft_evaluation *evaluation)
{
    evaluation->tracking = evaluation->certain ? NFT_UNTRACKED : NFT_TRACKING_UNKNOWN;
}

static enum nft_match evaluate_expression(struct nft_evaluation *evaluation,
                                          const struct nft_expression *expression)
{
    struct netlink_attribute attributes[NFT_ATTRIBUTES];
    nft_function *function = nft_expression_function(expression->name);

    if (!nft_spend(evaluation, 1))
        return NFT_MATCH_NO;
    if (function == NULL) {
        /* It may be a verdict of a kind that we do not know. */
        evaluation->outcomes |= NFT_OUTCOME_ACCEPT | NFT_OUTCOME_DROP | NFT_OUTCOME_NEXT;
        return nft_unhandled(evaluation, "expression", expression->name);
    }
    if (!netlink_attributes(expression->data.bytes, expression->data.length, attributes,
                            NFT_ATTRIBUTES)) {
        evaluation->failed = -EBADMSG;
        return NFT_MATCH_NO;
    }
    return function(evaluation, attributes);
}

static unsigned evaluate_rule(struct nft_evaluation *evaluation, const struct nft_rule *rule)
{
    struct netlink_walk walk = netlink_walk_into(&rule->expressions);
    struct nft_expression expression;
    enum nft_match rule_matches = NFT_MATCH_YES;

    evaluation->registers.known = 0;
    evaluation->registers.port = 0;
    evaluation->outcomes = 0;
    while (evaluation->outcomes == 0 && evaluation->failed == 0 &&
           nft_next_expression(&walk, &expression)) {
        enum nft_match match = evaluate_expression(evaluation, &expression);

        if (match == NFT_MATCH_NO)
            return NFT_OUTCOME_NEXT;
        if (match == NFT_MATCH_MAYBE) {
            rule_matches = NFT_MATCH_MAYBE;
            evaluation->certain = false;
        }
    }
    if (walk.broken)
        evaluation->failed = -EBADMSG;
    if (evaluation->outcomes == 0)
        return NFT_OUTCOME_NEXT;
    return rule_matches == NFT_MATCH_YES ? evaluation->outcomes
                                         : evaluation->outcomes | NFT_OUTCOME_NEXT;
}

/* How a chain may end: accept, drop, leave. */
static unsigned evaluate_chain(struct nft_evaluation *evaluation,
                               const struct nft_chain *chain) /* NOLINT(misc-no-recursion) */
{
    const struct nft_chain *caller = evaluation->chain;
    unsigned outcomes = 0, rule = NFT_OUTCOME_NEXT;

    for (size_t i = 0; i < chain->rule_count && (rule & NFT_OUTCOME_NEXT) != 0; i++) {
        bool certain = evaluation->certain;

        evaluation->chain = chain;
        rule = evaluate_rule(evaluation, &evaluation->ruleset->rules[chain->first_rule + i]);
        if (evaluation->failed != 0)
            break;
        outcomes |= rule & ~(unsigned)NFT_OUTCOME_NEXT;
        /* When every packet goes on, what was maybe inside the rule is over. */
        evaluation->certain = certain && rule == NFT_OUTCOME_NEXT;
    }
    evaluation->chain = caller;
    return (rule & NFT_OUTCOME_NEXT) != 0 ? outcomes | NFT_OUTCOME_LEAVE : outcomes;
}

static unsigned evaluate_jump(struct nft_evaluation *evaluation, const struct nft_verdict *verdict)
{
    struct nft_name name = evaluation->chain->name;
    const struct nft_chain *chain;
    unsigned outcomes;

    name.name = verdict->chain == NULL ? "" : verdict->chain;
    chain = nft_ruleset_chain(evaluation->ruleset, &name);
    if (chain == NULL || evaluation->depth == JUMPS_MAX) {
        evaluation->failed = -EBADMSG;
        return NFT_OUTCOME_NEXT;
    }
    evaluation->depth++;
    outcomes = evaluate_chain(evaluation, chain);
    evaluation->depth--;
    if (verdict->code == NFT_GOTO || (outcomes & NFT_OUTCOME_LEAVE) == 0)
        return outcomes;
    return (outcomes & ~(unsigned)NFT_OUTCOME_LEAVE) | NFT_OUTCOME_NEXT;
}

static unsigned outcomes_of(struct nft_evaluation *evaluation, const struct nft_verdict *verdict)
{
    switch (verdict->code) {
    case NFT_CONTINUE:
        return 0;
    case NFT_BREAK:
        return NFT_OUTCOME_NEXT;
    case NFT_RETURN:
        return NFT_OUTCOME_LEAVE;
    case NFT_JUMP:
    case NFT_GOTO:
        return evaluate_jump(evaluation, verdict);
    case NF_DROP:
        return NFT_OUTCOME_DROP;
    case NF_ACCEPT:
        return NFT_OUTCOME_ACCEPT;
    default: /* a queue to a program, or something new */
        return NFT_OUTCOME_ACCEPT | NFT_OUTCOME_DROP;
    }
}

void nft_follow_verdict(struct nft_evaluation *evaluation, const struct nft_verdict *verdict)
{
    unsigned outcomes = evaluation->outcomes;

    outcomes |= outcomes_of(evaluation, verdict);
    evaluation->outcomes = outcomes; /* following a jump used it for the rules there */
}

static bool same_device(const char *name, const struct netlink_attribute *device)
{
    const char *text = netlink_text(device);

    /* One without its NUL is a beginning that stands for all with it. */
    if (text == NULL)
        return device->length < IFNAMSIZ && memcmp(name, device->bytes, device->length) == 0;
    return strcmp(name, text) == 0;
}

/* Whether a chain at the ingress hook is one of this interface. */
static bool is_on_device(const struct nft_chain *chain, const char *interface)
{
    struct netlink_attribute inner[NFTA_HOOK_MAX + 1], device;
    struct netlink_walk walk;

    if (!netlink_attributes(chain->hook_attribute.bytes, chain->hook_attribute.length, inner,
                            NFTA_HOOK_MAX + 1))
        return false;
    if (inner[NFTA_HOOK_DEV].bytes != NULL && same_device(interface, &inner[NFTA_HOOK_DEV]))
        return true;
    walk = netlink_walk_into(&inner[NFTA_HOOK_DEVS]);
    while (netlink_next_attribute(&walk, &device))
        if (same_device(interface, &device))
            return true;
    return false;
}

static bool is_ingress(const struct nft_chain *chain)
{
    return chain->name.family == NFPROTO_NETDEV ||
           (chain->name.family == NFPROTO_INET && chain->hook == NF_INET_INGRESS);
}

static bool meets(const struct nft_chain *chain, const struct nft_probe *probe)
{
    if (is_ingress(chain))
        return is_on_device(chain, probe->interface_name);
    return chain->name.family == NFPROTO_INET || chain->name.family == probe->family;
}

/* Connection tracking starts at a priority of its own in prerouting. */
static void update_tracking(struct nft_evaluation *evaluation, const struct nft_chain *chain)
{
    bool before = is_ingress(chain) ||
                  (chain->hook == NF_INET_PRE_ROUTING && chain->priority < PRIORITY_CONNTRACK);

    if (evaluation->tracking != NFT_TRACKING_BEFORE || before)
        return;
    evaluation->tracking =
        chain->hook == NF_INET_PRE_ROUTING && chain->priority == PRIORITY_CONNTRACK
            ? NFT_TRACKING_UNKNOWN
            : NFT_TRACKED;
}

static unsigned evaluate_base_chain(struct nft_evaluation *evaluation,
                                    const struct nft_chain *chain)
{
    unsigned outcomes;

    update_tracking(evaluation, chain);
    evaluation->certain = true;
    evaluation->depth = 0;
    outcomes = evaluate_chain(evaluation, chain);
    if ((outcomes & NFT_OUTCOME_LEAVE) != 0) {
        outcomes &= ~(unsigned)NFT_OUTCOME_LEAVE;
        outcomes |= chain->drops_by_policy ? NFT_OUTCOME_DROP : NFT_OUTCOME_ACCEPT;
    }
    return outcomes;
}

static enum inbound evaluate_path(struct nft_evaluation *evaluation)
{
    const struct nft_ruleset *ruleset = evaluation->ruleset;
    bool accepted_by_all = true;

    for (size_t i = 0; i < ruleset->inbound_count && evaluation->failed == 0; i++) {
        unsigned outcomes;

        if (!meets(ruleset->inbound[i], evaluation->probe))
            continue;
        outcomes = evaluate_base_chain(evaluation, ruleset->inbound[i]);
        /* A packet that may have been sent elsewhere may never have come here. */
        if (outcomes == NFT_OUTCOME_DROP && !evaluation->redirected)
            return INBOUND_DROP;
        accepted_by_all = accepted_by_all && outcomes == NFT_OUTCOME_ACCEPT;
    }
    return accepted_by_all && !evaluation->redirected ? INBOUND_ACCEPT : INBOUND_CONDITIONAL;
}

int nft_evaluate(const struct nft_ruleset *ruleset, const struct nft_probe *probe,
                 struct nft_work *work, struct nft_answer *ret_answer, struct error *err)
{
    struct nft_evaluation evaluation = {
        .ruleset = ruleset,
        .probe = probe,
        .work = work,
        .answer = ret_answer,
        .mark_known = true,
        .connection_mark_known = true,
        .packet_type_known = true,
    };

    *ret_answer = (struct nft_answer){0};
    ret_answer->inbound = evaluate_path(&evaluation);
    if (evaluation.failed == -EFBIG)
        return error_set(err, EFBIG, "the ruleset takes too many steps to follow");
    if (evaluation.failed < 0)
        return error_set(err, -evaluation.failed, "a rule is not what it should be");
    return 0;
}
