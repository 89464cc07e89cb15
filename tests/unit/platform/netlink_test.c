#include "platform/netlink.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "tests/support/test.h"

#define LARGE_LIMIT (1024U * 1024U)

static void add_message(struct text *out, uint16_t type, const void *payload, size_t length)
{
    struct nlmsghdr header = {.nlmsg_len = (uint32_t)(sizeof(header) + length), .nlmsg_type = type};
    static const char padding[3];

    text_add(out, &header, sizeof(header));
    text_add(out, payload, length);
    text_add(out, padding, (4 - length % 4) % 4);
}

TEST(walks_messages_and_their_attributes)
{
    AUTO(text_clear) struct text attributes = {0}, messages = {0};
    struct netlink_attribute table[4];
    struct netlink_message message;
    struct netlink_walk walk;
    uint32_t number;

    netlink_add_attribute(&attributes, 1, "eth0", 5);
    netlink_add_attribute(&attributes, 2 | NLA_F_NESTED, "\0\0\1\2", 4);
    add_message(&messages, 17, attributes.bytes, attributes.length);
    add_message(&messages, 18, NULL, 0);

    walk = netlink_walk(messages.bytes, messages.length);
    assert_true(netlink_next_message(&walk, &message));
    assert_int_equal(message.type, 17);
    assert_true(netlink_attributes(message.payload, message.length, table, 4));
    assert_string_equal(netlink_text(&table[1]), "eth0");
    assert_true(netlink_big_endian_u32(&table[2], &number));
    assert_int_equal(number, 258);
    assert_null(table[3].bytes);
    assert_true(netlink_next_message(&walk, &message));
    assert_int_equal(message.length, 0);
    assert_false(netlink_next_message(&walk, &message));
    assert_false(walk.broken);
}

TEST(stops_at_a_length_that_is_too_short_or_too_long)
{
    static const uint16_t lengths[] = {0, 3, 9, UINT16_MAX};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
        struct nlattr header = {.nla_len = lengths[i], .nla_type = 1};
        struct netlink_attribute attribute;
        uint8_t bytes[8] = {0};
        struct netlink_walk walk = netlink_walk(bytes, sizeof(bytes));

        memcpy(bytes, &header, sizeof(header));
        assert_false(netlink_next_attribute(&walk, &attribute));
        assert_true(walk.broken);
        assert_false(netlink_next_attribute(&walk, &attribute));
    }
}

TEST(stops_at_a_message_that_claims_more_than_there_is)
{
    AUTO(text_clear) struct text messages = {0};

    add_message(&messages, 17, "abcd", 4);
    for (size_t length = 1; length < messages.length; length++) {
        struct netlink_walk walk = netlink_walk(messages.bytes, length);
        struct netlink_message message;

        assert_false(netlink_next_message(&walk, &message));
        assert_true(walk.broken);
    }
}

TEST(takes_a_last_attribute_without_its_padding)
{
    AUTO(text_clear) struct text attributes = {0};
    struct netlink_attribute table[2];

    netlink_add_attribute(&attributes, 1, "a", 2);
    assert_true(netlink_attributes(attributes.bytes, attributes.length - 2, table, 2));
    assert_string_equal(netlink_text(&table[1]), "a");
}

TEST(passes_over_types_beyond_the_table_and_keeps_the_last_of_a_type)
{
    AUTO(text_clear) struct text attributes = {0};
    struct netlink_attribute table[2];
    uint8_t number;

    netlink_add_attribute(&attributes, 1, "\1", 1);
    netlink_add_attribute(&attributes, 1, "\2", 1);
    netlink_add_attribute(&attributes, 900, "\3", 1);
    assert_true(netlink_attributes(attributes.bytes, attributes.length, table, 2));
    assert_true(netlink_u8(&table[1], &number));
    assert_int_equal(number, 2);
}

TEST(numbers_have_exactly_their_size_and_texts_their_end)
{
    const struct netlink_attribute absent = {0};
    const struct netlink_attribute three = {.bytes = (const uint8_t *)"abc", .length = 3};
    uint8_t small;
    uint32_t number;

    assert_false(netlink_u8(&absent, &small));
    assert_false(netlink_u8(&three, &small));
    assert_false(netlink_u32(&absent, &number));
    assert_false(netlink_big_endian_u32(&three, &number));
    assert_null(netlink_text(&absent));
    assert_null(netlink_text(&three));
    assert_false(netlink_next_attribute(&(struct netlink_walk){0}, &(struct netlink_attribute){0}));
}

static bool lists_loopback(const struct text *links)
{
    struct netlink_walk walk = netlink_walk(links->bytes, links->length);
    struct netlink_message message;

    while (netlink_next_message(&walk, &message)) {
        struct netlink_attribute table[IFLA_IFNAME + 1];
        const char *name;

        assert_int_equal(message.type, RTM_NEWLINK);
        assert_true(netlink_attributes(message.payload + sizeof(struct ifinfomsg),
                                       message.length - sizeof(struct ifinfomsg), table,
                                       IFLA_IFNAME + 1));
        name = netlink_text(&table[IFLA_IFNAME]);
        if (name != NULL && strcmp(name, "lo") == 0)
            return true;
    }
    return false;
}

TEST(dumps_the_interfaces_of_this_machine)
{
    static const struct ifinfomsg any;
    AUTO_CLOSE int fd = netlink_open(NETLINK_ROUTE, NULL);
    AUTO(text_clear) struct text links = {0};

    assert_true(fd >= 0);
    assert_int_equal(netlink_dump(fd, &(struct netlink_request){RTM_GETLINK, &any, sizeof(any)},
                                  LARGE_LIMIT, &links, NULL),
                     0);
    assert_true(lists_loopback(&links));
}

TEST(a_dump_above_its_limit_leaves_nothing_behind)
{
    static const struct rtmsg any = {.rtm_family = AF_INET};
    AUTO(text_clear) struct text all = {0}, some = {0};
    struct error err = {0};

    for (int i = 0; i < 2; i++) {
        AUTO_CLOSE int fd = netlink_open(NETLINK_ROUTE, NULL);

        if (i == 0) {
            assert_int_equal(
                netlink_dump(fd, &(struct netlink_request){RTM_GETROUTE, &any, sizeof(any)},
                             LARGE_LIMIT, &all, NULL),
                0);
            text_add_string(&some, "before");
            continue;
        }
        /* All but the last message fits. */
        assert_int_equal(netlink_dump(fd,
                                      &(struct netlink_request){RTM_GETROUTE, &any, sizeof(any)},
                                      all.length - 4, &some, &err),
                         -EFBIG);
        assert_string_equal(err.message, "it is longer than we take in");
        assert_string_equal(text_string(&some), "before");
    }
}

TEST(passes_on_what_the_kernel_answers)
{
    struct ifinfomsg nobody = {.ifi_index = 0x7ffffffe};
    AUTO_CLOSE int fd = netlink_open(NETLINK_ROUTE, NULL);
    AUTO(text_clear) struct text link = {0};

    assert_int_equal(netlink_get(fd,
                                 &(struct netlink_request){RTM_GETLINK, &nobody, sizeof(nobody)},
                                 &link, NULL),
                     -ENODEV);
    assert_int_equal(link.length, 0);
}

TEST(says_when_the_kernel_has_no_such_protocol)
{
    struct error err = {0};

    assert_int_equal(netlink_open(MAX_LINKS, &err), -EPROTONOSUPPORT);
    assert_int_equal(err.code, EPROTONOSUPPORT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(walks_messages_and_their_attributes),
        RUN(stops_at_a_length_that_is_too_short_or_too_long),
        RUN(stops_at_a_message_that_claims_more_than_there_is),
        RUN(takes_a_last_attribute_without_its_padding),
        RUN(passes_over_types_beyond_the_table_and_keeps_the_last_of_a_type),
        RUN(numbers_have_exactly_their_size_and_texts_their_end),
        RUN(dumps_the_interfaces_of_this_machine),
        RUN(a_dump_above_its_limit_leaves_nothing_behind),
        RUN(passes_on_what_the_kernel_answers),
        RUN(says_when_the_kernel_has_no_such_protocol),
    };

    return RUN_ALL(tests);
}
