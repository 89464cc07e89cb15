#include "server-api/http/client_trust.h"

#include <openssl/ssl.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "server-api/http/tls.h"
#include "tests/support/authority.h"
#include "tests/support/test.h"

/* The agents' listener with what a client of it shows; handshakes go through memory. */
struct world {
    struct authority *authority;
    struct signing_key *server_key;
    struct signing_key *client_key;
    struct certificate *server;
    SSL_CTX *context;
};

static struct world *world_new(void)
{
    struct world *world = test_calloc(1, sizeof(*world));
    struct tls_identity identity;

    world->authority = authority_new();
    assert_int_equal(signing_key_generate(&world->server_key, NULL), 0);
    assert_int_equal(signing_key_generate(&world->client_key, NULL), 0);
    world->server = authority_issue(world->authority, CERTIFICATE_TLS_SERVER, world->server_key);
    identity = (struct tls_identity){
        .key = world->server_key,
        .leaf = world->server,
        .intermediate = world->authority->intermediate,
    };
    assert_int_equal(tls_context_new(LISTENER_AGENTS, &identity, &world->context, NULL), 0);
    return world;
}

static void auto_world_free(struct world **world)
{
    SSL_CTX_free((*world)->context);
    certificate_free((*world)->server);
    signing_key_free((*world)->server_key);
    signing_key_free((*world)->client_key);
    authority_free((*world)->authority);
    test_free(*world);
}

enum outcome { REFUSED, NO_IDENTITY, IDENTITY };

static SSL *start_client(SSL_CTX *context, BIO *end)
{
    static const unsigned char protocols[] = "\x08http/1.1";
    SSL *client = SSL_new(context);

    assert_int_equal(SSL_set_alpn_protos(client, protocols, sizeof(protocols) - 1), 0);
    SSL_set_bio(client, end, end);
    SSL_set_connect_state(client);
    return client;
}

/* What the server makes of a client with this certificate, and this key to prove it. */
static enum outcome meet(const struct world *world, const struct certificate *certificate,
                         const struct signing_key *key)
{
    SSL_CTX *client_context = SSL_CTX_new(TLS_client_method());
    SSL *client, *server = SSL_new(world->context);
    BIO *client_end = NULL, *server_end = NULL;
    struct peer peer = {0};
    int done = 0;

    assert_int_equal(SSL_CTX_use_certificate(client_context, certificate_openssl(certificate)), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(client_context, signing_key_openssl(key)), 1);
    assert_int_equal(BIO_new_bio_pair(&client_end, 65536, &server_end, 65536), 1);
    client = start_client(client_context, client_end);
    SSL_set_bio(server, server_end, server_end);
    SSL_set_accept_state(server);
    for (int turn = 0; turn < 6 && done != 1; turn++) {
        (void)SSL_do_handshake(client);
        done = SSL_do_handshake(server);
    }
    if (done == 1)
        tls_read_peer(server, &peer);
    SSL_free(client);
    SSL_free(server);
    SSL_CTX_free(client_context);
    return done != 1 ? REFUSED : peer.has_certificate ? IDENTITY : NO_IDENTITY;
}

TEST(a_certificate_of_ours_is_an_identity_again_and_again)
{
    AUTO(auto_world_free) struct world *world = world_new();
    AUTO(auto_certificate_free)
    struct certificate *ours =
        authority_issue(world->authority, CERTIFICATE_TLS_CLIENT, world->client_key);

    for (int i = 0; i < 3; i++)
        assert_int_equal(meet(world, ours, world->client_key), IDENTITY);
}

TEST(a_certificate_that_was_verified_is_none_once_it_expired)
{
    AUTO(auto_world_free) struct world *world = world_new();
    struct profile profile = authority_profile(CERTIFICATE_TLS_CLIENT);
    AUTO(auto_certificate_free) struct certificate *brief = NULL;

    profile.not_after = clock_now() + 2;
    brief = authority_issue_profile(world->authority, &profile, world->client_key);
    assert_int_equal(meet(world, brief, world->client_key), IDENTITY);
    while (clock_now() <= profile.not_after)
        (void)usleep(100000);
    assert_int_equal(meet(world, brief, world->client_key), NO_IDENTITY);
    assert_int_equal(meet(world, brief, world->client_key), NO_IDENTITY);
}

TEST(another_certificate_for_a_key_that_was_verified_is_verified_itself)
{
    AUTO(auto_world_free) struct world *world = world_new();
    AUTO(auto_authority_free) struct authority *other = authority_new();
    AUTO(auto_certificate_free)
    struct certificate *ours =
        authority_issue(world->authority, CERTIFICATE_TLS_CLIENT, world->client_key);
    AUTO(auto_certificate_free)
    struct certificate *theirs = authority_issue(other, CERTIFICATE_TLS_CLIENT, world->client_key);

    assert_int_equal(meet(world, ours, world->client_key), IDENTITY);
    assert_int_equal(meet(world, theirs, world->client_key), REFUSED);
    assert_int_equal(meet(world, theirs, world->client_key), REFUSED);
    assert_int_equal(meet(world, ours, world->client_key), IDENTITY);
}

TEST(another_purpose_for_a_key_that_was_verified_is_refused)
{
    AUTO(auto_world_free) struct world *world = world_new();
    AUTO(auto_certificate_free)
    struct certificate *ours =
        authority_issue(world->authority, CERTIFICATE_TLS_CLIENT, world->client_key);
    AUTO(auto_certificate_free)
    struct certificate *signing =
        authority_issue(world->authority, CERTIFICATE_SIGNING, world->client_key);

    assert_int_equal(meet(world, ours, world->client_key), IDENTITY);
    assert_int_equal(meet(world, signing, world->client_key), REFUSED);
    assert_int_equal(meet(world, signing, world->client_key), REFUSED);
}

TEST(what_was_verified_for_one_authority_counts_for_no_other)
{
    AUTO(auto_world_free) struct world *world = world_new();
    AUTO(auto_world_free) struct world *replaced = world_new();
    AUTO(auto_certificate_free)
    struct certificate *ours =
        authority_issue(world->authority, CERTIFICATE_TLS_CLIENT, world->client_key);

    assert_int_equal(meet(world, ours, world->client_key), IDENTITY);
    assert_int_equal(meet(replaced, ours, world->client_key), REFUSED);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(a_certificate_of_ours_is_an_identity_again_and_again),
        RUN(a_certificate_that_was_verified_is_none_once_it_expired),
        RUN(another_certificate_for_a_key_that_was_verified_is_verified_itself),
        RUN(another_purpose_for_a_key_that_was_verified_is_refused),
        RUN(what_was_verified_for_one_authority_counts_for_no_other),
    };

    return RUN_ALL(tests);
}
