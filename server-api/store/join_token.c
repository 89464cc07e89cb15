#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/random.h"
#include "server-api/store/database.h"
#include "server-api/store/store.h"

#define SAME_ANSWER_SECONDS (24 * 3600)
#define TOKEN_NAME_SIZE     17U /* what follows the dot */

/* "organisation.token" taken apart; false when it has another form. */
static bool split_id(const char *id, char ret_organisation[ORGANISATION_ID_SIZE],
                     char ret_token[TOKEN_NAME_SIZE])
{
    if (strnlen(id, TOKEN_ID_SIZE) != TOKEN_ID_SIZE - 1 || id[ORGANISATION_ID_SIZE - 1] != '.')
        return false;
    memcpy(ret_organisation, id, ORGANISATION_ID_SIZE - 1);
    ret_organisation[ORGANISATION_ID_SIZE - 1] = '\0';
    memcpy(ret_token, id + ORGANISATION_ID_SIZE, TOKEN_NAME_SIZE);
    return true;
}

int store_add_join_token(struct store *store, const struct join_token *token, int64_t now,
                         struct error *err)
{
    AUTO(statement_end)
    struct statement add = statement_start(
        store, "INSERT INTO join_token (organisation, token, secret_digest, label, created_at, "
               "expires_at) VALUES (?, ?, ?, ?, ?, ?)");
    char organisation[ORGANISATION_ID_SIZE], name[TOKEN_NAME_SIZE];
    int r;

    if (!split_id(token->id, organisation, name))
        return error_set(err, EINVAL, "this is no identifier of a join code");
    r = machine_label_check(token->label, err);
    if (r < 0)
        return r;
    bind_text(&add, organisation);
    bind_text(&add, name);
    bind_digest(&add, &token->secret);
    bind_text(&add, token->label);
    bind_integer(&add, now);
    bind_integer(&add, token->expires_at);
    return statement_run(&add, err);
}

/* A token as it is stored, with the half that the request is about. */
struct found {
    char organisation[ORGANISATION_ID_SIZE];
    char token[TOKEN_NAME_SIZE];
    struct digest secret;
    char label[MACHINE_LABEL_SIZE];
    char machine[MACHINE_ID_SIZE]; /* "" before the first use */
    int64_t expires_at;
    bool used;
    struct digest spki;
    int64_t used_at;
};

/* 1 when there is one. An unknown one leaves a secret that no digest equals. */
static int find_token(struct store *store, const char *id, enum certificate_purpose purpose,
                      struct found *found, struct error *err)
{
    AUTO(statement_end)
    struct statement find = statement_start(
        store, "SELECT secret_digest, label, coalesce(machine, ''), expires_at, tls_spki, "
               "tls_used_at, signing_spki, signing_used_at FROM join_token WHERE "
               "organisation = ? AND token = ?");
    int half = purpose == CERTIFICATE_SIGNING ? 6 : 4;
    int r;

    if (!split_id(id, found->organisation, found->token)) {
        store_new_name(found->organisation, sizeof(found->organisation));
        store_new_name(found->token, sizeof(found->token));
    }
    bind_text(&find, found->organisation);
    bind_text(&find, found->token);
    r = statement_row(&find, err);
    if (r <= 0) {
        random_bytes(&found->secret, sizeof(found->secret));
        return r;
    }
    if (!column_digest(&find, 0, &found->secret))
        return error_set(err, EIO, "the database keeps a damaged join code");
    column_copy(&find, 1, found->label, sizeof(found->label));
    column_copy(&find, 2, found->machine, sizeof(found->machine));
    found->expires_at = column_integer(&find, 3);
    found->used = column_digest(&find, half, &found->spki);
    found->used_at = column_integer(&find, half + 1);
    return 1;
}

/* A random UUID (RFC 9562, 5.4). */
static void new_machine_id(char ret_machine[MACHINE_ID_SIZE])
{
    uint8_t b[16];

    random_bytes(b, sizeof(b));
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x40);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    (void)snprintf(ret_machine, MACHINE_ID_SIZE,
                   "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                   b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13],
                   b[14], b[15]);
}

static int add_machine(struct store *store, struct found *found, int64_t now, struct error *err)
{
    AUTO(statement_end)
    struct statement add = statement_start(
        store,
        "INSERT INTO machine (organisation, machine, label, created_at) VALUES (?, ?, ?, ?)");

    new_machine_id(found->machine);
    bind_text(&add, found->organisation);
    bind_text(&add, found->machine);
    bind_text(&add, found->label);
    bind_integer(&add, now);
    return statement_run(&add, err);
}

/* A key that another machine has, or that was used for the other purpose: a copied disk. */
static int refuse_known_key(struct store *store, const struct found *found,
                            const struct digest *spki, struct error *err)
{
    AUTO(statement_end)
    struct statement find = statement_start(
        store, "SELECT 1 FROM certificate WHERE organisation = ?1 AND spki = ?2 UNION ALL "
               "SELECT 1 FROM join_token WHERE organisation = ?1 AND (tls_spki = ?2 OR "
               "signing_spki = ?2) LIMIT 1");
    int r;

    bind_text(&find, found->organisation);
    bind_digest(&find, spki);
    r = statement_row(&find, err);
    return r <= 0 ? r
                  : error_set(err, EEXIST,
                              "this key is in use already; make a new one (was the "
                              "disk of another machine copied?)");
}

static int spend(struct store *store, const struct found *found, const struct token_use *request,
                 int64_t now, struct error *err)
{
    AUTO(statement_end)
    struct statement use = statement_start(
        store, request->purpose == CERTIFICATE_SIGNING
                   ? "UPDATE join_token SET machine = ?, signing_spki = ?, signing_used_at = ? "
                     "WHERE organisation = ? AND token = ?"
                   : "UPDATE join_token SET machine = ?, tls_spki = ?, tls_used_at = ? "
                     "WHERE organisation = ? AND token = ?");

    bind_text(&use, found->machine);
    bind_digest(&use, &request->spki);
    bind_integer(&use, now);
    bind_text(&use, found->organisation);
    bind_text(&use, found->token);
    return statement_run(&use, err);
}

/* The certificate that this key got, added to out; nothing when it was never finished. */
static int issued_before(struct store *store, const struct found *found, const struct digest *spki,
                         struct text *out, struct error *err)
{
    AUTO(statement_end)
    struct statement find = statement_start(
        store, "SELECT der FROM certificate WHERE organisation = ? AND spki = ? AND machine = ? "
               "ORDER BY number DESC LIMIT 1");
    const char *der;
    size_t length;
    int r;

    bind_text(&find, found->organisation);
    bind_digest(&find, spki);
    bind_text(&find, found->machine);
    r = statement_row(&find, err);
    if (r <= 0)
        return r;
    der = column_text(&find, 0, &length);
    text_add(out, der, length);
    return 0;
}

static int is_revoked(struct store *store, const struct found *found, struct error *err)
{
    AUTO(statement_end)
    struct statement find = statement_start(
        store, "SELECT 1 FROM machine WHERE organisation = ? AND machine = ? AND revoked_at IS NOT "
               "NULL");

    bind_text(&find, found->organisation);
    bind_text(&find, found->machine);
    return statement_row(&find, err);
}

/* Whether the token may still be used for this key; the same words for every reason. */
static int allow(struct store *store, const struct found *found, bool known,
                 const struct digest *spki, int64_t now, struct error *err)
{
    bool again = found->used && digest_equal(&found->spki, spki);
    bool fresh = found->used ? again && now - found->used_at <= SAME_ANSWER_SECONDS
                             : now <= found->expires_at;
    int r = is_revoked(store, found, err);

    if (r < 0)
        return r;
    if (!known || !fresh || r == 1)
        return error_set(err, EACCES,
                         "this join code is unknown, expired or used; ask for a new "
                         "one");
    return 0;
}

static int answer(struct store *store, struct found *found, struct token_use *use, int64_t now,
                  struct error *err)
{
    int r;

    if (found->used)
        return issued_before(store, found, &use->spki, &use->certificate, err);
    r = refuse_known_key(store, found, &use->spki, err);
    if (r == 0 && found->machine[0] == '\0')
        r = add_machine(store, found, now, err);
    if (r == 0)
        r = spend(store, found, use, now, err);
    return r;
}

static int find_allowed(struct store *store, const struct token_use *use, int64_t now,
                        struct found *ret_found, struct error *err)
{
    struct found found = {0};
    int r = find_token(store, use->token_id, use->purpose, &found, err);
    bool known;

    if (r < 0)
        return r;
    known = digest_equal(&found.secret, &use->secret) && r == 1;
    *ret_found = found;
    return allow(store, &found, known, &use->spki, now, err);
}

int store_use_join_token(struct store *store, struct token_use *use, int64_t now, struct error *err)
{
    AUTO(transaction_end) struct transaction transaction = {0};
    struct found found;
    int r;

    assert(use->purpose == CERTIFICATE_TLS_CLIENT || use->purpose == CERTIFICATE_SIGNING);
    /* Anybody may guess, so only a good token gets as far as the lock for writing. */
    r = find_allowed(store, use, now, &found, err);
    if (r == 0)
        r = transaction_begin(store, &transaction, err);
    if (r == 0)
        r = find_allowed(store, use, now, &found, err);
    if (r == 0)
        r = answer(store, &found, use, now, err);
    if (r == 0)
        r = transaction_commit(&transaction, err);
    if (r < 0)
        return r;
    memcpy(use->organisation, found.organisation, ORGANISATION_ID_SIZE);
    memcpy(use->machine, found.machine, MACHINE_ID_SIZE);
    return 0;
}
