#include "agent/uploader/patience.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/file.h"
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

TEST(waits_as_long_as_it_was_asked_to)
{
    struct error err = {0};

    patience_ask(fd, TEST_NOW, 600);
    assert_int_equal(patience_check(fd, TEST_NOW + 599, &err), -EAGAIN);
    assert_non_null(strstr(err.message, "the server asked to wait until 2026-"));
    assert_int_equal(patience_check(fd, TEST_NOW + 600, NULL), 0);
}

TEST(a_server_cannot_silence_a_machine)
{
    patience_ask(fd, TEST_NOW, UINT64_MAX);
    assert_int_equal(patience_check(fd, TEST_NOW + PATIENCE_LONGEST - 1, NULL), -EAGAIN);
    assert_int_equal(patience_check(fd, TEST_NOW + PATIENCE_LONGEST, NULL), 0);
}

TEST(nor_can_a_clock_that_was_put_back)
{
    patience_ask(fd, TEST_NOW, 600);
    assert_int_equal(patience_check(fd, TEST_NOW - 10 * 86400, NULL), 0);
}

TEST(a_damaged_file_is_no_reason_to_wait)
{
    fixture_write(folder, "not-before", "tomorrow");
    assert_int_equal(patience_check(fd, TEST_NOW, NULL), 0);
    assert_int_equal(patience_server_time(fd), 0);
}

#define IN_FOLDER(name) cmocka_unit_test_setup_teardown(name, make_folder, drop_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(waits_as_long_as_it_was_asked_to),
        IN_FOLDER(a_server_cannot_silence_a_machine),
        IN_FOLDER(nor_can_a_clock_that_was_put_back),
        IN_FOLDER(a_damaged_file_is_no_reason_to_wait),
    };

    return RUN_ALL(tests);
}
