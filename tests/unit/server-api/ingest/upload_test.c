#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "tests/support/answers.h"
#include "tests/support/test.h"

/* A machine that is known by both certificates, and what serves it. */
struct door {
    struct store_world *world;
    struct test_agent *agent;
    struct answers *answers;
    struct certificate *tls;
    struct peer peer;
};

static struct door open_door(void)
{
    struct door door = {.world = store_world_new()};
    struct store *store = door.world->store;

    door.agent = test_agent_new(door.world);
    door.tls =
        authority_issue(door.world->authority, CERTIFICATE_TLS_CLIENT, door.world->receipt_key);
    assert_int_equal(
        store_add_certificate(store, TEST_ORGANISATION, TEST_MACHINE, door.tls, 1, NULL), 0);
    assert_int_equal(store_add_certificate(store, TEST_ORGANISATION, TEST_MACHINE,
                                           door.agent->certificate, 1, NULL),
                     0);
    door.peer.has_certificate = true;
    memcpy(door.peer.organisation, TEST_ORGANISATION, ORGANISATION_ID_SIZE);
    memcpy(door.peer.machine, TEST_MACHINE, MACHINE_ID_SIZE);
    certificate_spki_digest(door.tls, &door.peer.spki);
    door.answers = answers_new(door.world);
    return door;
}

static void close_door(struct door *door)
{
    answers_free(door->answers);
    certificate_free(door->tls);
    test_agent_free(door->agent);
    store_world_free(door->world);
}

static void put(struct door *door, const char *address, const void *body, size_t length)
{
    struct exchange exchange = {
        .method = "PUT",
        .path = "/v1/snapshots/",
        .query = "",
        .parameter = address,
        .body = body,
        .body_length = length,
        .peer = door->peer,
    };

    answers_ask(door->answers, &ingest_routes[0], &exchange);
}

static void put_bytes(struct door *door, const void *body, size_t length)
{
    char address[DIGEST_HEX_SIZE];
    struct digest digest;

    digest_of(body, length, &digest);
    digest_to_hex(&digest, address);
    put(door, address, body, length);
}

/* The answer is a receipt that the machine believes, about these bytes. */
static void assert_signed(struct door *door, unsigned status, const struct digest *about,
                          enum receipt_result result, enum refusal_reason reason)
{
    const struct text *body = &door->answers->body;
    struct receipt receipt;
    struct error err = {0};

    assert_int_equal(door->answers->status, status);
    assert_string_equal(door->answers->content_type, "application/jose");
    if (receipt_read(text_string(body), body->length, door->world->authority->root, TEST_MACHINE,
                     about, door->world->now, door->world->now, &receipt, &err) < 0)
        fail_msg("%s", err.message);
    assert_int_equal(receipt.result, result);
    assert_int_equal(receipt.reason, reason);
}

TEST(accepts_a_snapshot_and_its_duplicate)
{
    AUTO(close_door) struct door door = open_door();
    AUTO(parcel_clear) struct parcel parcel = {0};
    AUTO(text_clear) struct text first = {0};

    test_agent_look(door.agent, door.world, &parcel);
    put_bytes(&door, parcel.bytes.bytes, parcel.bytes.length);
    assert_signed(&door, 200, &parcel.record.hash, RECEIPT_ACCEPTED, REFUSAL_NONE);
    text_add_string(&first, door.answers->body.bytes);
    put_bytes(&door, parcel.bytes.bytes, parcel.bytes.length);
    assert_string_equal(door.answers->body.bytes, first.bytes);
    assert_int_equal(store_world_number(door.world, "SELECT count(*) FROM snapshot"), 1);
}

TEST(answers_409_to_a_fork)
{
    AUTO(close_door) struct door door = open_door();
    AUTO(parcel_clear) struct parcel parcel = {0}, fork = {0};
    struct test_agent copy = *door.agent;

    copy.number = 9;
    test_agent_look(door.agent, door.world, &parcel);
    test_agent_look(&copy, door.world, &fork);
    put_bytes(&door, parcel.bytes.bytes, parcel.bytes.length);
    put_bytes(&door, fork.bytes.bytes, fork.bytes.length);
    assert_signed(&door, 409, &fork.record.hash, RECEIPT_FORK, REFUSAL_NONE);
}

/* Signed, the refusal would let a broken uploader make its machine throw away a snapshot that was
 * never here. */
TEST(signs_nothing_about_bytes_that_did_not_come)
{
    AUTO(close_door) struct door door = open_door();
    AUTO(parcel_clear) struct parcel parcel = {0};
    char address[DIGEST_HEX_SIZE];

    test_agent_look(door.agent, door.world, &parcel);
    digest_to_hex(&parcel.record.hash, address);
    put(&door, address, parcel.bytes.bytes, parcel.bytes.length - 1);
    assert_int_equal(door.answers->status, 400);
    assert_string_equal(door.answers->content_type, "text/plain");
    assert_int_equal(door.world->signatures, 0);
    assert_int_equal(store_world_number(door.world, "SELECT count(*) FROM snapshot"), 0);
}

TEST(refuses_a_tampered_snapshot_and_stores_nothing)
{
    AUTO(close_door) struct door door = open_door();
    AUTO(parcel_clear) struct parcel parcel = {0};
    struct digest digest;
    char *payload;

    test_agent_look(door.agent, door.world, &parcel);
    payload = strchr(parcel.bytes.bytes, '.') + 20;
    *payload = *payload == 'A' ? 'B' : 'A';
    digest_of(parcel.bytes.bytes, parcel.bytes.length, &digest);
    put_bytes(&door, parcel.bytes.bytes, parcel.bytes.length);
    assert_signed(&door, 403, &digest, RECEIPT_REFUSED, REFUSAL_SIGNATURE);
    assert_int_equal(store_world_number(door.world, "SELECT count(*) FROM snapshot"), 0);
}

TEST(refuses_what_is_no_snapshot)
{
    AUTO(close_door) struct door door = open_door();
    struct digest digest;

    digest_of("hello", 5, &digest);
    put_bytes(&door, "hello", 5);
    assert_signed(&door, 400, &digest, RECEIPT_REFUSED, REFUSAL_MALFORMED);
    digest_of("", 0, &digest);
    put_bytes(&door, "", 0);
    assert_signed(&door, 400, &digest, RECEIPT_REFUSED, REFUSAL_MALFORMED);
}

TEST(refuses_a_revoked_machine)
{
    AUTO(close_door) struct door door = open_door();
    AUTO(parcel_clear) struct parcel parcel = {0};

    assert_int_equal(
        store_revoke_machine(door.world->store, TEST_ORGANISATION, TEST_MACHINE, 1, NULL), 0);
    test_agent_look(door.agent, door.world, &parcel);
    put_bytes(&door, parcel.bytes.bytes, parcel.bytes.length);
    assert_signed(&door, 403, &parcel.record.hash, RECEIPT_REFUSED, REFUSAL_REVOKED);
    /* Whatever it sends. */
    digest_of("hello", 5, &parcel.record.hash);
    put_bytes(&door, "hello", 5);
    assert_signed(&door, 403, &parcel.record.hash, RECEIPT_REFUSED, REFUSAL_REVOKED);
}

TEST(tells_a_stranger_to_try_later)
{
    AUTO(close_door) struct door door = open_door();
    AUTO(parcel_clear) struct parcel parcel = {0};

    /* A server put back to before this machine joined must not make it throw anything away. */
    door.peer.spki.bytes[0] ^= 1;
    test_agent_look(door.agent, door.world, &parcel);
    put_bytes(&door, parcel.bytes.bytes, parcel.bytes.length);
    assert_int_equal(door.answers->status, 403);
    assert_string_equal(door.answers->content_type, "text/plain");
}

TEST(asks_for_the_digest_in_the_address)
{
    AUTO(close_door) struct door door = open_door();

    put(&door, "1234", "hello", 5);
    assert_int_equal(door.answers->status, 400);
    put(&door, "ABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCDEFABCD", "hello", 5);
    assert_int_equal(door.answers->status, 400);
}

TEST(a_keeper_that_fails_means_try_later)
{
    AUTO(close_door) struct door door = open_door();
    AUTO(parcel_clear) struct parcel parcel = {0};

    door.world->signer_fails = true;
    test_agent_look(door.agent, door.world, &parcel);
    put_bytes(&door, parcel.bytes.bytes, parcel.bytes.length);
    assert_int_equal(door.answers->status, 503);
    assert_string_equal(door.answers->extra_header, "Retry-After: 60");
    put_bytes(&door, "hello", 5);
    assert_int_equal(door.answers->status, 503);
    door.world->signer_fails = false;
    put_bytes(&door, parcel.bytes.bytes, parcel.bytes.length);
    assert_signed(&door, 200, &parcel.record.hash, RECEIPT_ACCEPTED, REFUSAL_NONE);
}

TEST(only_machines_with_a_certificate_reach_it)
{
    assert_true(ingest_routes[0].needs_certificate);
    assert_int_equal(ingest_routes[0].listener, LISTENER_AGENTS);
    assert_int_equal(ingest_routes[0].max_body, SNAPSHOT_MAX_SIZE);
    assert_null(ingest_routes[1].method);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(accepts_a_snapshot_and_its_duplicate),
        RUN(answers_409_to_a_fork),
        RUN(signs_nothing_about_bytes_that_did_not_come),
        RUN(refuses_a_tampered_snapshot_and_stores_nothing),
        RUN(refuses_what_is_no_snapshot),
        RUN(refuses_a_revoked_machine),
        RUN(tells_a_stranger_to_try_later),
        RUN(asks_for_the_digest_in_the_address),
        RUN(a_keeper_that_fails_means_try_later),
        RUN(only_machines_with_a_certificate_reach_it),
    };

    return RUN_ALL(tests);
}
