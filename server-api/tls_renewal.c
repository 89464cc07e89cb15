#include "server-api/tls_renewal.h"

#include "platform/cleanup.h"
#include "server-api/keeper/spki.h"

int tls_renew(struct tls_renewal *renewal, int64_t now, struct error *err)
{
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(auto_certificate_free) struct certificate *leaf = NULL;
    uint8_t spki[P256_SPKI_SIZE];
    struct certificate_order order = {
        .purpose = CERTIFICATE_TLS_SERVER,
        .spki = spki,
        .spki_length = sizeof(spki),
        .names = renewal->names,
        .now = now,
        .lifetime_seconds = TLS_LIFETIME_SECONDS,
    };
    struct tls_identity identity = {
        .intermediate = keeper_intermediate(renewal->keeper),
    };
    int r = signing_key_generate(&key, err);

    if (r < 0)
        return r;
    spki_of_key(key, spki);
    r = keeper_issue(renewal->keeper, &order, &leaf, err);
    if (r < 0)
        return r;
    identity.key = key;
    identity.leaf = leaf;
    r = http_server_set_identity(renewal->http, LISTENER_AGENTS, &identity, err);
    if (r == 0)
        r = http_server_set_identity(renewal->http, LISTENER_PEOPLE, &identity, err);
    if (r == 0) {
        renewal->not_before = certificate_not_before(leaf);
        renewal->not_after = certificate_not_after(leaf);
    }
    return r;
}

bool tls_renewal_due(const struct tls_renewal *renewal, int64_t now)
{
    int64_t third = (renewal->not_after - renewal->not_before) / 3;

    return now < renewal->not_before || now >= renewal->not_before + third;
}
