/*
 * The yardstick of the server's budget: TLS 1.3 handshakes with client certificates through memory
 * BIOs, within one process, and verifications of one ES256 signature. Prints microseconds of CPU
 * time: both sides of a handshake, the server's side of it, and one verification. With the argument
 * "each" it does one handshake and one verification for each line that it reads, and answers the
 * microseconds of the server's side of the two: so it can be measured with cold caches.
 */
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS  300
#define WARM_UP 20

static void require(bool truth, const char *what)
{
    if (truth)
        return;
    (void)fprintf(stderr, "handshake: %s\n", what);
    exit(1);
}

static int64_t cpu_nanoseconds(void)
{
    struct timespec used = {0};

    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (int64_t)used.tv_sec * 1000000000 + used.tv_nsec;
}

/* A key with its certificate. */
struct party {
    EVP_PKEY *key;
    X509 *certificate;
};

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    require(extension != NULL && X509_add_ext(certificate, extension, -1) == 1, "extension");
    X509_EXTENSION_free(extension);
}

/* P-256 throughout, as the real chain: root, intermediate, and what they certify. */
static struct party party_new(const char *name, long serial, const struct party *issuer,
                              bool authority)
{
    struct party party = {.key = EVP_EC_gen("P-256"), .certificate = X509_new()};
    const struct party *signer = issuer == NULL ? &party : issuer;
    X509_NAME *subject = X509_get_subject_name(party.certificate);

    require(party.key != NULL && party.certificate != NULL, "key");
    (void)X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                     -1, 0);
    (void)X509_set_version(party.certificate, X509_VERSION_3);
    (void)ASN1_INTEGER_set(X509_get_serialNumber(party.certificate), serial);
    (void)X509_gmtime_adj(X509_getm_notBefore(party.certificate), -3600);
    (void)X509_gmtime_adj(X509_getm_notAfter(party.certificate), 86400);
    (void)X509_set_pubkey(party.certificate, party.key);
    (void)X509_set_issuer_name(party.certificate, X509_get_subject_name(signer->certificate));
    add_extension(party.certificate, NID_basic_constraints,
                  authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    require(X509_sign(party.certificate, signer->key, EVP_sha256()) > 0, "signing");
    return party;
}

static void party_clear(struct party *party)
{
    EVP_PKEY_free(party->key);
    X509_free(party->certificate);
}

static SSL_CTX *context_new(const SSL_METHOD *method, const struct party *own,
                            const struct party *intermediate, const struct party *root)
{
    SSL_CTX *context = SSL_CTX_new(method);

    require(context != NULL, "context");
    (void)SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    require(SSL_CTX_use_certificate(context, own->certificate) == 1 &&
                SSL_CTX_use_PrivateKey(context, own->key) == 1 &&
                SSL_CTX_add1_chain_cert(context, intermediate->certificate) == 1 &&
                X509_STORE_add_cert(SSL_CTX_get_cert_store(context), root->certificate) == 1,
            "certificates");
    return context;
}

/* Both ends in turn until both are done. Adds what the server's turns cost. */
static void shake_hands(SSL *client, SSL *server, int64_t *server_nanoseconds)
{
    for (int turn = 0; turn < 10; turn++) {
        int client_done = SSL_do_handshake(client), server_done;
        int64_t before = cpu_nanoseconds();

        server_done = SSL_do_handshake(server);
        *server_nanoseconds += cpu_nanoseconds() - before;
        if (client_done == 1 && server_done == 1)
            return;
    }
    require(false, "the handshake does not end");
}

static void connect_once(SSL_CTX *client_context, SSL_CTX *server_context,
                         int64_t *server_nanoseconds)
{
    SSL *client = SSL_new(client_context), *server;
    BIO *client_end = NULL, *server_end = NULL;
    int64_t before = cpu_nanoseconds();

    server = SSL_new(server_context);
    *server_nanoseconds += cpu_nanoseconds() - before;
    require(client != NULL && server != NULL &&
                BIO_new_bio_pair(&client_end, 65536, &server_end, 65536) == 1,
            "connection");
    SSL_set_bio(client, client_end, client_end);
    SSL_set_bio(server, server_end, server_end);
    SSL_set_connect_state(client);
    SSL_set_accept_state(server);
    shake_hands(client, server, server_nanoseconds);
    require(SSL_get_verify_result(server) == X509_V_OK, "the client's certificate");
    SSL_free(client);
    before = cpu_nanoseconds();
    SSL_free(server);
    *server_nanoseconds += cpu_nanoseconds() - before;
}

/* As the server meets a signature: the public key out of a certificate that was just parsed. */
static int64_t verify_nanoseconds(const struct party *signer, int rounds)
{
    static const unsigned char message[2048] = "a snapshot";
    unsigned char signature[128];
    size_t length = sizeof(signature);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int64_t before;

    require(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, signer->key) == 1 &&
                EVP_DigestSign(context, signature, &length, message, sizeof(message)) == 1,
            "signing");
    before = cpu_nanoseconds();
    for (int i = 0; i < rounds; i++) {
        (void)EVP_MD_CTX_reset(context);
        require(EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, signer->key) == 1 &&
                    EVP_DigestVerify(context, signature, length, message, sizeof(message)) == 1,
                "verifying");
    }
    before = (cpu_nanoseconds() - before) / rounds;
    EVP_MD_CTX_free(context);
    return before;
}

static void measure(SSL_CTX *client_context, SSL_CTX *server_context, const struct party *client)
{
    int64_t server_side = 0, both = cpu_nanoseconds();

    for (int i = 0; i < ROUNDS; i++)
        connect_once(client_context, server_context, &server_side);
    both = cpu_nanoseconds() - both;
    (void)printf("handshake_both_us %lld\nhandshake_server_us %lld\nverify_us %lld\n",
                 (long long)(both / ROUNDS / 1000), (long long)(server_side / ROUNDS / 1000),
                 (long long)(verify_nanoseconds(client, ROUNDS) / 1000));
}

static void measure_each(SSL_CTX *client_context, SSL_CTX *server_context,
                         const struct party *client)
{
    while (getchar() != EOF) {
        int64_t used = 0;

        connect_once(client_context, server_context, &used);
        used += verify_nanoseconds(client, 1);
        (void)printf("%lld\n", (long long)(used / 1000));
        (void)fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    struct party root = party_new("root", 1, NULL, true);
    struct party intermediate = party_new("intermediate", 2, &root, true);
    struct party server = party_new("server", 3, &intermediate, false);
    struct party client = party_new("client", 4, &intermediate, false);
    SSL_CTX *server_context = context_new(TLS_server_method(), &server, &intermediate, &root);
    SSL_CTX *client_context = context_new(TLS_client_method(), &client, &intermediate, &root);
    int64_t ignored = 0;

    for (int i = 0; i < WARM_UP; i++)
        connect_once(client_context, server_context, &ignored);
    if (argc == 2 && strcmp(argv[1], "each") == 0)
        measure_each(client_context, server_context, &client);
    else
        measure(client_context, server_context, &client);
    SSL_CTX_free(server_context);
    SSL_CTX_free(client_context);
    party_clear(&client);
    party_clear(&server);
    party_clear(&intermediate);
    party_clear(&root);
    return 0;
}
