#include "collectors/firewall/nft_evaluate.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "platform/cleanup.h"
#include "tests/support/nft_builder.h"
#include "tests/support/test.h"

#define PLENTY 100000U

static const struct nft_probe probe = {
    .family = NFPROTO_IPV4,
    .protocol = IPPROTO_TCP,
    .port = 22,
    .source = {192, 0, 2, 9},
    .destination = {192, 0, 2, 10},
    .interface_name = "eth0",
    .interface_index = 2,
};

/* Parses and follows; fails the test when the dump itself is refused. */
static int follow(const struct text *dump, uint64_t steps, struct nft_work *work,
                  struct nft_answer *answer)
{
    AUTO(nft_ruleset_clear) struct nft_ruleset ruleset;
    struct error err = {0};

    work->steps_left = steps;
    if (nft_ruleset_parse(dump->bytes, dump->length, &ruleset, &err) < 0)
        fail_msg("%s", err.message);
    return nft_evaluate(&ruleset, &probe, work, answer, NULL);
}

static void assert_inbound(const struct text *dump, enum inbound expected)
{
    struct nft_work work = {0};
    struct nft_answer answer;

    assert_int_equal(follow(dump, PLENTY, &work, &answer), 0);
    assert_int_equal(answer.inbound, expected);
    text_list_clear(&work.unhandled);
}

static void input_chain(struct text *dump, uint32_t policy)
{
    nft_build_table(dump, 0);
    nft_build_base_chain(dump, "input", NF_INET_LOCAL_IN, 0, policy);
}

/* One rule of one expression without content, and a verdict. */
static void rule(struct text *dump, const char *expression, int32_t verdict)
{
    struct nft_open_rule open = nft_open_rule(dump, "input");

    if (expression != NULL)
        nft_build_plain(dump, expression);
    nft_build_verdict(dump, verdict, NULL);
    nft_close_rule(dump, open);
}

static void match_rule(struct text *dump, const char *match, int32_t verdict)
{
    struct nft_open_rule open = nft_open_rule(dump, "input");

    nft_build_xtables_match(dump, match);
    nft_build_verdict(dump, verdict, NULL);
    nft_close_rule(dump, open);
}

TEST(a_match_that_is_not_understood_before_an_accept_is_conditional)
{
    AUTO(text_clear) struct text dump = {0};
    struct nft_work work = {0};
    struct nft_answer answer;

    input_chain(&dump, NF_DROP);
    match_rule(&dump, "weather", NF_ACCEPT);
    match_rule(&dump, "moon\nphase", NF_ACCEPT);
    assert_int_equal(follow(&dump, PLENTY, &work, &answer), 0);
    assert_int_equal(answer.inbound, INBOUND_CONDITIONAL);
    assert_int_equal(work.unhandled.count, 2);
    assert_string_equal(work.unhandled.items[0], "match:weather");
    assert_string_equal(work.unhandled.items[1], "match:?");
    text_list_clear(&work.unhandled);
}

TEST(a_match_that_is_not_understood_before_a_drop_never_makes_it_a_drop)
{
    AUTO(text_clear) struct text dump = {0};

    input_chain(&dump, NF_ACCEPT);
    match_rule(&dump, "weather", NF_DROP);
    assert_inbound(&dump, INBOUND_CONDITIONAL);
}

TEST(a_drop_on_every_way_is_a_drop_whatever_is_not_understood)
{
    AUTO(text_clear) struct text dump = {0};

    input_chain(&dump, NF_DROP);
    match_rule(&dump, "weather", NF_DROP);
    assert_inbound(&dump, INBOUND_DROP);
}

TEST(an_expression_that_is_not_understood_may_be_any_verdict)
{
    AUTO(text_clear) struct text dump = {0};

    input_chain(&dump, NF_DROP);
    rule(&dump, "quantum", NF_DROP);
    assert_inbound(&dump, INBOUND_CONDITIONAL);
}

TEST(a_rate_limit_leaves_it_open)
{
    AUTO(text_clear) struct text dump = {0};

    input_chain(&dump, NF_DROP);
    rule(&dump, "limit", NF_ACCEPT);
    assert_inbound(&dump, INBOUND_CONDITIONAL);
}

TEST(a_queue_leaves_it_to_a_program)
{
    AUTO(text_clear) struct text dump = {0};

    input_chain(&dump, NF_DROP);
    rule(&dump, "queue", NF_DROP);
    assert_inbound(&dump, INBOUND_CONDITIONAL);
}

TEST(an_accept_does_not_save_from_a_later_chain)
{
    AUTO(text_clear) struct text dump = {0};

    input_chain(&dump, NF_ACCEPT);
    nft_build_base_chain(&dump, "later", NF_INET_LOCAL_IN, 10, NF_DROP);
    rule(&dump, NULL, NF_ACCEPT);
    assert_inbound(&dump, INBOUND_DROP);
}

TEST(a_chain_on_the_way_out_is_not_met)
{
    AUTO(text_clear) struct text dump = {0};

    nft_build_table(&dump, 0);
    nft_build_base_chain(&dump, "input", NF_INET_LOCAL_OUT, 0, NF_DROP);
    assert_inbound(&dump, INBOUND_ACCEPT);
}

TEST(a_table_that_is_switched_off_filters_nothing)
{
    AUTO(text_clear) struct text dump = {0};

    nft_build_table(&dump, NFT_TABLE_F_DORMANT);
    nft_build_base_chain(&dump, "input", NF_INET_LOCAL_IN, 0, NF_DROP);
    assert_inbound(&dump, INBOUND_ACCEPT);
}

TEST(what_may_be_sent_elsewhere_is_never_a_drop)
{
    AUTO(text_clear) struct text dump = {0};
    struct nft_open_rule open;

    input_chain(&dump, NF_DROP);
    nft_build_base_chain(&dump, "nat", NF_INET_PRE_ROUTING, -100, NF_ACCEPT);
    open = nft_open_rule(&dump, "nat");
    nft_build_port_is(&dump, 22);
    nft_build_plain(&dump, "redir");
    nft_close_rule(&dump, open);
    assert_inbound(&dump, INBOUND_CONDITIONAL);
}

/* input: maybe jump to other; other: accept. */
static void jump_rule(struct text *dump, const char *expression, const char *from, const char *to)
{
    struct nft_open_rule open = nft_open_rule(dump, from);

    if (expression != NULL)
        nft_build_plain(dump, expression);
    nft_build_verdict(dump, NFT_JUMP, to);
    nft_close_rule(dump, open);
}

TEST(a_jump_that_may_happen_may_accept)
{
    AUTO(text_clear) struct text dump = {0};
    struct nft_open_rule open;

    input_chain(&dump, NF_DROP);
    nft_build_chain(&dump, "other");
    jump_rule(&dump, "limit", "input", "other");
    open = nft_open_rule(&dump, "other");
    nft_build_verdict(&dump, NF_ACCEPT, NULL);
    nft_close_rule(&dump, open);
    assert_inbound(&dump, INBOUND_CONDITIONAL);
}

TEST(a_return_goes_on_behind_the_jump)
{
    AUTO(text_clear) struct text dump = {0};
    struct nft_open_rule open;

    input_chain(&dump, NF_ACCEPT);
    nft_build_chain(&dump, "other");
    jump_rule(&dump, NULL, "input", "other");
    rule(&dump, NULL, NF_DROP);
    open = nft_open_rule(&dump, "other");
    nft_build_verdict(&dump, NFT_RETURN, NULL);
    nft_close_rule(&dump, open);
    assert_inbound(&dump, INBOUND_DROP);
}

TEST(refuses_chains_that_call_each_other_in_a_circle)
{
    AUTO(text_clear) struct text dump = {0};
    struct nft_work work = {0};
    struct nft_answer answer;

    input_chain(&dump, NF_DROP);
    nft_build_chain(&dump, "other");
    jump_rule(&dump, NULL, "input", "other");
    jump_rule(&dump, NULL, "other", "other");
    assert_int_equal(follow(&dump, PLENTY, &work, &answer), -EBADMSG);
}

TEST(refuses_a_jump_to_nowhere)
{
    AUTO(text_clear) struct text dump = {0};
    struct nft_work work = {0};
    struct nft_answer answer;

    input_chain(&dump, NF_DROP);
    jump_rule(&dump, NULL, "input", "nowhere");
    assert_int_equal(follow(&dump, PLENTY, &work, &answer), -EBADMSG);
}

TEST(stops_when_the_steps_are_used_up)
{
    AUTO(text_clear) struct text dump = {0};
    struct nft_work work = {0};
    struct nft_answer answer;

    input_chain(&dump, NF_DROP);
    nft_build_chain(&dump, "c0");
    for (int i = 0; i < 12; i++) {
        char from[4] = {'c', (char)('0' + i), 0}, to[4] = {'c', (char)('1' + i), 0};

        nft_build_chain(&dump, to);
        jump_rule(&dump, "limit", from, to);
        jump_rule(&dump, "limit", from, to);
        jump_rule(&dump, "limit", from, to);
    }
    jump_rule(&dump, NULL, "input", "c0");
    assert_int_equal(follow(&dump, PLENTY, &work, &answer), -EFBIG);
}

static void port_set(struct text *dump)
{
    size_t message = nft_open_message(dump, NFT_MSG_NEWSET);

    nft_add_text(dump, NFTA_SET_TABLE, "t");
    nft_add_text(dump, NFTA_SET_NAME, "ports");
    nft_add_number(dump, NFTA_SET_KEY_LEN, 2);
    nft_close_message(dump, message);
}

static void lookup_rule(struct text *dump)
{
    struct nft_open_rule open = nft_open_rule(dump, "input");

    nft_build_port_lookup(dump, "ports");
    nft_build_verdict(dump, NF_ACCEPT, NULL);
    nft_close_rule(dump, open);
}

static void set_content(struct text *dump, const char *port)
{
    size_t message = nft_open_message(dump, NFT_MSG_NEWSETELEM), list, item;

    nft_add_text(dump, NFTA_SET_ELEM_LIST_TABLE, "t");
    nft_add_text(dump, NFTA_SET_ELEM_LIST_SET, "ports");
    list = nft_open_attribute(dump, NFTA_SET_ELEM_LIST_ELEMENTS);
    if (port != NULL) {
        item = nft_open_attribute(dump, NFTA_LIST_ELEM);
        nft_add_value(dump, NFTA_SET_ELEM_KEY, port, 2);
        nft_close_attribute(dump, item);
    }
    nft_close_attribute(dump, list);
    nft_close_message(dump, message);
}

TEST(a_set_answers_by_its_content)
{
    static const struct {
        const char *port; /* NULL: none */
        enum inbound inbound;
    } cases[] = {{"\0\x16", INBOUND_ACCEPT}, {"\0\x17", INBOUND_DROP}, {NULL, INBOUND_DROP}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        AUTO(text_clear) struct text dump = {0};

        input_chain(&dump, NF_DROP);
        port_set(&dump);
        lookup_rule(&dump);
        set_content(&dump, cases[i].port);
        assert_inbound(&dump, cases[i].inbound);
    }
}

TEST(a_set_of_unknown_content_leaves_it_open)
{
    AUTO(text_clear) struct text dump = {0};

    input_chain(&dump, NF_DROP);
    port_set(&dump);
    lookup_rule(&dump);
    assert_inbound(&dump, INBOUND_CONDITIONAL);
}

TEST(says_when_a_rule_speaks_of_the_port)
{
    for (uint16_t port = 21; port <= 22; port++) {
        AUTO(text_clear) struct text dump = {0};
        struct nft_work work = {0};
        struct nft_answer answer;
        struct nft_open_rule open;

        input_chain(&dump, NF_DROP);
        open = nft_open_rule(&dump, "input");
        nft_build_port_is(&dump, port);
        nft_build_verdict(&dump, NF_ACCEPT, NULL);
        nft_close_rule(&dump, open);
        assert_int_equal(follow(&dump, PLENTY, &work, &answer), 0);
        assert_int_equal(answer.port_named, port == 22);
        assert_false(answer.read_source);
    }
}

/* Eight bytes do not fit into the last register of four. */
TEST(registers_beyond_the_last_are_refused)
{
    static const uint32_t registers[] = {0, 5, 7, NFT_REG32_15, 24, UINT32_MAX};

    for (size_t i = 0; i < sizeof(registers) / sizeof(*registers); i++) {
        AUTO(text_clear) struct text dump = {0};
        struct nft_work work = {0};
        struct nft_answer answer;
        struct nft_open_rule open;
        struct nft_open_expression expression;

        input_chain(&dump, NF_DROP);
        open = nft_open_rule(&dump, "input");
        expression = nft_open_expression(&dump, "cmp");
        nft_add_number(&dump, NFTA_CMP_SREG, registers[i]);
        nft_add_number(&dump, NFTA_CMP_OP, NFT_CMP_EQ);
        nft_add_value(&dump, NFTA_CMP_DATA, "abcdefgh", 8);
        nft_close_expression(&dump, expression);
        nft_close_rule(&dump, open);
        assert_int_equal(follow(&dump, PLENTY, &work, &answer), -EBADMSG);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_match_that_is_not_understood_before_an_accept_is_conditional),
        RUN(a_match_that_is_not_understood_before_a_drop_never_makes_it_a_drop),
        RUN(a_drop_on_every_way_is_a_drop_whatever_is_not_understood),
        RUN(an_expression_that_is_not_understood_may_be_any_verdict),
        RUN(a_rate_limit_leaves_it_open),
        RUN(a_queue_leaves_it_to_a_program),
        RUN(an_accept_does_not_save_from_a_later_chain),
        RUN(a_chain_on_the_way_out_is_not_met),
        RUN(a_table_that_is_switched_off_filters_nothing),
        RUN(what_may_be_sent_elsewhere_is_never_a_drop),
        RUN(a_jump_that_may_happen_may_accept),
        RUN(a_return_goes_on_behind_the_jump),
        RUN(refuses_chains_that_call_each_other_in_a_circle),
        RUN(refuses_a_jump_to_nowhere),
        RUN(stops_when_the_steps_are_used_up),
        RUN(a_set_answers_by_its_content),
        RUN(a_set_of_unknown_content_leaves_it_open),
        RUN(says_when_a_rule_speaks_of_the_port),
        RUN(registers_beyond_the_last_are_refused),
    };

    return RUN_ALL(tests);
}
