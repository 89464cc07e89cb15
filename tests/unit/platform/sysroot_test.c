#include "platform/sysroot.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "platform/text_list.h"
#include "tests/support/fixture.h"
#include "tests/support/test.h"

#define NOBODY 65534U

/* A folder with a secret, and in it a root that must not lead out to the secret. */
struct place {
    char *outside;
    char *inside;
    struct sysroot root;
};

static struct place place_new(void)
{
    struct place place = {.outside = fixture_new_folder()};
    struct text inside = {0};

    fixture_write(place.outside, "secret", "secret");
    fixture_make_folder(place.outside, "root");
    text_add_format(&inside, "%s/root", place.outside);
    place.inside = text_take(&inside);
    assert_int_equal(sysroot_open(place.inside, &place.root, NULL), 0);
    return place;
}

static void place_free(struct place *place)
{
    sysroot_close(&place->root);
    sysroot_close(&place->root);
    free(place->inside);
    fixture_remove(place->outside);
}

static int read_text(const struct place *place, const char *path)
{
    AUTO_FREE char *text = NULL;

    return sysroot_read_text(&place->root, path, 1000, &text, NULL);
}

static void assert_reads(const struct place *place, const char *path, const char *expected)
{
    AUTO_FREE char *text = NULL;

    assert_int_equal(sysroot_read_text(&place->root, path, 1000, &text, NULL), 0);
    assert_string_equal(text, expected);
}

TEST(no_link_leads_out)
{
    AUTO(place_free) struct place place = place_new();
    AUTO(text_clear) struct text absolute = {0};

    text_add_format(&absolute, "%s/secret", place.outside);
    fixture_link(place.inside, "absolute", absolute.bytes);
    fixture_link(place.inside, "relative", "../secret");
    fixture_link(place.inside, "folder", "..");
    fixture_link(place.inside, "self", "/proc/self/cwd");
    assert_int_equal(read_text(&place, "/absolute"), -ENOENT);
    assert_int_equal(read_text(&place, "/relative"), -ENOENT);
    assert_int_equal(read_text(&place, "/folder/secret"), -ENOENT);
    assert_int_equal(read_text(&place, "/../secret"), -ENOENT);
    assert_int_equal(read_text(&place, "../secret"), -ENOENT);
    assert_int_equal(read_text(&place, "/self/secret"), -ENOENT);
}

TEST(an_absolute_link_stays_within_the_root)
{
    AUTO(place_free) struct place place = place_new();

    fixture_write(place.inside, "usr/lib/os-release", "ID=x\n");
    fixture_link(place.inside, "etc/os-release", "/usr/lib/os-release");
    fixture_link(place.inside, "up", "../../../../usr/lib/os-release");
    assert_reads(&place, "/etc/os-release", "ID=x\n");
    assert_reads(&place, "/up", "ID=x\n");
}

TEST(a_loop_of_links_ends)
{
    AUTO(place_free) struct place place = place_new();

    fixture_link(place.inside, "a", "b");
    fixture_link(place.inside, "b", "a");
    assert_int_equal(read_text(&place, "/a"), -ELOOP);
}

TEST(does_not_wait_for_a_fifo_or_read_a_device)
{
    AUTO(place_free) struct place place = place_new();
    AUTO(text_clear) struct text fifo = {0}, device = {0};

    text_add_format(&fifo, "%s/fifo", place.inside);
    text_add_format(&device, "%s/zero", place.inside);
    assert_int_equal(mkfifo(fifo.bytes, 0600), 0);
    assert_int_equal(read_text(&place, "/fifo"), -EBADF);
    fixture_make_folder(place.inside, "folder");
    assert_int_equal(read_text(&place, "/folder"), -EBADF);
    if (mknod(device.bytes, S_IFCHR | 0600, makedev(1, 5)) == 0)
        assert_true(read_text(&place, "/zero") < 0);
}

TEST(opens_an_image_as_a_block_device_but_nothing_else)
{
    AUTO(place_free) struct place place = place_new();
    int fd;

    fixture_write(place.inside, "image", "x");
    fixture_make_folder(place.inside, "folder");
    fd = sysroot_open_block(&place.root, "/image", NULL);
    assert_true(fd >= 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    (void)close(fd);
    assert_int_equal(sysroot_open_block(&place.root, "/folder", NULL), -EBADF);
}

TEST(says_which_file_and_why)
{
    AUTO(place_free) struct place place = place_new();
    AUTO_FREE char *text = NULL;
    struct error err = {0};

    assert_int_equal(sysroot_read_text(&place.root, "/none", 10, &text, &err), -ENOENT);
    assert_string_equal(err.message, "cannot open /none: No such file or directory");
    fixture_write(place.inside, "large", "12345");
    assert_int_equal(sysroot_read_text(&place.root, "/large", 4, &text, &err), -EFBIG);
    assert_string_equal(err.message, "/large is larger than 4 bytes");
    fixture_write_bytes(place.inside, "nul", "a\0b", 3);
    assert_int_equal(sysroot_read_text(&place.root, "/nul", 10, &text, &err), -EBADMSG);
    assert_string_equal(err.message, "/nul contains a NUL byte");
    assert_null(text);
}

/* Runs the question as another user, since root may read everything. */
static int as_nobody(const struct place *place, const char *path)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        if (setresgid(NOBODY, NOBODY, NOBODY) < 0 || setresuid(NOBODY, NOBODY, NOBODY) < 0)
            _exit(99);
        _exit(-read_text(place, path));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return -WEXITSTATUS(status);
}

TEST(what_it_may_not_read_is_not_permitted_and_not_missing)
{
    AUTO(place_free) struct place place = place_new();
    AUTO(text_clear) struct text file = {0}, folder = {0};

    fixture_write(place.inside, "file", "x");
    fixture_write(place.inside, "folder/file", "x");
    text_add_format(&file, "%s/file", place.inside);
    text_add_format(&folder, "%s/folder", place.inside);
    assert_int_equal(chmod(file.bytes, 0), 0);
    assert_int_equal(chmod(folder.bytes, 0), 0);
    assert_int_equal(chmod(place.inside, 0755), 0);
    if (geteuid() != 0) {
        assert_int_equal(read_text(&place, "/file"), -EACCES);
        assert_int_equal(read_text(&place, "/folder/file"), -EACCES);
    } else {
        assert_int_equal(as_nobody(&place, "/file"), -EACCES);
        assert_int_equal(as_nobody(&place, "/folder/file"), -EACCES);
    }
    assert_int_equal(chmod(folder.bytes, 0700), 0);
}

TEST(tells_what_exists)
{
    AUTO(place_free) struct place place = place_new();
    bool exists = false;

    fixture_write(place.inside, "a", "");
    fixture_link(place.inside, "dangling", "none");
    assert_int_equal(sysroot_exists(&place.root, "/a", &exists, NULL), 0);
    assert_true(exists);
    assert_int_equal(sysroot_exists(&place.root, "/dangling", &exists, NULL), 0);
    assert_false(exists);
    assert_int_equal(sysroot_exists(&place.root, "/a/b", &exists, NULL), 0);
    assert_false(exists);
}

TEST(reads_one_line)
{
    AUTO(place_free) struct place place = place_new();
    AUTO_FREE char *line = NULL, *empty = NULL;

    fixture_write(place.inside, "line", "one\ntwo\n");
    fixture_write(place.inside, "empty", "");
    assert_int_equal(sysroot_read_line(&place.root, "/line", &line, NULL), 0);
    assert_string_equal(line, "one");
    assert_int_equal(sysroot_read_line(&place.root, "/empty", &empty, NULL), 0);
    assert_string_equal(empty, "");
}

TEST(reads_a_link_itself)
{
    AUTO(place_free) struct place place = place_new();
    AUTO_FREE char *target = NULL;

    fixture_link(place.inside, "link", "../../devices/x");
    fixture_write(place.inside, "file", "");
    assert_int_equal(sysroot_read_link(&place.root, "/link", &target, NULL), 0);
    assert_string_equal(target, "../../devices/x");
    free(TAKE(target));
    assert_int_equal(sysroot_read_link(&place.root, "/file", &target, NULL), -EINVAL);
    assert_int_equal(sysroot_read_link(&place.root, "/none", &target, NULL), -ENOENT);
}

TEST(lists_a_folder_in_byte_order_up_to_the_limit)
{
    AUTO(place_free) struct place place = place_new();
    AUTO(text_list_clear) struct text_list names = {0};

    fixture_write(place.inside, "d/b", "");
    fixture_write(place.inside, "d/.a", "");
    fixture_write(place.inside, "d/B", "");
    assert_int_equal(sysroot_list(&place.root, "/d", 3, &names, NULL), 0);
    assert_int_equal(names.count, 3);
    assert_string_equal(names.items[0], ".a");
    assert_string_equal(names.items[1], "B");
    text_list_clear(&names);
    assert_int_equal(sysroot_list(&place.root, "/d", 2, &names, NULL), -EFBIG);
    assert_int_equal(sysroot_list(&place.root, "/d/b", 2, &names, NULL), -ENOTDIR);
    assert_int_equal(sysroot_list(&place.root, "/none", 2, &names, NULL), -ENOENT);
}

TEST(a_root_must_be_a_folder)
{
    AUTO(place_free) struct place place = place_new();
    AUTO(text_clear) struct text path = {0};
    struct sysroot root;
    struct error err = {0};

    text_add_format(&path, "%s/secret", place.outside);
    assert_int_equal(sysroot_open(path.bytes, &root, &err), -ENOTDIR);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(no_link_leads_out),
        RUN(an_absolute_link_stays_within_the_root),
        RUN(a_loop_of_links_ends),
        RUN(does_not_wait_for_a_fifo_or_read_a_device),
        RUN(opens_an_image_as_a_block_device_but_nothing_else),
        RUN(says_which_file_and_why),
        RUN(what_it_may_not_read_is_not_permitted_and_not_missing),
        RUN(tells_what_exists),
        RUN(reads_one_line),
        RUN(reads_a_link_itself),
        RUN(lists_a_folder_in_byte_order_up_to_the_limit),
        RUN(a_root_must_be_a_folder),
    };

    return RUN_ALL(tests);
}
