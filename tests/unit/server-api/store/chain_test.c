#include "server-api/store/chain.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/test.h"

#define NOW 1795000000

#define HOME_EPOCH  "00000000000000000000000000000001"
#define OTHER_EPOCH "00000000000000000000000000000002"

static struct digest digest_named(const char *name)
{
    struct digest digest;

    digest_of(name, strlen(name), &digest);
    return digest;
}

/* A chain that stands at seq 5 of HOME_EPOCH, whose newest echoed nonce is the answer to 4. */
static struct chain_known known_to_five(void)
{
    struct chain_known known = {
        .started = true,
        .epoch = HOME_EPOCH,
        .seq = 5,
        .hash = digest_named("five"),
        .epoch_arrival = 1,
        .echoed = {.arrival = 4, .issued_at = NOW - 7200},
        .nonce = {.arrival = 5, .issued_at = NOW - 3600},
    };

    return known;
}

static struct snapshot_head head_at(const char *epoch, uint64_t seq, const char *prev)
{
    struct snapshot_head head = {.seq = seq, .wall_time = NOW, .nonce = "n"};

    (void)snprintf(head.epoch, sizeof(head.epoch), "%s", epoch);
    head.has_prev = prev != NULL;
    if (prev != NULL)
        head.prev = digest_named(prev);
    return head;
}

static struct chain_decision decide(const struct chain_known *known,
                                    const struct snapshot_head *head, const char *name)
{
    struct digest hash = digest_named(name);
    struct chain_decision decision;

    chain_decide(known, head, &hash, NOW, &decision);
    return decision;
}

static void assert_decision(struct chain_decision decision, enum chain_action action, bool newest,
                            unsigned flags)
{
    assert_int_equal(decision.action, action);
    assert_int_equal(decision.newest, newest);
    assert_int_equal(decision.flags, flags);
}

TEST(accepts_the_first_snapshot_of_a_machine)
{
    struct chain_known known = {0};
    struct snapshot_head head = head_at(HOME_EPOCH, 1, NULL);

    head.nonce[0] = '\0';
    assert_decision(decide(&known, &head, "one"), CHAIN_ACCEPT, true, 0);
}

TEST(sees_that_the_first_ones_never_arrived)
{
    struct chain_known known = {0};
    struct snapshot_head head = head_at(HOME_EPOCH, 3, "two");

    assert_decision(decide(&known, &head, "three"), CHAIN_ACCEPT, true, CHAIN_GAP);
}

TEST(accepts_the_next_one_that_names_the_last)
{
    struct chain_known known = known_to_five();
    struct snapshot_head head = head_at(HOME_EPOCH, 6, "five");

    assert_decision(decide(&known, &head, "six"), CHAIN_ACCEPT, true, 0);
}

TEST(the_next_one_that_names_another_is_a_fork)
{
    struct chain_known known = known_to_five();
    struct snapshot_head head = head_at(HOME_EPOCH, 6, "another five");
    struct snapshot_head without = head_at(HOME_EPOCH, 6, NULL);

    assert_decision(decide(&known, &head, "six"), CHAIN_SPLIT, false, CHAIN_FORK);
    assert_decision(decide(&known, &without, "six"), CHAIN_SPLIT, false, CHAIN_FORK);
}

TEST(the_same_place_with_the_same_hash_is_a_duplicate)
{
    struct chain_known known = known_to_five();
    struct snapshot_head head = head_at(HOME_EPOCH, 5, "four");

    known.has_same = true;
    known.same = digest_named("five");
    assert_decision(decide(&known, &head, "five"), CHAIN_DUPLICATE, false, 0);
}

TEST(the_same_place_with_another_hash_is_a_fork)
{
    struct chain_known known = known_to_five();
    struct snapshot_head head = head_at(HOME_EPOCH, 5, "four");

    known.has_same = true;
    known.same = digest_named("five");
    assert_decision(decide(&known, &head, "another five"), CHAIN_SPLIT, false, CHAIN_FORK);
}

TEST(flags_a_gap)
{
    struct chain_known known = known_to_five();
    struct snapshot_head head = head_at(HOME_EPOCH, 7, "six");

    assert_decision(decide(&known, &head, "seven"), CHAIN_ACCEPT, true, CHAIN_GAP);
}

TEST(a_late_one_that_fits_its_neighbours_is_accepted_and_changes_nothing)
{
    struct chain_known known = known_to_five();
    struct snapshot_head head = head_at(HOME_EPOCH, 3, "two");

    assert_decision(decide(&known, &head, "three"), CHAIN_ACCEPT, false, CHAIN_LATE);
    known.has_before = true;
    known.before = digest_named("two");
    known.has_after = true;
    known.after_prev = digest_named("three");
    assert_decision(decide(&known, &head, "three"), CHAIN_ACCEPT, false, CHAIN_LATE);
}

TEST(a_late_one_that_contradicts_the_one_before_is_a_fork)
{
    struct chain_known known = known_to_five();
    struct snapshot_head head = head_at(HOME_EPOCH, 3, "two");

    known.has_before = true;
    known.before = digest_named("another two");
    assert_decision(decide(&known, &head, "three"), CHAIN_SPLIT, false, CHAIN_FORK);
}

TEST(a_late_one_that_contradicts_the_one_after_is_a_fork)
{
    struct chain_known known = known_to_five();
    struct snapshot_head head = head_at(HOME_EPOCH, 3, "two");

    known.has_after = true;
    known.after_prev = digest_named("another three");
    assert_decision(decide(&known, &head, "three"), CHAIN_SPLIT, false, CHAIN_FORK);
}

TEST(a_new_epoch_is_accepted_and_flagged)
{
    struct chain_known known = known_to_five();
    struct snapshot_head first = head_at(OTHER_EPOCH, 1, NULL);
    struct snapshot_head third = head_at(OTHER_EPOCH, 3, "two");

    assert_decision(decide(&known, &first, "one"), CHAIN_ACCEPT, true, CHAIN_RESET);
    assert_decision(decide(&known, &third, "three"), CHAIN_ACCEPT, true, CHAIN_RESET | CHAIN_GAP);
}

TEST(what_waited_in_an_epoch_that_ended_is_late)
{
    struct chain_known known = known_to_five();
    struct snapshot_head head = head_at(OTHER_EPOCH, 9, "eight");

    known.knows_epoch = true;
    known.epoch_arrival = 4;
    known.nonce.arrival = 3;
    known.echoed.arrival = 3;
    assert_decision(decide(&known, &head, "nine"), CHAIN_ACCEPT, false, CHAIN_LATE);
}

TEST(an_epoch_that_goes_on_after_it_ended_is_a_second_copy_of_the_machine)
{
    struct chain_known known = known_to_five();
    struct snapshot_head head = head_at(OTHER_EPOCH, 9, "eight");

    known.knows_epoch = true;
    known.epoch_arrival = 4;
    assert_decision(decide(&known, &head, "nine"), CHAIN_SPLIT, false, CHAIN_FORK);
}

TEST(flags_a_nonce_older_than_one_that_came_back)
{
    struct chain_known known = known_to_five();
    struct snapshot_head head = head_at(HOME_EPOCH, 6, "five");

    known.nonce.arrival = 3;
    assert_decision(decide(&known, &head, "six"), CHAIN_ACCEPT, true, CHAIN_ROLLBACK);
    known.nonce.arrival = 4;
    assert_decision(decide(&known, &head, "six"), CHAIN_ACCEPT, true, 0);
}

TEST(flags_a_missing_nonce_where_one_came_back_but_not_one_that_we_forgot)
{
    struct chain_known known = known_to_five();
    struct snapshot_head head = head_at(HOME_EPOCH, 6, "five");

    known.nonce.arrival = 0;
    assert_decision(decide(&known, &head, "six"), CHAIN_ACCEPT, true, 0);
    head.nonce[0] = '\0';
    assert_decision(decide(&known, &head, "six"), CHAIN_ACCEPT, true, CHAIN_ROLLBACK);
}

TEST(never_refuses_for_the_clock)
{
    struct chain_known known = known_to_five();
    struct snapshot_head head = head_at(HOME_EPOCH, 6, "five");

    head.wall_time = NOW - 600;
    assert_decision(decide(&known, &head, "six"), CHAIN_ACCEPT, true, 0);
    head.wall_time = NOW + 601;
    assert_decision(decide(&known, &head, "six"), CHAIN_ACCEPT, true, CHAIN_CLOCK);
    head.wall_time = 0;
    assert_decision(decide(&known, &head, "six"), CHAIN_ACCEPT, true, CHAIN_CLOCK);
}

static int64_t made_at(int64_t wall_time, int64_t arrival)
{
    struct nonce_mark nonce = {.arrival = arrival, .issued_at = NOW - 3600};
    struct snapshot_head head = {.wall_time = wall_time};

    return chain_made_at(&head, &nonce, NOW - 86400, NOW);
}

TEST(facts_are_as_old_as_the_clock_says_where_that_can_be)
{
    assert_int_equal(made_at(NOW - 60, 7), NOW - 60);
    assert_int_equal(made_at(NOW + 60, 7), NOW); /* nobody sees the future */
    assert_int_equal(made_at(NOW - 7200, 0), NOW - 7200);
}

TEST(facts_are_no_younger_than_a_wrong_clock_can_prove)
{
    assert_int_equal(made_at(NOW + 86400, 7), NOW - 3600);
    assert_int_equal(made_at(0, 7), NOW - 3600);
    assert_int_equal(made_at(NOW + 86400, 0), NOW - 86400);
}

TEST(every_flag_has_a_name)
{
    for (unsigned i = 0; i < CHAIN_FLAG_COUNT; i++)
        assert_true(strlen(chain_flag_name((enum chain_flag)(1U << i))) > 0);
    assert_string_equal(chain_flag_name((enum chain_flag)(1U << CHAIN_FLAG_COUNT)), "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(accepts_the_first_snapshot_of_a_machine),
        RUN(sees_that_the_first_ones_never_arrived),
        RUN(accepts_the_next_one_that_names_the_last),
        RUN(the_next_one_that_names_another_is_a_fork),
        RUN(the_same_place_with_the_same_hash_is_a_duplicate),
        RUN(the_same_place_with_another_hash_is_a_fork),
        RUN(flags_a_gap),
        RUN(a_late_one_that_fits_its_neighbours_is_accepted_and_changes_nothing),
        RUN(a_late_one_that_contradicts_the_one_before_is_a_fork),
        RUN(a_late_one_that_contradicts_the_one_after_is_a_fork),
        RUN(a_new_epoch_is_accepted_and_flagged),
        RUN(what_waited_in_an_epoch_that_ended_is_late),
        RUN(an_epoch_that_goes_on_after_it_ended_is_a_second_copy_of_the_machine),
        RUN(flags_a_nonce_older_than_one_that_came_back),
        RUN(flags_a_missing_nonce_where_one_came_back_but_not_one_that_we_forgot),
        RUN(never_refuses_for_the_clock),
        RUN(facts_are_as_old_as_the_clock_says_where_that_can_be),
        RUN(facts_are_no_younger_than_a_wrong_clock_can_prove),
        RUN(every_flag_has_a_name),
    };

    return RUN_ALL(tests);
}
