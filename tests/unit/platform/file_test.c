#include "platform/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "platform/text_list.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

/* A new folder, open; both go when the test ends. */
struct place {
    char *path;
    int fd;
};

static struct place place_new(void)
{
    struct place place = {.path = fixture_new_folder()};

    place.fd = directory_open(place.path, NULL);
    assert_true(place.fd >= 0);
    return place;
}

static void place_free(struct place *place)
{
    (void)close(place->fd);
    fixture_remove(place->path);
}

static void assert_content(const struct place *place, const char *name, const char *expected)
{
    AUTO(text_clear) struct text text = {0};

    assert_int_equal(file_read(place->fd, name, 1000, &text, NULL), 0);
    assert_string_equal(text_string(&text), expected);
}

static mode_t mode_of(const struct place *place, const char *name)
{
    struct stat status;

    assert_int_equal(fstatat(place->fd, name, &status, AT_SYMLINK_NOFOLLOW), 0);
    return status.st_mode & 07777;
}

TEST(writes_with_exactly_this_mode_whatever_the_umask)
{
    AUTO(place_free) struct place place = place_new();
    mode_t before = umask(0777);

    assert_int_equal(file_write(place.fd, "a", 0640, "one", 3, NULL), 0);
    (void)umask(0);
    assert_int_equal(file_write(place.fd, "b", 0600, "two", 3, NULL), 0);
    (void)umask(before);
    assert_int_equal(mode_of(&place, "a"), 0640);
    assert_int_equal(mode_of(&place, "b"), 0600);
    assert_content(&place, "b", "two");
}

TEST(replaces_the_file_and_not_its_content)
{
    AUTO(place_free) struct place place = place_new();
    AUTO_CLOSE int old = -1;
    char bytes[3];

    assert_int_equal(file_write(place.fd, "a", 0600, "one", 3, NULL), 0);
    old = openat(place.fd, "a", O_RDONLY | O_CLOEXEC);
    assert_int_equal(file_write(place.fd, "a", 0644, "", 0, NULL), 0);
    assert_content(&place, "a", "");
    assert_int_equal(mode_of(&place, "a"), 0644);
    /* Who has the old file open still reads it whole. */
    assert_int_equal(read(old, bytes, 3), 3);
    assert_memory_equal(bytes, "one", 3);
}

TEST(writing_leaves_nothing_else_behind)
{
    AUTO(place_free) struct place place = place_new();
    AUTO(text_list_clear) struct text_list names = {0};
    struct error err = {0};

    assert_int_equal(file_write(place.fd, "a", 0600, "one", 3, NULL), 0);
    assert_int_equal(mkdirat(place.fd, "folder", 0700), 0);
    assert_true(file_write(place.fd, "folder", 0600, "x", 1, &err) < 0);
    assert_non_null(strstr(err.message, "cannot write folder: "));
    fixture_write(place.path, ".new-other", "");
    assert_int_equal(directory_remove_leftovers(place.fd, NULL), 0);
    assert_int_equal(faccessat(place.fd, ".new-other", F_OK, 0), -1);
    assert_int_equal(directory_list(place.fd, 10, &names, NULL), 0);
    assert_int_equal(names.count, 2);
}

TEST(a_link_in_the_files_place_is_replaced_and_not_followed)
{
    AUTO(place_free) struct place place = place_new();

    fixture_write(place.path, "target", "keep");
    fixture_link(place.path, "a", "target");
    assert_int_equal(file_write(place.fd, "a", 0600, "new", 3, NULL), 0);
    assert_content(&place, "target", "keep");
    assert_content(&place, "a", "new");
}

TEST(reads_regular_files_only)
{
    AUTO(place_free) struct place place = place_new();
    AUTO(text_clear) struct text text = {0};
    struct error err = {0};

    fixture_write(place.path, "target", "x");
    fixture_link(place.path, "link", "target");
    fixture_make_folder(place.path, "folder");
    assert_int_equal(mkfifoat(place.fd, "fifo", 0600), 0);
    assert_int_equal(file_read(place.fd, "link", 10, &text, NULL), -ELOOP);
    assert_int_equal(file_read(place.fd, "fifo", 10, &text, &err), -EBADF);
    assert_string_equal(err.message, "fifo is not a regular file");
    assert_int_equal(file_read(place.fd, "folder", 10, &text, NULL), -EBADF);
    assert_int_equal(file_read(place.fd, "none", 10, &text, NULL), -ENOENT);
    assert_int_equal(text.length, 0);
}

TEST(reads_up_to_the_limit)
{
    AUTO(place_free) struct place place = place_new();
    AUTO(text_clear) struct text text = {0};

    fixture_write(place.path, "a", "12345");
    assert_int_equal(file_read(place.fd, "a", 4, &text, NULL), -EFBIG);
    text_truncate(&text, 0);
    assert_int_equal(file_read(place.fd, "a", 5, &text, NULL), 0);
    assert_string_equal(text_string(&text), "12345");
}

/* The size limit of a process stands in for a full disk: the write fails half way. */
TEST(a_write_that_fails_half_way_leaves_the_old_file)
{
    AUTO(place_free) struct place place = place_new();
    AUTO(text_list_clear) struct text_list names = {0};
    static char large[8192];
    AUTO(sysroot_close) struct sysroot root = {.fd = -1};
    struct rlimit limit, before;
    int r;

    assert_int_equal(file_write(place.fd, "a", 0600, "old", 3, NULL), 0);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = before;
    limit.rlim_cur = 4096;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    r = file_write(place.fd, "a", 0600, large, sizeof(large), NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    assert_int_equal(r, -EFBIG);
    assert_content(&place, "a", "old");
    /* This list has the hidden names, too. */
    assert_int_equal(sysroot_open(place.path, &root, NULL), 0);
    assert_int_equal(sysroot_list(&root, "/", 10, &names, NULL), 0);
    assert_int_equal(names.count, 1);
}

TEST(removes_once_and_is_content_the_second_time)
{
    AUTO(place_free) struct place place = place_new();

    fixture_write(place.path, "a", "");
    assert_int_equal(file_remove(place.fd, "a", NULL), 0);
    assert_int_equal(file_remove(place.fd, "a", NULL), 0);
    fixture_make_folder(place.path, "folder");
    assert_true(file_remove(place.fd, "folder", NULL) < 0);
}

TEST(lists_in_byte_order_without_hidden_names)
{
    AUTO(place_free) struct place place = place_new();
    AUTO(text_list_clear) struct text_list names = {0};
    struct error err = {0};

    fixture_write(place.path, "b", "");
    fixture_write(place.path, "a10", "");
    fixture_write(place.path, "a9", "");
    fixture_write(place.path, "B", "");
    fixture_write(place.path, ".hidden", "");
    assert_int_equal(directory_list(place.fd, 4, &names, NULL), 0);
    assert_int_equal(names.count, 4);
    assert_string_equal(names.items[0], "B");
    assert_string_equal(names.items[1], "a10");
    assert_string_equal(names.items[2], "a9");
    text_list_clear(&names);
    assert_int_equal(directory_list(place.fd, 3, &names, &err), -EFBIG);
    assert_string_equal(err.message, "a folder has more than 3 files");
}

TEST(makes_a_folder_with_exactly_this_mode)
{
    AUTO(place_free) struct place place = place_new();
    AUTO(text_clear) struct text path = {0};
    mode_t before = umask(0777);

    text_add_format(&path, "%s/new", place.path);
    assert_int_equal(directory_create(path.bytes, 02750, NULL), 0);
    (void)umask(before);
    assert_int_equal(mode_of(&place, "new"), 02750);
    assert_int_equal(directory_create(path.bytes, 0700, NULL), 0);
    assert_int_equal(mode_of(&place, "new"), 02750);
}

TEST(a_link_or_a_file_is_no_folder)
{
    AUTO(place_free) struct place place = place_new();
    AUTO(text_clear) struct text link = {0}, file = {0};

    text_add_format(&link, "%s/link", place.path);
    text_add_format(&file, "%s/file", place.path);
    fixture_link(place.path, "link", "/tmp");
    fixture_write(place.path, "file", "");
    assert_true(directory_open(link.bytes, NULL) < 0);
    assert_true(directory_open(file.bytes, NULL) < 0);
    assert_int_equal(directory_create(link.bytes, 0700, NULL), -ENOTDIR);
    assert_int_equal(directory_create(file.bytes, 0700, NULL), -ENOTDIR);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(writes_with_exactly_this_mode_whatever_the_umask),
        RUN(replaces_the_file_and_not_its_content),
        RUN(writing_leaves_nothing_else_behind),
        RUN(a_link_in_the_files_place_is_replaced_and_not_followed),
        RUN(reads_regular_files_only),
        RUN(reads_up_to_the_limit),
        RUN(a_write_that_fails_half_way_leaves_the_old_file),
        RUN(removes_once_and_is_content_the_second_time),
        RUN(lists_in_byte_order_without_hidden_names),
        RUN(makes_a_folder_with_exactly_this_mode),
        RUN(a_link_or_a_file_is_no_folder),
    };

    return RUN_ALL(tests);
}
