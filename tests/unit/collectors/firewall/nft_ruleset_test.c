#include "collectors/firewall/nft_ruleset.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "collectors/firewall/nft_set.h"
#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "tests/support/nft_builder.h"
#include "tests/support/test.h"

static int parse(const struct text *dump, struct error *err)
{
    AUTO(nft_ruleset_clear) struct nft_ruleset ruleset;

    return nft_ruleset_parse(dump->bytes, dump->length, &ruleset, err);
}

static void assert_refused(const struct text *dump, const char *words)
{
    struct error err = {0};

    assert_int_equal(parse(dump, &err), -EBADMSG);
    assert_string_equal(err.message, words);
}

TEST(refuses_a_rule_in_a_chain_that_is_not_there)
{
    AUTO(text_clear) struct text dump = {0};

    nft_close_rule(&dump, nft_open_rule(&dump, "nowhere"));
    assert_refused(&dump, "a rule is in a chain that is not there");
}

TEST(refuses_the_same_chain_twice)
{
    AUTO(text_clear) struct text dump = {0};

    nft_build_chain(&dump, "same");
    nft_build_chain(&dump, "same");
    assert_refused(&dump, "the ruleset has a chain twice");
}

TEST(refuses_what_has_no_name)
{
    AUTO(text_clear) struct text dump = {0};

    nft_close_message(&dump, nft_open_message(&dump, NFT_MSG_NEWCHAIN));
    assert_refused(&dump, "a part of the ruleset has no name");
}

TEST(refuses_a_hook_without_a_priority)
{
    AUTO(text_clear) struct text dump = {0};
    size_t message = nft_open_message(&dump, NFT_MSG_NEWCHAIN);

    nft_add_text(&dump, NFTA_CHAIN_TABLE, "t");
    nft_add_text(&dump, NFTA_CHAIN_NAME, "input");
    nft_close_attribute(&dump, nft_open_attribute(&dump, NFTA_CHAIN_HOOK));
    nft_close_message(&dump, message);
    /* Without content the hook is an empty attribute, which has no numbers. */
    assert_refused(&dump, "the hook of chain input is damaged");
}

TEST(refuses_a_cut_at_any_byte_that_is_no_end_of_a_message)
{
    AUTO(sysroot_close) struct sysroot root = {.fd = -1};
    AUTO(text_clear) struct text dump = {0};

    assert_int_equal(sysroot_open(FIXTURES, &root, NULL), 0);
    assert_int_equal(sysroot_read(&root, "/firewall/native-final-reject.nlmsg", 65536, &dump, NULL),
                     0);
    for (size_t length = 0; length < dump.length; length++) {
        AUTO(nft_ruleset_clear) struct nft_ruleset ruleset;
        struct netlink_walk walk = netlink_walk(dump.bytes, length);
        struct netlink_message message;
        int r = nft_ruleset_parse(dump.bytes, length, &ruleset, NULL);

        while (netlink_next_message(&walk, &message))
            continue;
        assert_int_equal(r, walk.broken ? -EBADMSG : 0);
    }
}

/* A set of two-byte keys with the elements of one message. */
static size_t open_set(struct text *dump, uint32_t flags, uint32_t key_size)
{
    size_t message = nft_open_message(dump, NFT_MSG_NEWSET);

    nft_add_text(dump, NFTA_SET_TABLE, "t");
    nft_add_text(dump, NFTA_SET_NAME, "s");
    nft_add_number(dump, NFTA_SET_FLAGS, flags);
    nft_add_number(dump, NFTA_SET_KEY_LEN, key_size);
    return message;
}

struct open_elements {
    size_t message, list;
};

static struct open_elements open_elements(struct text *dump)
{
    struct open_elements open = {.message = nft_open_message(dump, NFT_MSG_NEWSETELEM)};

    nft_add_text(dump, NFTA_SET_ELEM_LIST_TABLE, "t");
    nft_add_text(dump, NFTA_SET_ELEM_LIST_SET, "s");
    open.list = nft_open_attribute(dump, NFTA_SET_ELEM_LIST_ELEMENTS);
    return open;
}

static void close_elements(struct text *dump, struct open_elements open)
{
    nft_close_attribute(dump, open.list);
    nft_close_message(dump, open.message);
}

static void element(struct text *dump, const char *key, size_t size, uint32_t flags)
{
    size_t item = nft_open_attribute(dump, NFTA_LIST_ELEM);

    if (key != NULL)
        nft_add_value(dump, NFTA_SET_ELEM_KEY, key, size);
    nft_add_number(dump, NFTA_SET_ELEM_FLAGS, flags);
    nft_close_attribute(dump, item);
}

static bool contains(const struct nft_set *set, uint16_t number)
{
    const uint8_t key[2] = {(uint8_t)(number >> 8), (uint8_t)number};
    uint64_t steps = 0;

    return nft_set_find(set, key, &steps) != NULL;
}

TEST(intervals_end_where_the_next_may_begin)
{
    AUTO(nft_ruleset_clear) struct nft_ruleset ruleset;
    AUTO(text_clear) struct text dump = {0};
    struct open_elements open;

    nft_close_message(&dump, open_set(&dump, NFT_SET_INTERVAL, 2));
    open = open_elements(&dump);
    /* 10-19, 20-29 and 40 up to the end, not in their order. */
    element(&dump, "\0\x28", 2, 0);
    element(&dump, "\0\x14", 2, 0);
    element(&dump, "\0\x1e", 2, NFT_SET_ELEM_INTERVAL_END);
    element(&dump, "\0\x0a", 2, 0);
    element(&dump, "\0\x14", 2, NFT_SET_ELEM_INTERVAL_END);
    element(&dump, "\0\0", 2, NFT_SET_ELEM_INTERVAL_END);
    close_elements(&dump, open);
    assert_int_equal(nft_ruleset_parse(dump.bytes, dump.length, &ruleset, NULL), 0);
    assert_false(contains(&ruleset.sets[0], 0));
    assert_false(contains(&ruleset.sets[0], 9));
    assert_true(contains(&ruleset.sets[0], 10));
    assert_true(contains(&ruleset.sets[0], 20));
    assert_true(contains(&ruleset.sets[0], 29));
    assert_false(contains(&ruleset.sets[0], 30));
    assert_true(contains(&ruleset.sets[0], 40));
    assert_true(contains(&ruleset.sets[0], 65535));
}

TEST(the_element_that_catches_all_comes_last)
{
    AUTO(nft_ruleset_clear) struct nft_ruleset ruleset;
    AUTO(text_clear) struct text dump = {0};
    struct open_elements open;

    nft_close_message(&dump, open_set(&dump, 0, 2));
    open = open_elements(&dump);
    element(&dump, NULL, 0, NFT_SET_ELEM_CATCHALL);
    element(&dump, "\0\x16", 2, 0);
    close_elements(&dump, open);
    assert_int_equal(nft_ruleset_parse(dump.bytes, dump.length, &ruleset, NULL), 0);
    assert_int_equal(ruleset.sets[0].element_count, 1);
    assert_non_null(ruleset.sets[0].catch_all);
    assert_true(contains(&ruleset.sets[0], 1));
}

TEST(refuses_a_key_of_another_size)
{
    AUTO(text_clear) struct text dump = {0};
    struct open_elements open;

    nft_close_message(&dump, open_set(&dump, 0, 2));
    open = open_elements(&dump);
    element(&dump, "abc", 3, 0);
    close_elements(&dump, open);
    assert_refused(&dump, "an element of set s has no such key");
}

TEST(refuses_sets_with_impossible_keys)
{
    static const uint32_t sizes[] = {0, NFT_KEY_MAX + 1, UINT32_MAX};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++) {
        AUTO(text_clear) struct text dump = {0};

        nft_close_message(&dump, open_set(&dump, 0, sizes[i]));
        assert_refused(&dump, "set s has no key size");
    }
}

TEST(refuses_fields_that_do_not_make_the_key)
{
    AUTO(text_clear) struct text dump = {0};
    size_t message = open_set(&dump, NFT_SET_INTERVAL, 8), description, concatenation, field;

    description = nft_open_attribute(&dump, NFTA_SET_DESC);
    concatenation = nft_open_attribute(&dump, NFTA_SET_DESC_CONCAT);
    field = nft_open_attribute(&dump, NFTA_LIST_ELEM);
    nft_add_number(&dump, NFTA_SET_FIELD_LEN, 4);
    nft_close_attribute(&dump, field);
    nft_close_attribute(&dump, concatenation);
    nft_close_attribute(&dump, description);
    nft_close_message(&dump, message);
    assert_refused(&dump, "the fields of set s do not make its key");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(refuses_a_rule_in_a_chain_that_is_not_there),
        RUN(refuses_the_same_chain_twice),
        RUN(refuses_what_has_no_name),
        RUN(refuses_a_hook_without_a_priority),
        RUN(refuses_a_cut_at_any_byte_that_is_no_end_of_a_message),
        RUN(intervals_end_where_the_next_may_begin),
        RUN(the_element_that_catches_all_comes_last),
        RUN(refuses_a_key_of_another_size),
        RUN(refuses_sets_with_impossible_keys),
        RUN(refuses_fields_that_do_not_make_the_key),
    };

    return RUN_ALL(tests);
}
