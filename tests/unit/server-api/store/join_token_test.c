#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "server-api/store/database.h"
#include "server-api/store/store.h"
#include "tests/support/store_world.h"
#include "tests/support/test.h"

#define TOKEN   TEST_ORGANISATION ".aaaabbbbccccdddd"
#define EXPIRES (TEST_NOW + 3600)

static struct digest digest_named(const char *name)
{
    struct digest digest;

    digest_of(name, strlen(name), &digest);
    return digest;
}

static struct store_world *world_with_token(void)
{
    struct store_world *world = store_world_new();
    struct join_token token = {
        .id = TOKEN,
        .secret = digest_named("secret"),
        .label = "field-08",
        .expires_at = EXPIRES,
    };

    assert_int_equal(store_add_join_token(world->store, &token, TEST_NOW, NULL), 0);
    return world;
}

static struct token_use use_of(enum certificate_purpose purpose, const char *key)
{
    return (struct token_use){
        .token_id = TOKEN,
        .secret = digest_named("secret"),
        .purpose = purpose,
        .spki = digest_named(key),
    };
}

static int use_token(struct store_world *world, struct token_use *use, int64_t now)
{
    text_clear(&use->certificate);
    return store_use_join_token(world->store, use, now, NULL);
}

TEST(one_token_enrols_two_keys_of_one_machine)
{
    AUTO(auto_store_world_free) struct store_world *world = world_with_token();
    struct token_use tls = use_of(CERTIFICATE_TLS_CLIENT, "tls key");
    struct token_use signing = use_of(CERTIFICATE_SIGNING, "signing key");

    assert_int_equal(use_token(world, &tls, TEST_NOW), 0);
    assert_int_equal(use_token(world, &signing, TEST_NOW), 0);
    assert_string_equal(tls.organisation, TEST_ORGANISATION);
    assert_string_equal(tls.machine, signing.machine);
    assert_int_equal(strlen(tls.machine), 36);
    assert_int_equal(tls.certificate.length, 0);
    assert_int_equal(
        store_world_number(world, "SELECT count(*) FROM machine WHERE label = 'field-08'"), 1);
}

TEST(the_same_key_gets_the_same_certificate_for_a_day)
{
    AUTO(auto_store_world_free) struct store_world *world = world_with_token();
    AUTO(auto_certificate_free)
    struct certificate *certificate =
        authority_issue(world->authority, CERTIFICATE_TLS_CLIENT, world->receipt_key);
    AUTO(text_clear) struct text der = {0};
    struct token_use use = use_of(CERTIFICATE_TLS_CLIENT, "");

    certificate_spki_digest(certificate, &use.spki);
    certificate_to_der(certificate, &der);
    assert_int_equal(use_token(world, &use, TEST_NOW), 0);
    /* The answer was lost before a certificate was made: it may be made now. */
    assert_int_equal(use_token(world, &use, TEST_NOW + 60), 0);
    assert_int_equal(use.certificate.length, 0);
    assert_int_equal(store_add_certificate(world->store, use.organisation, use.machine, certificate,
                                           TEST_NOW, NULL),
                     0);
    assert_int_equal(use_token(world, &use, TEST_NOW + 86400), 0);
    assert_int_equal(use.certificate.length, der.length);
    assert_memory_equal(use.certificate.bytes, der.bytes, der.length);
    assert_int_equal(use_token(world, &use, TEST_NOW + 86401), -EACCES);
    text_clear(&use.certificate);
}

TEST(a_spent_token_is_refused_for_another_key)
{
    AUTO(auto_store_world_free) struct store_world *world = world_with_token();
    struct token_use use = use_of(CERTIFICATE_TLS_CLIENT, "tls key");
    struct token_use other = use_of(CERTIFICATE_TLS_CLIENT, "another key");

    assert_int_equal(use_token(world, &use, TEST_NOW), 0);
    assert_int_equal(use_token(world, &other, TEST_NOW), -EACCES);
}

TEST(every_refusal_sounds_the_same)
{
    AUTO(auto_store_world_free) struct store_world *world = world_with_token();
    struct token_use wrong = use_of(CERTIFICATE_TLS_CLIENT, "tls key");
    struct token_use unknown = wrong, late = wrong, malformed = wrong;
    struct error first = {0}, next = {0};

    wrong.secret = digest_named("guess");
    unknown.token_id = TEST_ORGANISATION ".zzzzzzzzzzzzzzzz";
    malformed.token_id = "' OR 1 --";
    assert_int_equal(store_use_join_token(world->store, &wrong, TEST_NOW, &first), -EACCES);
    assert_int_equal(store_use_join_token(world->store, &unknown, TEST_NOW, &next), -EACCES);
    assert_string_equal(first.message, next.message);
    assert_int_equal(store_use_join_token(world->store, &malformed, TEST_NOW, &next), -EACCES);
    assert_string_equal(first.message, next.message);
    assert_int_equal(store_use_join_token(world->store, &late, EXPIRES + 1, &next), -EACCES);
    assert_string_equal(first.message, next.message);
    assert_int_equal(store_world_number(world, "SELECT count(*) FROM machine"), 1);
    assert_int_equal(use_token(world, &late, EXPIRES), 0);
}

/* Guesses come from strangers: they must not stand in line with the machines that check in. */
TEST(a_guess_does_not_wait_for_who_writes)
{
    AUTO(auto_store_world_free) struct store_world *world = world_with_token();
    AUTO(auto_store_close) struct store *writer = NULL;
    struct token_use unknown = use_of(CERTIFICATE_TLS_CLIENT, "tls key"), wrong = unknown;
    int64_t begun = clock_since_boot();

    unknown.token_id = TEST_ORGANISATION ".zzzzzzzzzzzzzzzz";
    wrong.secret = digest_named("guess");
    assert_int_equal(store_open(world->database, false, &writer, NULL), 0);
    assert_int_equal(database_run(writer, "BEGIN IMMEDIATE", NULL), 0);
    assert_int_equal(use_token(world, &unknown, TEST_NOW), -EACCES);
    assert_int_equal(use_token(world, &wrong, TEST_NOW), -EACCES);
    assert_true(clock_since_boot() - begun < 5);
}

/* "Ask for a new join code" would be wrong advice when it is the server that is broken. */
TEST(a_database_that_cannot_be_written_is_no_refusal)
{
    AUTO(auto_store_world_free) struct store_world *world = world_with_token();
    struct token_use use = use_of(CERTIFICATE_TLS_CLIENT, "tls key");

    assert_int_equal(database_run(world->store, "PRAGMA query_only = ON", NULL), 0);
    assert_int_equal(use_token(world, &use, TEST_NOW), -EIO);
    assert_int_equal(database_run(world->store, "PRAGMA query_only = OFF", NULL), 0);
    assert_int_equal(use_token(world, &use, TEST_NOW), 0);
}

/* A machine asks again while its first request is still under way: both find no certificate. */
TEST(one_key_gets_one_certificate_from_two_requests_at_once)
{
    AUTO(auto_store_world_free) struct store_world *world = world_with_token();
    AUTO(auto_certificate_free)
    struct certificate *first =
        authority_issue(world->authority, CERTIFICATE_SIGNING, world->receipt_key);
    AUTO(auto_certificate_free)
    struct certificate *second =
        authority_issue(world->authority, CERTIFICATE_SIGNING, world->receipt_key);
    AUTO(text_clear) struct text der = {0};
    struct token_use use = use_of(CERTIFICATE_SIGNING, ""), again = use;

    certificate_spki_digest(first, &use.spki);
    certificate_spki_digest(first, &again.spki);
    certificate_to_der(first, &der);
    assert_int_equal(use_token(world, &use, TEST_NOW), 0);
    assert_int_equal(use_token(world, &again, TEST_NOW), 0);
    assert_string_equal(use.machine, again.machine);
    assert_int_equal(
        store_add_certificate(world->store, use.organisation, use.machine, first, TEST_NOW, NULL),
        0);
    assert_int_equal(store_add_certificate(world->store, again.organisation, again.machine, second,
                                           TEST_NOW + 1, NULL),
                     -EEXIST);
    assert_int_equal(use_token(world, &again, TEST_NOW + 1), 0);
    assert_int_equal(again.certificate.length, der.length);
    assert_memory_equal(again.certificate.bytes, der.bytes, der.length);
    text_clear(&again.certificate);
}

TEST(a_copied_disk_is_refused)
{
    AUTO(auto_store_world_free) struct store_world *world = world_with_token();
    struct join_token second = {
        .id = TEST_ORGANISATION ".eeeeffffgggghhhh",
        .secret = digest_named("secret"),
        .label = "field-09",
        .expires_at = EXPIRES,
    };
    struct token_use use = use_of(CERTIFICATE_TLS_CLIENT, "tls key");
    struct token_use copy = use, same_key_twice = use_of(CERTIFICATE_SIGNING, "tls key");

    assert_int_equal(store_add_join_token(world->store, &second, TEST_NOW, NULL), 0);
    assert_int_equal(use_token(world, &use, TEST_NOW), 0);
    copy.token_id = second.id;
    assert_int_equal(use_token(world, &copy, TEST_NOW), -EEXIST);
    assert_int_equal(use_token(world, &same_key_twice, TEST_NOW), -EEXIST);
}

TEST(a_token_of_a_revoked_machine_is_refused)
{
    AUTO(auto_store_world_free) struct store_world *world = world_with_token();
    struct token_use use = use_of(CERTIFICATE_TLS_CLIENT, "tls key");
    struct token_use signing = use_of(CERTIFICATE_SIGNING, "signing key");

    assert_int_equal(use_token(world, &use, TEST_NOW), 0);
    assert_int_equal(
        store_revoke_machine(world->store, use.organisation, use.machine, TEST_NOW, NULL), 0);
    assert_int_equal(use_token(world, &use, TEST_NOW), -EACCES);
    assert_int_equal(use_token(world, &signing, TEST_NOW), -EACCES);
}

TEST(refuses_a_label_or_identifier_that_is_none)
{
    AUTO(auto_store_world_free) struct store_world *world = store_world_new();
    struct join_token token = {.id = "short", .label = "a", .expires_at = EXPIRES};
    struct join_token named = {.id = TOKEN, .label = "a\nb", .expires_at = EXPIRES};

    assert_int_equal(store_add_join_token(world->store, &token, TEST_NOW, NULL), -EINVAL);
    assert_true(store_add_join_token(world->store, &named, TEST_NOW, NULL) < 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(one_token_enrols_two_keys_of_one_machine),
        RUN(the_same_key_gets_the_same_certificate_for_a_day),
        RUN(a_spent_token_is_refused_for_another_key),
        RUN(every_refusal_sounds_the_same),
        RUN(a_guess_does_not_wait_for_who_writes),
        RUN(a_database_that_cannot_be_written_is_no_refusal),
        RUN(one_key_gets_one_certificate_from_two_requests_at_once),
        RUN(a_copied_disk_is_refused),
        RUN(a_token_of_a_revoked_machine_is_refused),
        RUN(refuses_a_label_or_identifier_that_is_none),
    };

    return RUN_ALL(tests);
}
