#include "collectors/patch_level/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "platform/cleanup.h"
#include "platform/decompress.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

struct setup {
    char *folder;
    struct sysroot root;
    struct inputs inputs;
};

static void setup_clear(struct setup *setup)
{
    inputs_clear(&setup->inputs);
    sysroot_close(&setup->root);
    fixture_remove(setup->folder);
}

/* Two files that were read, one as text and one as a stream. */
static void set_up(struct setup *setup)
{
    AUTO(auto_stream_close) struct stream *stream = NULL;
    AUTO_FREE char *text = NULL;

    setup->folder = fixture_new_folder();
    fixture_write(setup->folder, "status", "one");
    fixture_write(setup->folder, "list", "two");
    assert_int_equal(sysroot_open(setup->folder, &setup->root, NULL), 0);
    setup->inputs.root = &setup->root;
    assert_int_equal(inputs_read_text(&setup->inputs, "/status", 100, &text, NULL), 0);
    assert_string_equal(text, "one");
    assert_int_equal(inputs_open_stream(&setup->inputs, "/list", 100, &stream, NULL), 0);
}

TEST(are_unchanged_when_nobody_wrote)
{
    AUTO(setup_clear) struct setup setup = {.root = {.fd = -1}};

    set_up(&setup);
    assert_int_equal(inputs_check_unchanged(&setup.inputs, NULL), 0);
    assert_non_null(inputs_status(&setup.inputs, "/list"));
    assert_null(inputs_status(&setup.inputs, "/other"));
}

TEST(notice_a_file_that_was_replaced)
{
    AUTO(setup_clear) struct setup setup = {.root = {.fd = -1}};
    AUTO(text_clear) struct text from = {0}, to = {0};
    struct error err = {0};

    set_up(&setup);
    fixture_write(setup.folder, "status-new", "one");
    text_add_format(&from, "%s/status-new", setup.folder);
    text_add_format(&to, "%s/status", setup.folder);
    assert_int_equal(rename(text_string(&from), text_string(&to)), 0);
    assert_int_equal(inputs_check_unchanged(&setup.inputs, &err), -EAGAIN);
    assert_string_equal(err.message, "/status changed while it was read");
}

TEST(notice_a_file_of_the_same_size_and_time)
{
    AUTO(setup_clear) struct setup setup = {.root = {.fd = -1}};
    AUTO(text_clear) struct text path = {0};
    struct timespec times[2];
    const struct stat *before;

    set_up(&setup);
    before = inputs_status(&setup.inputs, "/list");
    assert_non_null(before);
    times[0] = before->st_atim;
    times[1] = before->st_mtim;
    text_add_format(&path, "%s/list", setup.folder);
    /* The clock of a file system ticks in milliseconds: wait until it went on. */
    for (struct stat now = *before; now.st_ctim.tv_nsec == before->st_ctim.tv_nsec;) {
        fixture_write(setup.folder, "list", "222");
        assert_int_equal(utimensat(AT_FDCWD, text_string(&path), times, 0), 0);
        assert_int_equal(stat(text_string(&path), &now), 0);
    }
    assert_int_equal(inputs_check_unchanged(&setup.inputs, NULL), -EAGAIN);
}

TEST(notice_a_file_that_is_gone)
{
    AUTO(setup_clear) struct setup setup = {.root = {.fd = -1}};
    AUTO(text_clear) struct text path = {0};

    set_up(&setup);
    text_add_format(&path, "%s/list", setup.folder);
    assert_int_equal(remove(text_string(&path)), 0);
    assert_int_equal(inputs_check_unchanged(&setup.inputs, NULL), -EAGAIN);
}

TEST(say_when_there_is_no_file)
{
    AUTO(setup_clear) struct setup setup = {.root = {.fd = -1}};
    struct stream *stream = NULL;
    char *text = NULL;

    set_up(&setup);
    assert_int_equal(inputs_read_text(&setup.inputs, "/none", 100, &text, NULL), -ENOENT);
    assert_int_equal(inputs_open_stream(&setup.inputs, "/none", 100, &stream, NULL), -ENOENT);
    assert_int_equal(inputs_check_unchanged(&setup.inputs, NULL), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(are_unchanged_when_nobody_wrote),
        RUN(notice_a_file_that_was_replaced),
        RUN(notice_a_file_of_the_same_size_and_time),
        RUN(notice_a_file_that_is_gone),
        RUN(say_when_there_is_no_file),
    };

    return RUN_ALL(tests);
}
