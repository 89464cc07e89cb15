#include "server-api/store/store.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "server-api/http/exchange.h"
#include "server-api/store/database.h"
#include "server-api/store/migration.h"
#include "tests/support/fixture.h"
#include "tests/support/store_world.h"
#include "tests/support/test.h"

/* A folder with a path in it for a database that is not there yet. */
struct place_for {
    char *folder;
    char *path;
};

static struct place_for new_place(void)
{
    struct place_for place = {.folder = fixture_new_folder()};
    struct text path = {0};

    text_add_format(&path, "%s/store.db", place.folder);
    place.path = text_take(&path);
    return place;
}

static void remove_place(struct place_for *place)
{
    fixture_remove(place->folder);
    free(place->path);
}

TEST(makes_a_database_that_only_its_owner_reads)
{
    AUTO(remove_place) struct place_for place = new_place();
    AUTO(auto_store_close) struct store *store = NULL;
    struct stat status;

    assert_int_equal(store_open(place.path, false, &store, NULL), -ENOENT);
    assert_int_equal(store_open(place.path, true, &store, NULL), 0);
    assert_int_equal(stat(place.path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
}

static void assert_refused(const char *path, int code, const char *words)
{
    struct store *store = NULL;
    struct error err = {0};

    assert_int_equal(store_open(path, false, &store, &err), code);
    assert_non_null(strstr(err.message, path));
    if (strstr(err.message, words) == NULL)
        fail_msg("%s", err.message);
}

TEST(a_damaged_file_gives_one_clear_line)
{
    AUTO(remove_place) struct place_for place = new_place();
    char garbage[8192];

    memset(garbage, 'x', sizeof(garbage));
    fixture_write_bytes(place.folder, "store.db", garbage, sizeof(garbage));
    assert_refused(place.path, -EIO, "put back a backup");
}

TEST(a_file_damaged_behind_its_start_gives_one_clear_line)
{
    AUTO(remove_place) struct place_for place = new_place();
    AUTO(auto_store_close) struct store *store = NULL;
    char garbage[8192];

    assert_int_equal(store_open(place.path, true, &store, NULL), 0);
    store_close(TAKE(store));
    memcpy(garbage, "SQLite format 3", 16);
    memset(garbage + 16, 'x', sizeof(garbage) - 16);
    fixture_write_bytes(place.folder, "store.db", garbage, sizeof(garbage));
    assert_refused(place.path, -EIO, "put back a backup");
}

TEST(another_programs_database_is_left_alone)
{
    AUTO(remove_place) struct place_for place = new_place();
    AUTO(auto_store_close) struct store *store = NULL;

    assert_int_equal(store_open(place.path, true, &store, NULL), 0);
    assert_int_equal(database_run(store, "PRAGMA application_id = 7", NULL), 0);
    store_close(TAKE(store));
    assert_refused(place.path, -EINVAL, "another program");
}

TEST(a_newer_database_is_refused)
{
    AUTO(remove_place) struct place_for place = new_place();
    AUTO(auto_store_close) struct store *store = NULL;

    assert_int_equal(store_open(place.path, true, &store, NULL), 0);
    assert_int_equal(database_run(store, "PRAGMA user_version = 99", NULL), 0);
    store_close(TAKE(store));
    assert_refused(place.path, -EINVAL, "newer version");
}

TEST(migrations_run_once_each_and_all_or_nothing)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    const struct migration next[] = {
        all_migrations[0],
        all_migrations[1],
        {"0003_more", "CREATE TABLE more (organisation TEXT NOT NULL PRIMARY KEY) STRICT"},
        {"0004_broken", "CREATE TABLE half (a TEXT) STRICT; CREATE TABLE organisation (a)"},
        {NULL, NULL},
    };
    struct error err = {0};

    assert_int_equal(migration_run(world->store, next, &err), -EIO);
    assert_non_null(strstr(err.message, "0004_broken"));
    assert_int_equal(store_world_number(world, "PRAGMA user_version"), 3);
    assert_int_equal(store_world_number(world, "SELECT count(*) FROM sqlite_schema WHERE name IN "
                                               "('more', 'half')"),
                     1);
}

#define OPENERS 6

static void open_and_exit(const char *path)
{
    struct store *store = NULL;
    struct error err = {0};

    if (store_open(path, true, &store, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.message);
        _exit(1);
    }
    store_close(store);
    _exit(0);
}

TEST(many_may_open_a_new_database_at_once)
{
    for (int round = 0; round < 5; round++) {
        AUTO(remove_place) struct place_for place = new_place();
        pid_t openers[OPENERS];

        for (int i = 0; i < OPENERS; i++) {
            openers[i] = fork();
            if (openers[i] == 0)
                open_and_exit(place.path);
        }
        for (int i = 0; i < OPENERS; i++) {
            int status = -1;

            assert_int_equal(waitpid(openers[i], &status, 0), openers[i]);
            assert_int_equal(status, 0);
        }
    }
}

struct opener {
    const char *path;
    struct store *store;
    struct error err;
    int result;
};

static void *open_it(void *context)
{
    struct opener *opener = context;

    opener->result = store_open(opener->path, true, &opener->store, &opener->err);
    return NULL;
}

/* What another one that makes the same database does, in slow motion. */
TEST(waits_for_another_that_makes_the_same_database)
{
    AUTO(remove_place) struct place_for place = new_place();
    AUTO(auto_store_close) struct store *other = NULL;
    struct opener opener = {.path = place.path};
    const struct timespec while_it_works = {.tv_nsec = 200000000};
    pthread_t thread;

    assert_int_equal(store_open(place.path, true, &other, NULL), 0);
    assert_int_equal(database_run(other, "PRAGMA journal_mode = DELETE; BEGIN IMMEDIATE", NULL), 0);
    assert_int_equal(pthread_create(&thread, NULL, open_it, &opener), 0);
    (void)nanosleep(&while_it_works, NULL);
    assert_int_equal(database_run(other, "COMMIT", NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (opener.result < 0)
        fail_msg("%s", opener.err.message);
    store_close(opener.store);
}

TEST(every_key_starts_with_the_organisation)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();

    assert_int_equal(
        store_world_number(world, "SELECT count(*) FROM sqlite_schema AS t WHERE t.type = 'table' "
                                  "AND (SELECT name FROM pragma_table_info(t.name) WHERE pk = 1) "
                                  "IS NOT 'organisation'"),
        0);
}

TEST(organisations_have_names_and_identifiers)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    char id[ORGANISATION_ID_SIZE], found[ORGANISATION_ID_SIZE];

    assert_int_equal(store_add_organisation(world->store, "Gullhaven Rescue", 1, id, NULL), 0);
    assert_int_equal(strspn(id, "abcdefghijklmnopqrstuvwxyz234567"), 16);
    assert_int_equal(store_find_organisation(world->store, "Gullhaven Rescue", found, NULL), 0);
    assert_string_equal(found, id);
    assert_int_equal(store_find_organisation(world->store, id, found, NULL), 0);
    assert_string_equal(found, id);
    assert_int_equal(store_find_organisation(world->store, "gullhaven", found, NULL), -ENOENT);
}

TEST(refuses_names_that_cannot_be_told_apart_or_shown)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    char id[ORGANISATION_ID_SIZE], long_name[ORGANISATION_NAME_SIZE + 1] = {0};
    struct store *store = world->store;

    memset(long_name, 'x', ORGANISATION_NAME_SIZE);
    assert_int_equal(store_add_organisation(store, "Ambervoort Relief", 1, id, NULL), -EEXIST);
    assert_int_equal(store_add_organisation(store, TEST_ORGANISATION, 1, id, NULL), -EEXIST);
    assert_int_equal(store_add_organisation(store, "", 1, id, NULL), -EINVAL);
    assert_int_equal(store_add_organisation(store, long_name, 1, id, NULL), -EINVAL);
    assert_int_equal(store_add_organisation(store, "a\nb", 1, id, NULL), -EINVAL);
    assert_int_equal(store_add_organisation(store, "a\xff", 1, id, NULL), -EINVAL);
}

static struct peer peer_with(const struct certificate *certificate)
{
    struct peer peer = {.has_certificate = true};

    assert_int_equal(certificate_machine(certificate, peer.organisation, peer.machine, NULL), 0);
    certificate_spki_digest(certificate, &peer.spki);
    return peer;
}

TEST(knows_a_machine_by_its_tls_key_alone)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(auto_certificate_free) struct certificate *tls = NULL, *signing = NULL;
    struct machine_identity identity = {0};
    struct peer peer;

    assert_int_equal(signing_key_generate(&key, NULL), 0);
    tls = authority_issue(world->authority, CERTIFICATE_TLS_CLIENT, key);
    signing = authority_issue(world->authority, CERTIFICATE_SIGNING, world->receipt_key);
    peer = peer_with(tls);
    assert_int_equal(store_identify(world->store, &peer, &identity, NULL), -EACCES);
    assert_int_equal(
        store_add_certificate(world->store, TEST_ORGANISATION, TEST_MACHINE, tls, 1, NULL), 0);
    assert_int_equal(store_identify(world->store, &peer, &identity, NULL), 0);
    assert_null(identity.signing);
    assert_false(identity.revoked);
    assert_string_equal(identity.label, "field-07");

    assert_int_equal(
        store_add_certificate(world->store, TEST_ORGANISATION, TEST_MACHINE, signing, 1, NULL), 0);
    assert_int_equal(store_identify(world->store, &peer, &identity, NULL), 0);
    assert_non_null(identity.signing);

    certificate_spki_digest(signing, &peer.spki);
    assert_int_equal(store_identify(world->store, &peer, &identity, NULL), -EACCES);
    peer = peer_with(tls);
    memset(peer.organisation, 'z', ORGANISATION_ID_SIZE - 1);
    assert_int_equal(store_identify(world->store, &peer, &identity, NULL), -EACCES);
    peer = peer_with(tls);
    peer.has_certificate = false;
    assert_int_equal(store_identify(world->store, &peer, &identity, NULL), -EACCES);
}

static void assert_signs_with(const struct store_world *world, const struct peer *peer,
                              const struct certificate *expected)
{
    struct machine_identity identity = {0};
    struct digest wanted, answered;

    assert_int_equal(store_identify(world->store, peer, &identity, NULL), 0);
    assert_non_null(identity.signing);
    certificate_digest(expected, &wanted);
    certificate_digest(identity.signing, &answered);
    assert_true(digest_equal(&wanted, &answered));
}

TEST(a_new_signing_certificate_and_a_revocation_count_at_once)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(auto_certificate_free) struct certificate *tls = NULL, *first = NULL, *second = NULL;
    struct machine_identity identity = {0};
    struct peer peer;

    assert_int_equal(signing_key_generate(&key, NULL), 0);
    tls = authority_issue(world->authority, CERTIFICATE_TLS_CLIENT, key);
    first = authority_issue(world->authority, CERTIFICATE_SIGNING, world->receipt_key);
    second = authority_issue(world->authority, CERTIFICATE_SIGNING, key);
    peer = peer_with(tls);
    assert_int_equal(
        store_add_certificate(world->store, TEST_ORGANISATION, TEST_MACHINE, tls, 1, NULL), 0);
    assert_int_equal(
        store_add_certificate(world->store, TEST_ORGANISATION, TEST_MACHINE, first, 1, NULL), 0);
    assert_signs_with(world, &peer, first);
    assert_signs_with(world, &peer, first);
    assert_int_equal(
        store_add_certificate(world->store, TEST_ORGANISATION, TEST_MACHINE, second, 2, NULL), 0);
    assert_signs_with(world, &peer, second);

    assert_int_equal(store_revoke_machine(world->store, TEST_ORGANISATION, TEST_MACHINE, 9, NULL),
                     0);
    assert_int_equal(store_identify(world->store, &peer, &identity, NULL), 0);
    assert_true(identity.revoked);
}

TEST(a_revoked_machine_is_known_as_revoked)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    AUTO(auto_certificate_free)
    struct certificate *tls =
        authority_issue(world->authority, CERTIFICATE_TLS_CLIENT, world->receipt_key);
    struct machine_identity identity = {0};
    struct peer peer = peer_with(tls);

    assert_int_equal(
        store_add_certificate(world->store, TEST_ORGANISATION, TEST_MACHINE, tls, 1, NULL), 0);
    assert_int_equal(store_revoke_machine(world->store, TEST_ORGANISATION, TEST_MACHINE, 9, NULL),
                     0);
    assert_int_equal(store_revoke_machine(world->store, TEST_ORGANISATION, TEST_MACHINE, 10, NULL),
                     0);
    assert_int_equal(store_world_number(world, "SELECT revoked_at FROM machine"), 9);
    assert_int_equal(store_identify(world->store, &peer, &identity, NULL), 0);
    assert_true(identity.revoked);
    assert_int_equal(store_revoke_machine(world->store, TEST_ORGANISATION, "nobody", 9, NULL),
                     -ENOENT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(makes_a_database_that_only_its_owner_reads),
        RUN(a_damaged_file_gives_one_clear_line),
        RUN(a_file_damaged_behind_its_start_gives_one_clear_line),
        RUN(another_programs_database_is_left_alone),
        RUN(a_newer_database_is_refused),
        RUN(migrations_run_once_each_and_all_or_nothing),
        RUN(many_may_open_a_new_database_at_once),
        RUN(waits_for_another_that_makes_the_same_database),
        RUN(every_key_starts_with_the_organisation),
        RUN(organisations_have_names_and_identifiers),
        RUN(refuses_names_that_cannot_be_told_apart_or_shown),
        RUN(knows_a_machine_by_its_tls_key_alone),
        RUN(a_new_signing_certificate_and_a_revocation_count_at_once),
        RUN(a_revoked_machine_is_known_as_revoked),
    };

    return RUN_ALL(tests);
}
