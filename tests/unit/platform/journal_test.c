#include "platform/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/error.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

/* Standard error goes to a file while a test writes lines. */
struct capture {
    FILE *file;
    int saved;
};

static struct capture capture_start(void)
{
    struct capture capture = {.file = tmpfile()};

    assert_non_null(capture.file);
    (void)fflush(stderr);
    capture.saved = dup(STDERR_FILENO);
    assert_true(dup2(fileno(capture.file), STDERR_FILENO) >= 0);
    return capture;
}

static char *capture_end(struct capture *capture)
{
    struct text text = {0};
    char buffer[4096];
    size_t n;

    (void)fflush(stderr);
    (void)dup2(capture->saved, STDERR_FILENO);
    (void)close(capture->saved);
    rewind(capture->file);
    while ((n = fread(buffer, 1, sizeof(buffer), capture->file)) > 0)
        text_add(&text, buffer, n);
    (void)fclose(capture->file);
    return text_take(&text);
}

TEST(what_would_steer_a_terminal_is_written_as_question_marks)
{
    struct capture capture = capture_start();
    AUTO_FREE char *seen = NULL;

    (void)unsetenv("JOURNAL_STREAM");
    journal_open("tester");
    journal_write(JOURNAL_INFO, "a\x1b[2J \xc2\x9b"
                                "2J \x9b"
                                "2J caf\xc3\xa9");
    seen = capture_end(&capture);
    assert_string_equal(seen, "tester: a?[2J ??2J ?2J caf\xc3\xa9\n");
}

TEST(writes_one_line_with_the_programs_name)
{
    struct capture capture = capture_start();
    AUTO_FREE char *seen = NULL;

    (void)unsetenv("JOURNAL_STREAM");
    journal_open("tester");
    journal_write(JOURNAL_INFO, "%s and %d", "one", 2);
    seen = capture_end(&capture);
    assert_string_equal(seen, "tester: one and 2\n");
}

TEST(keeps_a_line_one_line_and_bounded)
{
    AUTO_FREE char *large = must_allocate(5000, 1), *seen = NULL;
    struct capture capture;

    memset(large, 'x', 4999);
    capture = capture_start();
    (void)unsetenv("JOURNAL_STREAM");
    journal_open("tester");
    journal_write(JOURNAL_ERROR, "a\nb\x1b[31m\x7f");
    journal_write(JOURNAL_ERROR, "%s", large);
    seen = capture_end(&capture);
    assert_memory_equal(seen, "tester: a?b?[31m?\n", 18);
    assert_int_equal(strlen(seen), 18 + strlen("tester: ") + 2047 + 1);
}

TEST(another_streams_name_means_no_journal)
{
    struct capture capture = capture_start();
    AUTO_FREE char *seen = NULL;

    (void)setenv("JOURNAL_STREAM", "1:2", 1);
    journal_open("tester");
    journal_write(JOURNAL_NOTICE, "here");
    seen = capture_end(&capture);
    assert_string_equal(seen, "tester: here\n");
}

TEST(tells_the_journal_how_much_a_line_matters)
{
    struct capture capture = capture_start();
    AUTO_FREE char *seen = NULL;
    struct stat status;
    char stream[64];

    assert_int_equal(fstat(STDERR_FILENO, &status), 0);
    (void)snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
                   (uintmax_t)status.st_ino);
    (void)setenv("JOURNAL_STREAM", stream, 1);
    journal_open("tester");
    journal_write(JOURNAL_NOTICE, "a line");
    seen = capture_end(&capture);
    assert_string_equal(seen, "<5>a line\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(what_would_steer_a_terminal_is_written_as_question_marks),
        RUN(writes_one_line_with_the_programs_name),
        RUN(keeps_a_line_one_line_and_bounded),
        RUN(another_streams_name_means_no_journal),
        RUN(tells_the_journal_how_much_a_line_matters),
    };

    return RUN_ALL(tests);
}
