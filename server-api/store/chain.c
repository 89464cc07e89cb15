#include "server-api/store/chain.h"

#include <string.h>

const char *chain_flag_name(enum chain_flag flag)
{
    switch (flag) {
    case CHAIN_GAP:
        return "gap";
    case CHAIN_LATE:
        return "late";
    case CHAIN_RESET:
        return "reset";
    case CHAIN_ROLLBACK:
        return "rollback";
    case CHAIN_CLOCK:
        return "clock";
    case CHAIN_FORK:
        return "fork";
    case CHAIN_NO_BASE:
        return "no_base";
    }
    return "";
}

static bool same_digest(const struct digest *left, const struct digest *right)
{
    return memcmp(left->bytes, right->bytes, DIGEST_SIZE) == 0;
}

static bool follows(const struct snapshot_head *head, const struct digest *before)
{
    return head->has_prev && same_digest(&head->prev, before);
}

static unsigned flags_of_circumstances(const struct chain_known *known,
                                       const struct snapshot_head *head, int64_t received_at)
{
    unsigned flags = 0;

    if (head->wall_time > received_at + CHAIN_CLOCK_TOLERANCE ||
        head->wall_time < received_at - CHAIN_CLOCK_TOLERANCE)
        flags |= CHAIN_CLOCK;
    /* No nonce where one came back before is as old as it gets. A nonce that we do not know was
     * issued before our own database was put back. */
    if ((known->nonce.arrival > 0 || head->nonce[0] == '\0') &&
        known->nonce.arrival < known->echoed.arrival)
        flags |= CHAIN_ROLLBACK;
    return flags;
}

/* A place that the chain has passed, or in an epoch that ended: it must fit what is beside it. */
static void decide_late(const struct chain_known *known, const struct snapshot_head *head,
                        const struct digest *hash, struct chain_decision *decision)
{
    /* An epoch that goes on with what we said after it ended: two copies of one machine. */
    bool lives_on =
        strcmp(known->epoch, head->epoch) != 0 && known->nonce.arrival >= known->epoch_arrival;

    if (lives_on || (known->has_before && !follows(head, &known->before)) ||
        (known->has_after && !same_digest(&known->after_prev, hash))) {
        decision->action = CHAIN_SPLIT;
        return;
    }
    decision->flags |= CHAIN_LATE;
}

static void decide_next(const struct chain_known *known, const struct snapshot_head *head,
                        struct chain_decision *decision)
{
    decision->newest = true;
    if (head->seq > known->seq + 1)
        decision->flags |= CHAIN_GAP;
    else if (!follows(head, &known->hash))
        decision->action = CHAIN_SPLIT;
}

void chain_decide(const struct chain_known *known, const struct snapshot_head *head,
                  const struct digest *hash, int64_t received_at, struct chain_decision *ret)
{
    struct chain_decision decision = {.action = CHAIN_ACCEPT};
    bool same_epoch = known->started && strcmp(known->epoch, head->epoch) == 0;

    decision.flags = flags_of_circumstances(known, head, received_at);
    if (known->has_same) {
        decision.action = same_digest(&known->same, hash) ? CHAIN_DUPLICATE : CHAIN_SPLIT;
    } else if (same_epoch && head->seq > known->seq) {
        decide_next(known, head, &decision);
    } else if (same_epoch || known->knows_epoch) {
        decide_late(known, head, hash, &decision);
    } else {
        decision.newest = true;
        decision.flags |= (known->started ? CHAIN_RESET : 0U) | (head->seq > 1 ? CHAIN_GAP : 0U);
    }
    if (decision.action == CHAIN_SPLIT) {
        decision.newest = false;
        decision.flags |= CHAIN_FORK;
    }
    *ret = decision;
}

int64_t chain_made_at(const struct snapshot_head *head, const struct nonce_mark *nonce,
                      int64_t joined_at, int64_t received_at)
{
    int64_t earliest = nonce->arrival > 0 ? nonce->issued_at : joined_at;

    if (earliest > received_at)
        earliest = received_at; /* our own clock was put back */
    if (head->wall_time < earliest || head->wall_time > received_at + CHAIN_CLOCK_TOLERANCE)
        return earliest;
    return head->wall_time < received_at ? head->wall_time : received_at;
}
