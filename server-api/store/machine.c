#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "server-api/http/exchange.h"
#include "server-api/store/certificate_cache.h"
#include "server-api/store/database.h"
#include "server-api/store/handle.h"
#include "server-api/store/store.h"

static const char *purpose_name(enum certificate_purpose purpose)
{
    return purpose == CERTIFICATE_SIGNING ? "signing" : "tls";
}

int store_add_certificate(struct store *store, const char *organisation, const char *machine,
                          const struct certificate *certificate, int64_t now, struct error *err)
{
    AUTO(statement_end)
    struct statement add = statement_start(
        store, "INSERT INTO certificate (organisation, machine, purpose, number, spki, issued_at, "
               "not_after, der) SELECT ?1, ?2, ?3, 1 + last, ?4, ?5, ?6, ?7 FROM (SELECT "
               "coalesce(max(number), 0) AS last, coalesce(sum(spki = ?4 AND issued_at > ?5 - "
               "86400), 0) AS same FROM certificate WHERE organisation = ?1 AND machine = ?2 AND "
               "purpose = ?3) WHERE same = 0");
    enum certificate_purpose purpose = certificate_purpose(certificate);
    AUTO(text_clear) struct text der = {0};
    struct digest spki;
    int r;

    if (purpose != CERTIFICATE_TLS_CLIENT && purpose != CERTIFICATE_SIGNING)
        return error_set(err, EINVAL, "this is no certificate of a machine");
    certificate_spki_digest(certificate, &spki);
    certificate_to_der(certificate, &der);
    bind_text(&add, organisation);
    bind_text(&add, machine);
    bind_text(&add, purpose_name(purpose));
    bind_digest(&add, &spki);
    bind_integer(&add, now);
    bind_integer(&add, certificate_not_after(certificate));
    bind_bytes(&add, der.bytes, der.length);
    r = statement_run(&add, err);
    if (r == 0 && database_changes(store) == 0)
        r = error_set(err, EEXIST, "this key of machine %s has a certificate of today", machine);
    return r;
}

/* The row's third column, or NULL when the machine has none. */
static int read_signing(struct store *store, const struct peer *peer, const struct statement *row,
                        const struct certificate **ret_certificate, struct error *err)
{
    size_t length;
    const char *der = column_text(row, 2, &length);
    int r;

    if (column_is_null(row, 2))
        return 0;
    if (store->certificates == NULL)
        store->certificates = certificate_cache_new();
    r = certificate_cache_get(store->certificates, &peer->spki, der, length, ret_certificate, err);
    return r < 0 ? error_set(err, EIO, "the database keeps a damaged certificate of machine %s",
                             peer->machine)
                 : 0;
}

int store_identify(struct store *store, const struct peer *peer, struct machine_identity *ret,
                   struct error *err)
{
    AUTO(statement_end)
    struct statement find = statement_start(
        store, "SELECT m.label, m.revoked_at, (SELECT s.der FROM certificate AS s WHERE "
               "s.organisation = m.organisation AND s.machine = m.machine AND s.purpose = "
               "'signing' ORDER BY s.number DESC LIMIT 1) FROM machine AS m JOIN certificate AS c "
               "ON c.organisation = m.organisation AND c.machine = m.machine WHERE "
               "m.organisation = ? AND m.machine = ? AND c.purpose = 'tls' AND c.spki = ?");
    struct machine_identity identity = {0};
    int r;

    bind_text(&find, peer->organisation);
    bind_text(&find, peer->machine);
    bind_digest(&find, &peer->spki);
    r = peer->has_certificate ? statement_row(&find, err) : 0;
    if (r < 0)
        return r;
    if (r == 0)
        return error_set(err, EACCES, "this certificate belongs to no machine that is known here");
    column_copy(&find, 0, identity.label, sizeof(identity.label));
    identity.revoked = !column_is_null(&find, 1);
    r = read_signing(store, peer, &find, &identity.signing, err);
    if (r == 0)
        *ret = identity;
    return r;
}

int store_each_signing_certificate(struct store *store, const char *organisation,
                                   const char *machine, store_certificate_fn *each, void *context,
                                   struct error *err)
{
    AUTO(statement_end)
    struct statement list = statement_start(
        store, "SELECT number, der FROM certificate WHERE organisation = ? AND machine = ? AND "
               "purpose = 'signing' ORDER BY number");
    int r;

    bind_text(&list, organisation);
    bind_text(&list, machine);
    while ((r = statement_row(&list, err)) == 1) {
        size_t length;
        const char *der = column_text(&list, 1, &length);

        r = each(context, column_integer(&list, 0), der, length, err);
        if (r < 0)
            return r;
    }
    return r;
}

int store_revoke_machine(struct store *store, const char *organisation, const char *machine,
                         int64_t now, struct error *err)
{
    AUTO(statement_end)
    struct statement revoke = statement_start(
        store, "UPDATE machine SET revoked_at = coalesce(revoked_at, ?) WHERE organisation = ? "
               "AND machine = ?");
    int r;

    bind_integer(&revoke, now);
    bind_text(&revoke, organisation);
    bind_text(&revoke, machine);
    r = statement_run(&revoke, err);
    if (r == 0 && database_changes(store) == 0)
        r = error_set(err, ENOENT, "there is no machine %.40s in this organisation", machine);
    return r;
}

int store_each_machine(struct store *store, const char *organisation, store_machine_fn *each,
                       void *context, struct error *err)
{
    AUTO(statement_end)
    struct statement list = statement_start(
        store, "SELECT m.organisation, o.name, m.machine, m.label, m.created_at, "
               "coalesce(m.revoked_at, 0), coalesce(c.seen_at, 0), coalesce(c.system, '') FROM "
               "machine AS m JOIN organisation AS o ON o.organisation = m.organisation LEFT JOIN "
               "current AS c ON c.organisation = m.organisation AND c.machine = m.machine WHERE "
               "?1 IS NULL OR m.organisation = ?1 ORDER BY o.name, m.label, m.machine");
    struct machine_row row;
    int r;

    bind_text(&list, organisation);
    while ((r = statement_row(&list, err)) == 1) {
        column_copy(&list, 0, row.organisation, sizeof(row.organisation));
        column_copy(&list, 1, row.organisation_name, sizeof(row.organisation_name));
        column_copy(&list, 2, row.id, sizeof(row.id));
        column_copy(&list, 3, row.label, sizeof(row.label));
        row.created_at = column_integer(&list, 4);
        row.revoked_at = column_integer(&list, 5);
        row.seen_at = column_integer(&list, 6);
        column_copy(&list, 7, row.system, sizeof(row.system));
        each(context, &row);
    }
    return r;
}
