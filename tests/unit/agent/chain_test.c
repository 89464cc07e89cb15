#include "agent/chain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "tests/support/authority.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

static char *folder;
static int fd = -1;

static int make_folder(void **state)
{
    (void)state;
    folder = fixture_new_folder();
    fd = directory_open(folder, NULL);
    return 0;
}

static int drop_folder(void **state)
{
    (void)state;
    (void)close(fd);
    fixture_remove(folder);
    return 0;
}

static struct state state_with(const char *section)
{
    struct state state = {0};
    struct digest digest = {.bytes = {1, 2, 3}};

    assert_int_equal(state_set(&state, section, &digest), 0);
    return state;
}

/* Two that wait, one of them not written yet, on a state that the server confirmed. */
static struct chain example(void)
{
    struct chain chain;
    struct state first = state_with("firewall"), second = state_with("usb_policy");
    char name[OUTBOX_NAME_SIZE];

    chain_start(&chain, TEST_MACHINE);
    chain.has_acknowledged = true;
    chain.acknowledged = state_with("os_release");
    chain.received_at = TEST_NOW;
    (void)snprintf(chain.nonce, sizeof(chain.nonce), "nonce-1");
    chain_reserve(&chain, &first, TEST_NOW, true, name);
    chain.waiting[0].has_hash = true;
    chain.waiting[0].hash.bytes[0] = 9;
    chain.has_prev = true;
    chain.prev = chain.waiting[0].hash;
    chain_reserve(&chain, &second, TEST_NOW + 60, false, name);
    return chain;
}

static struct receipt receipt_for(const struct state *state)
{
    struct receipt receipt = {.result = RECEIPT_ACCEPTED,
                              .received_at = TEST_NOW + 5,
                              .nonce = "nonce-2",
                              .has_state = true,
                              .minimum_interval_seconds = 600};

    state_digest(state, &receipt.state);
    return receipt;
}

TEST(what_was_written_is_read)
{
    AUTO(chain_clear) struct chain chain = example(), again = {0};
    AUTO(text_clear) struct text text = {0}, twice = {0};

    chain_write(&chain, &text);
    assert_int_equal(chain_read(text_string(&text), text.length, &again, NULL), 0);
    assert_string_equal(again.epoch, chain.epoch);
    assert_int_equal(again.seq, 2);
    assert_int_equal(again.waiting_count, 2);
    assert_int_equal(again.full_at, TEST_NOW);
    chain_write(&again, &twice);
    assert_string_equal(text_string(&twice), text_string(&text));
}

TEST(every_flipped_bit_is_found)
{
    AUTO(chain_clear) struct chain chain = example();
    AUTO(text_clear) struct text text = {0};

    chain_write(&chain, &text);
    for (size_t i = 0; i < text.length * 8; i++) {
        struct chain read = {0};

        text.bytes[i / 8] = (char)(text.bytes[i / 8] ^ (1 << (i % 8)));
        assert_int_equal(chain_read(text.bytes, text.length, &read, NULL), -EBADMSG);
        text.bytes[i / 8] = (char)(text.bytes[i / 8] ^ (1 << (i % 8)));
    }
}

TEST(every_cut_is_found)
{
    AUTO(chain_clear) struct chain chain = example();
    AUTO(text_clear) struct text text = {0};

    chain_write(&chain, &text);
    for (size_t length = 0; length < text.length; length++) {
        AUTO_FREE char *cut = must_copy_text(text.bytes, length);
        struct chain read = {0};

        assert_int_equal(chain_read(cut, length, &read, NULL), -EBADMSG);
    }
}

static void assert_form_refused(const char *json)
{
    AUTO(text_clear) struct text text = {0};
    struct chain read = {0};
    struct digest digest;
    char hex[DIGEST_HEX_SIZE];

    digest_of(json, strlen(json), &digest);
    digest_to_hex(&digest, hex);
    text_add_format(&text, "%s\n%s", hex, json);
    assert_int_equal(chain_read(text_string(&text), text.length, &read, NULL), -EBADMSG);
}

TEST(another_form_is_refused_even_with_its_checksum)
{
    assert_form_refused("{}");
    assert_form_refused("[]");
    assert_form_refused("{\"version\":2}");
    assert_form_refused("not json");
}

TEST(a_machine_without_state_starts_at_the_beginning)
{
    AUTO(chain_clear) struct chain chain = {0};
    const char *restarted = NULL;

    assert_int_equal(chain_load(fd, TEST_MACHINE, &chain, &restarted, NULL), 0);
    assert_string_equal(restarted, "");
    assert_int_equal(chain.seq, 0);
    assert_false(chain.has_acknowledged);
    assert_int_equal(strlen(chain.epoch), 32);
}

TEST(damaged_state_starts_a_new_epoch_and_says_so)
{
    AUTO(chain_clear) struct chain first = example(), chain = {0};
    const char *restarted = NULL;

    assert_int_equal(chain_save(fd, &first, NULL), 0);
    fixture_write(folder, "state.json", "garbage");
    assert_int_equal(chain_load(fd, TEST_MACHINE, &chain, &restarted, NULL), 0);
    assert_non_null(strstr(restarted, "damaged"));
    assert_string_not_equal(chain.epoch, first.epoch);
    assert_false(chain.has_acknowledged);
}

TEST(saved_state_goes_on_where_it_was)
{
    AUTO(chain_clear) struct chain first = example(), chain = {0};
    const char *restarted = "x";

    assert_int_equal(chain_save(fd, &first, NULL), 0);
    assert_int_equal(chain_load(fd, TEST_MACHINE, &chain, &restarted, NULL), 0);
    assert_null(restarted);
    assert_string_equal(chain.epoch, first.epoch);
}

TEST(another_machines_state_is_not_taken_over)
{
    AUTO(chain_clear) struct chain first = example(), chain = {0};
    const char *restarted = NULL;

    assert_int_equal(chain_save(fd, &first, NULL), 0);
    assert_int_equal(chain_load(fd, TEST_OTHER_MACHINE, &chain, &restarted, NULL), 0);
    assert_string_not_equal(chain.epoch, first.epoch);
    assert_string_equal(chain.machine, TEST_OTHER_MACHINE);
}

TEST(a_snapshot_written_before_a_crash_is_the_one_before_the_next)
{
    AUTO(chain_clear) struct chain chain = example();
    struct digest digest;

    fixture_write(folder, chain.waiting[1].name, "its bytes");
    assert_int_equal(chain_reconcile(&chain, fd, NULL), 0);
    digest_of("its bytes", 9, &digest);
    assert_int_equal(chain.waiting_count, 2);
    assert_true(chain.waiting[1].has_hash);
    assert_memory_equal(&chain.prev, &digest, sizeof(digest));
}

TEST(a_number_reserved_before_a_crash_is_never_used_again)
{
    AUTO(chain_clear) struct chain chain = example();
    const struct digest before = chain.prev;
    char name[OUTBOX_NAME_SIZE];
    struct state state = state_with("firewall");

    assert_int_equal(chain_reconcile(&chain, fd, NULL), 0);
    assert_int_equal(chain.waiting_count, 1);
    assert_memory_equal(&chain.prev, &before, sizeof(before));
    chain_reserve(&chain, &state, TEST_NOW, false, name);
    assert_int_equal(chain.seq, 3);
}

TEST(an_epoch_whose_first_snapshot_never_was_is_given_up)
{
    AUTO(chain_clear) struct chain chain = {0};
    char name[OUTBOX_NAME_SIZE], epoch[EPOCH_SIZE];
    struct state state = state_with("firewall");

    chain_start(&chain, TEST_MACHINE);
    memcpy(epoch, chain.epoch, sizeof(epoch));
    chain_reserve(&chain, &state, TEST_NOW, true, name);
    assert_int_equal(chain_reconcile(&chain, fd, NULL), 0);
    assert_string_not_equal(chain.epoch, epoch);
    assert_int_equal(chain.seq, 0);
}

TEST(an_accepted_snapshot_teaches_its_state)
{
    AUTO(chain_clear) struct chain chain = example();
    struct state state = chain.waiting[0].state;
    struct receipt receipt = receipt_for(&state);
    char name[OUTBOX_NAME_SIZE];

    memcpy(name, chain.waiting[0].name, sizeof(name));
    chain_learn(&chain, name, &receipt);
    assert_true(chain.has_acknowledged);
    assert_memory_equal(&chain.acknowledged, &state, sizeof(state));
    assert_string_equal(chain.nonce, "nonce-2");
    assert_int_equal(chain.minimum_interval_seconds, 600);
    assert_int_equal(chain.waiting_count, 1);
    assert_null(chain_waiting(&chain, name));
}

TEST(a_state_that_is_not_ours_makes_the_next_snapshot_full)
{
    AUTO(chain_clear) struct chain chain = example();
    struct state foreign = state_with("something_else");
    struct receipt receipt = receipt_for(&foreign);

    chain_learn(&chain, chain.waiting[0].name, &receipt);
    assert_false(chain.has_acknowledged);
}

TEST(a_server_that_lacks_the_base_gets_everything)
{
    AUTO(chain_clear) struct chain chain = example();
    struct receipt receipt = receipt_for(&chain.acknowledged);

    receipt.lacks_base = true;
    chain_learn(&chain, chain.waiting[0].name, &receipt);
    assert_false(chain.has_acknowledged);
}

TEST(a_refusal_is_counted_and_keeps_what_is_acknowledged)
{
    AUTO(chain_clear) struct chain chain = example();
    struct receipt receipt = {.result = RECEIPT_REFUSED, .reason = REFUSAL_MALFORMED};

    chain_learn(&chain, chain.waiting[0].name, &receipt);
    assert_int_equal(chain.refused, 1);
    assert_true(chain.has_acknowledged);
}

TEST(a_fork_starts_a_new_epoch_only_in_the_present_one)
{
    AUTO(chain_clear) struct chain chain = example();
    struct receipt receipt = {.result = RECEIPT_FORK};
    char epoch[EPOCH_SIZE];

    chain_learn(&chain, chain.waiting[0].name, &receipt);
    assert_int_equal(chain.seq, 0);
    assert_false(chain.has_acknowledged);
    assert_false(chain.has_prev);
    memcpy(epoch, chain.epoch, sizeof(epoch));
    chain_learn(&chain, chain.waiting[0].name, &receipt); /* of the epoch before */
    assert_string_equal(chain.epoch, epoch);
    assert_int_equal(chain.waiting_count, 0);
}

#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(what_was_written_is_read),
        RUN(every_flipped_bit_is_found),
        RUN(every_cut_is_found),
        RUN(another_form_is_refused_even_with_its_checksum),
        IN_FOLDER(a_machine_without_state_starts_at_the_beginning),
        IN_FOLDER(damaged_state_starts_a_new_epoch_and_says_so),
        IN_FOLDER(saved_state_goes_on_where_it_was),
        IN_FOLDER(another_machines_state_is_not_taken_over),
        IN_FOLDER(a_snapshot_written_before_a_crash_is_the_one_before_the_next),
        IN_FOLDER(a_number_reserved_before_a_crash_is_never_used_again),
        IN_FOLDER(an_epoch_whose_first_snapshot_never_was_is_given_up),
        RUN(an_accepted_snapshot_teaches_its_state),
        RUN(a_state_that_is_not_ours_makes_the_next_snapshot_full),
        RUN(a_server_that_lacks_the_base_gets_everything),
        RUN(a_refusal_is_counted_and_keeps_what_is_acknowledged),
        RUN(a_fork_starts_a_new_epoch_only_in_the_present_one),
    };

    return RUN_ALL(tests);
}
