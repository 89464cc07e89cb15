#include "agent/outbox.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

#define EPOCH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define EPOCH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

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

static void add(const char *epoch, uint64_t seq, size_t size, time_t written_at)
{
    AUTO_FREE char *bytes = must_allocate(size, 1);
    struct timespec times[2] = {{.tv_sec = written_at}, {.tv_sec = written_at}};
    char name[OUTBOX_NAME_SIZE];

    outbox_name(epoch, seq, name);
    fixture_write_bytes(folder, name, bytes, size);
    assert_int_equal(utimensat(fd, name, times, 0), 0);
}

static void assert_order(const struct outbox *outbox, size_t index, const char *epoch, uint64_t seq)
{
    char name[OUTBOX_NAME_SIZE];

    outbox_name(epoch, seq, name);
    assert_string_equal(outbox->files[index].name, name);
}

TEST(a_name_is_the_epoch_and_the_padded_number)
{
    char name[OUTBOX_NAME_SIZE], epoch[EPOCH_SIZE];
    uint64_t seq;

    outbox_name(EPOCH_A, 7, name);
    assert_string_equal(name, EPOCH_A "-0000000007.jws");
    assert_true(outbox_name_read(name, epoch, &seq));
    assert_string_equal(epoch, EPOCH_A);
    assert_int_equal(seq, 7);
}

TEST(other_names_are_no_snapshots)
{
    static const char *const names[] = {"",
                                        "x",
                                        EPOCH_A "-7.jws",
                                        EPOCH_A "-0000000007.jws.refused",
                                        EPOCH_A "-00000000071.jws",
                                        EPOCH_A "_0000000007.jws",
                                        "A" EPOCH_A "-0000000007.jws",
                                        "not-before"};
    char epoch[EPOCH_SIZE];
    uint64_t seq;

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_false(outbox_name_read(names[i], epoch, &seq));
}

TEST(the_oldest_epoch_comes_first_and_then_the_lowest_number)
{
    AUTO(outbox_clear) struct outbox outbox = {0};

    add(EPOCH_A, 1, 10, 5000);
    add(EPOCH_B, 9, 10, 3000);
    add(EPOCH_B, 10, 10, 1000); /* the clock was put back in between */
    fixture_write(folder, "notes.txt", "not ours");
    assert_int_equal(outbox_list(fd, &outbox, NULL), 0);
    assert_int_equal(outbox.count, 3);
    assert_int_equal(outbox.bytes, 30);
    assert_order(&outbox, 0, EPOCH_B, 9);
    assert_order(&outbox, 1, EPOCH_B, 10);
    assert_order(&outbox, 2, EPOCH_A, 1);
}

TEST(links_and_folders_are_no_snapshots)
{
    AUTO(outbox_clear) struct outbox outbox = {0};

    fixture_link(folder, EPOCH_A "-0000000001.jws", "/etc/passwd");
    fixture_make_folder(folder, EPOCH_A "-0000000002.jws");
    assert_int_equal(outbox_list(fd, &outbox, NULL), 0);
    assert_int_equal(outbox.count, 0);
}

TEST(too_many_files_make_room_for_the_newest)
{
    AUTO(outbox_clear) struct outbox outbox = {0};
    char newest[OUTBOX_NAME_SIZE];
    size_t dropped = 0;

    for (uint64_t seq = 1; seq <= OUTBOX_MAX_FILES + 2; seq++)
        add(EPOCH_A, seq, 10, 1000);
    outbox_name(EPOCH_A, OUTBOX_MAX_FILES + 2, newest);
    assert_int_equal(outbox_drop_oldest(fd, newest, &dropped, NULL), 0);
    assert_int_equal(dropped, 2);
    assert_int_equal(outbox_list(fd, &outbox, NULL), 0);
    assert_int_equal(outbox.count, OUTBOX_MAX_FILES);
    assert_order(&outbox, 0, EPOCH_A, 3);
    assert_true(outbox_full(&outbox));
}

TEST(too_many_bytes_make_room_but_never_of_the_newest)
{
    AUTO(outbox_clear) struct outbox outbox = {0};
    char newest[OUTBOX_NAME_SIZE];
    size_t dropped = 0;

    for (uint64_t seq = 1; seq <= 9; seq++)
        add(EPOCH_A, seq, SNAPSHOT_MAX_SIZE, 1000);
    outbox_name(EPOCH_A, 1, newest); /* the oldest by its name */
    assert_int_equal(outbox_drop_oldest(fd, newest, &dropped, NULL), 0);
    assert_int_equal(dropped, 1);
    assert_int_equal(outbox_list(fd, &outbox, NULL), 0);
    assert_order(&outbox, 0, EPOCH_A, 1);
    assert_order(&outbox, 1, EPOCH_A, 3);
}

TEST(there_is_always_room_for_one_more_before_it_is_full)
{
    AUTO(outbox_clear) struct outbox outbox = {0};

    for (uint64_t seq = 1; seq <= 7; seq++)
        add(EPOCH_A, seq, SNAPSHOT_MAX_SIZE, 1000);
    assert_int_equal(outbox_list(fd, &outbox, NULL), 0);
    assert_false(outbox_full(&outbox));
    outbox_clear(&outbox);
    add(EPOCH_A, 8, 1, 1000);
    assert_int_equal(outbox_list(fd, &outbox, NULL), 0);
    assert_true(outbox_full(&outbox));
}

#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(a_name_is_the_epoch_and_the_padded_number),
        RUN(other_names_are_no_snapshots),
        IN_FOLDER(the_oldest_epoch_comes_first_and_then_the_lowest_number),
        IN_FOLDER(links_and_folders_are_no_snapshots),
        IN_FOLDER(too_many_files_make_room_for_the_newest),
        IN_FOLDER(too_many_bytes_make_room_but_never_of_the_newest),
        IN_FOLDER(there_is_always_room_for_one_more_before_it_is_full),
    };

    return RUN_ALL(tests);
}
