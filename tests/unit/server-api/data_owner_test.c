#include "server-api/data_owner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/test.h"

#define OWNER 64300U

struct place {
    char folder[64];
    char inside[96];
    char outside[96];
};

static void write_file(const char *path)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static void make_place(struct place *place)
{
    (void)snprintf(place->folder, sizeof(place->folder), "/tmp/data-owner-XXXXXX");
    assert_non_null(mkdtemp(place->folder));
    (void)snprintf(place->inside, sizeof(place->inside), "%s/file", place->folder);
    (void)snprintf(place->outside, sizeof(place->outside), "%s.outside", place->folder);
    assert_int_equal(chown(place->folder, OWNER, OWNER), 0);
    write_file(place->outside);
}

static void remove_place(const struct place *place)
{
    (void)unlink(place->inside);
    (void)unlink(place->outside);
    assert_int_equal(rmdir(place->folder), 0);
}

static uid_t owner_of(const char *path)
{
    struct stat status;

    assert_int_equal(lstat(path, &status), 0);
    return status.st_uid;
}

static void need_root(void)
{
    if (geteuid() != 0)
        skip();
}

TEST(gives_a_file_to_the_owner_of_the_folder)
{
    struct place place;

    need_root();
    make_place(&place);
    write_file(place.inside);
    assert_int_equal(data_owner_give(place.folder, NULL), 0);
    assert_int_equal(owner_of(place.inside), OWNER);
    remove_place(&place);
}

TEST(gives_away_no_file_that_has_a_second_name)
{
    struct place place;

    need_root();
    make_place(&place);
    assert_int_equal(link(place.outside, place.inside), 0);
    assert_int_equal(data_owner_give(place.folder, NULL), -EINVAL);
    assert_int_equal(owner_of(place.outside), 0);
    remove_place(&place);
}

TEST(gives_away_no_file_through_a_link)
{
    struct place place;

    need_root();
    make_place(&place);
    assert_int_equal(symlink(place.outside, place.inside), 0);
    assert_int_equal(data_owner_give(place.folder, NULL), -EINVAL);
    assert_int_equal(owner_of(place.outside), 0);
    remove_place(&place);
}

TEST(leaves_a_folder_of_roots_own_alone)
{
    struct place place;

    need_root();
    make_place(&place);
    assert_int_equal(chown(place.folder, 0, 0), 0);
    write_file(place.inside);
    assert_int_equal(data_owner_give(place.folder, NULL), 0);
    assert_int_equal(data_owner_become(place.folder, NULL), 0);
    assert_int_equal(geteuid(), 0);
    remove_place(&place);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(gives_a_file_to_the_owner_of_the_folder),
        RUN(gives_away_no_file_that_has_a_second_name),
        RUN(gives_away_no_file_through_a_link),
        RUN(leaves_a_folder_of_roots_own_alone),
    };

    return RUN_ALL(tests);
}
