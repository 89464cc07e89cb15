#include "server-api/keeper/messages.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "tests/support/authority.h"
#include "tests/support/test.h"

static const uint8_t spki[P256_SPKI_SIZE] = {1, 2, 3};
static const char *const names[] = {"collect.example", "127.0.0.1", NULL};

static void write_example_order(struct text *out)
{
    struct certificate_order order = {
        .purpose = CERTIFICATE_TLS_SERVER,
        .organisation = TEST_ORGANISATION,
        .machine = TEST_MACHINE,
        .spki = spki,
        .spki_length = sizeof(spki),
        .names = names,
        .now = TEST_NOW,
        .lifetime_seconds = 77,
    };

    assert_int_equal(message_write_order(&order, out, NULL), 0);
}

static struct receipt example_receipt(void)
{
    return (struct receipt){
        .machine = TEST_MACHINE,
        .snapshot = {{9}},
        .result = RECEIPT_REFUSED,
        .reason = REFUSAL_VERSION,
        .received_at = TEST_NOW,
        .nonce = "abc",
        .has_state = true,
        .state = {{8}},
        .lacks_base = true,
        .minimum_interval_seconds = 3600,
        .verdicts = {{"disk_encryption", VERDICT_PASS}, {"firewall", VERDICT_ACCEPTED}},
        .verdict_count = 2,
    };
}

TEST(an_order_arrives_as_it_was_given)
{
    AUTO(text_clear) struct text message = {0};
    struct order_message read;

    write_example_order(&message);
    assert_int_equal(message_kind(message.bytes, message.length), KEEPER_ISSUE);
    assert_int_equal(message_read_order(message.bytes, message.length, &read, NULL), 0);
    assert_int_equal(read.order.purpose, CERTIFICATE_TLS_SERVER);
    assert_string_equal(read.order.organisation, TEST_ORGANISATION);
    assert_string_equal(read.order.machine, TEST_MACHINE);
    assert_memory_equal(read.order.spki, spki, sizeof(spki));
    assert_int_equal(read.order.now, TEST_NOW);
    assert_int_equal(read.order.lifetime_seconds, 77);
    assert_string_equal(read.order.names[0], names[0]);
    assert_string_equal(read.order.names[1], names[1]);
    assert_null(read.order.names[2]);
}

TEST(receipts_arrive_as_they_were_given)
{
    AUTO(text_clear) struct text message = {0};
    struct receipt given[2] = {example_receipt(), example_receipt()};
    struct receipt read[KEEPER_RECEIPTS_MAX];
    size_t count = 0;

    given[1].result = RECEIPT_FORK;
    message_write_receipts(given, 2, &message);
    assert_int_equal(message_read_receipts(message.bytes, message.length, read, &count, NULL), 0);
    assert_int_equal(count, 2);
    assert_string_equal(read[0].machine, TEST_MACHINE);
    assert_memory_equal(read[0].snapshot.bytes, given[0].snapshot.bytes, DIGEST_SIZE);
    assert_int_equal(read[0].result, RECEIPT_REFUSED);
    assert_int_equal(read[0].reason, REFUSAL_VERSION);
    assert_int_equal(read[0].received_at, TEST_NOW);
    assert_string_equal(read[0].nonce, "abc");
    assert_true(read[0].has_state);
    assert_memory_equal(read[0].state.bytes, given[0].state.bytes, DIGEST_SIZE);
    assert_true(read[0].lacks_base);
    assert_int_equal(read[0].minimum_interval_seconds, 3600);
    assert_int_equal(read[0].verdict_count, 2);
    assert_string_equal(read[0].verdicts[1].check, "firewall");
    assert_int_equal(read[0].verdicts[1].state, VERDICT_ACCEPTED);
    assert_int_equal(read[1].result, RECEIPT_FORK);
}

TEST(signed_receipts_arrive_as_they_were_given)
{
    AUTO(text_clear) struct text message = {0};
    AUTO(text_clear) struct text first = {0};
    struct text given[2] = {{0}, {0}}, read[2] = {{0}, {0}};

    text_add_string(&given[0], "a.b.c");
    text_add_string(&given[1], "d.e.f");
    message_write_signed(given, 2, &message);
    assert_int_equal(message_read_signed(message.bytes, message.length, read, 2, NULL), 0);
    assert_string_equal(text_string(&read[0]), "a.b.c");
    assert_string_equal(text_string(&read[1]), "d.e.f");
    assert_int_equal(message_read_signed(message.bytes, message.length, &first, 1, NULL), -EBADMSG);
    for (size_t i = 0; i < 2; i++) {
        text_clear(&given[i]);
        text_clear(&read[i]);
    }
}

TEST(a_failure_arrives_with_its_words)
{
    AUTO(text_clear) struct text message = {0};
    struct error err = {0};

    message_write_failure(EINVAL, "no such thing", &message);
    assert_int_equal(message_read_failure(message.bytes, message.length, &err), -EINVAL);
    assert_string_equal(err.message, "no such thing");
    assert_int_equal(message_read_failure(message.bytes, message.length - 1, &err), -EBADMSG);
}

static int read_as_order(const void *bytes, size_t length)
{
    struct order_message order;

    return message_read_order(bytes, length, &order, NULL);
}

static int read_as_receipts(const void *bytes, size_t length)
{
    struct receipt receipts[KEEPER_RECEIPTS_MAX];
    size_t count;

    return message_read_receipts(bytes, length, receipts, &count, NULL);
}

static int read_as_failure(const void *bytes, size_t length)
{
    return message_read_failure(bytes, length, NULL);
}

/* On the heap in its exact size, so that the sanitizer sees a read beyond it. */
static void check_cut_short(const struct text *message,
                            int (*read)(const void *bytes, size_t length))
{
    for (size_t length = 0; length < message->length; length++) {
        AUTO_FREE char *exact = must_allocate(length + (length == 0), 1);

        memcpy(exact, message->bytes, length);
        assert_int_equal(read(exact, length), -EBADMSG);
    }
}

static void check_extended(struct text *message, int (*read)(const void *bytes, size_t length))
{
    text_add(message, "", 1);
    assert_int_equal(read(message->bytes, message->length), -EBADMSG);
}

TEST(refuses_messages_that_are_cut_short_or_go_on)
{
    AUTO(text_clear) struct text order = {0};
    AUTO(text_clear) struct text receipts = {0};
    AUTO(text_clear) struct text failure = {0};
    struct receipt receipt = example_receipt();

    write_example_order(&order);
    check_cut_short(&order, read_as_order);
    check_extended(&order, read_as_order);
    message_write_receipts(&receipt, 1, &receipts);
    check_cut_short(&receipts, read_as_receipts);
    check_extended(&receipts, read_as_receipts);
    message_write_failure(EIO, "words", &failure);
    check_cut_short(&failure, read_as_failure);
    check_extended(&failure, read_as_failure);
}

TEST(refuses_another_version_or_kind)
{
    AUTO(text_clear) struct text order = {0};

    write_example_order(&order);
    assert_int_equal(read_as_receipts(order.bytes, order.length), -EBADMSG);
    order.bytes[1] = 99;
    assert_int_equal(message_kind(order.bytes, order.length), 0);
    order.bytes[1] = KEEPER_ISSUE;
    order.bytes[0] = KEEPER_MESSAGE_VERSION + 1;
    assert_int_equal(message_kind(order.bytes, order.length), 0);
    assert_int_equal(read_as_order(order.bytes, order.length), -EBADMSG);
}

static void check_receipt_byte(size_t offset, uint8_t value)
{
    AUTO(text_clear) struct text message = {0};
    struct receipt receipt = example_receipt();

    message_write_receipts(&receipt, 1, &message);
    assert_true(offset < message.length);
    message.bytes[offset] = (char)value;
    if (read_as_receipts(message.bytes, message.length) != -EBADMSG)
        fail_msg("accepts %u at %zu", value, offset);
}

TEST(refuses_values_outside_of_their_range)
{
    size_t machine = 3, result = machine + 4 + 36 + DIGEST_SIZE, nonce = result + 2 + 8;
    size_t has_state = nonce + 4 + 3, lacks_base = has_state + 1 + DIGEST_SIZE;

    check_receipt_byte(2, KEEPER_RECEIPTS_MAX + 1);
    check_receipt_byte(machine, MACHINE_ID_SIZE);
    check_receipt_byte(machine + 4 + 5, 0);
    check_receipt_byte(result, RECEIPT_FORK + 1);
    check_receipt_byte(result + 1, REFUSAL_VERSION + 1);
    check_receipt_byte(has_state, 2);
    check_receipt_byte(lacks_base, 2);
    check_receipt_byte(lacks_base + 1 + 8, RECEIPT_VERDICTS_MAX + 1);
    check_receipt_byte(lacks_base + 1 + 8 + 1 + 4 + strlen("disk_encryption"), VERDICT_STATE_COUNT);
}

TEST(writes_no_order_that_is_too_large)
{
    AUTO(text_clear) struct text message = {0};
    const char *many[KEEPER_NAMES_MAX + 2] = {NULL};
    char long_name[KEEPER_NAME_SIZE + 1];
    const char *const one[] = {long_name, NULL};
    struct certificate_order order = {.spki = spki, .spki_length = sizeof(spki), .names = many};

    for (size_t i = 0; i <= KEEPER_NAMES_MAX; i++)
        many[i] = "a";
    assert_int_equal(message_write_order(&order, &message, NULL), -EINVAL);
    many[KEEPER_NAMES_MAX] = NULL;
    assert_int_equal(message_write_order(&order, &message, NULL), 0);

    memset(long_name, 'a', sizeof(long_name));
    long_name[KEEPER_NAME_SIZE] = '\0';
    order.names = one;
    assert_int_equal(message_write_order(&order, &message, NULL), -EINVAL);
    order.names = NULL;
    order.spki_length = 90;
    assert_int_equal(message_write_order(&order, &message, NULL), -EINVAL);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(an_order_arrives_as_it_was_given),
        RUN(receipts_arrive_as_they_were_given),
        RUN(signed_receipts_arrive_as_they_were_given),
        RUN(a_failure_arrives_with_its_words),
        RUN(refuses_messages_that_are_cut_short_or_go_on),
        RUN(refuses_another_version_or_kind),
        RUN(refuses_values_outside_of_their_range),
        RUN(writes_no_order_that_is_too_large),
    };

    return RUN_ALL(tests);
}
