#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/random.h"
#include "platform/utf8.h"
#include "server-api/store/database.h"
#include "server-api/store/store.h"

void store_new_name(char *ret_name, size_t size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";

    random_bytes(ret_name, size - 1);
    for (size_t i = 0; i + 1 < size; i++)
        ret_name[i] = letters[(unsigned char)ret_name[i] % 32];
    ret_name[size - 1] = '\0';
}

static int check_name(const char *name, struct error *err)
{
    size_t length = strlen(name);

    if (length == 0 || length >= ORGANISATION_NAME_SIZE)
        return error_set(err, EINVAL, "the name of an organisation has 1 to %u bytes",
                         ORGANISATION_NAME_SIZE - 1);
    if (!utf8_valid(name, length))
        return error_set(err, EINVAL, "the name is not valid UTF-8");
    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)name[i];

        if (byte < 0x20 || byte == 0x7f)
            return error_set(err, EINVAL, "the name has a control character");
    }
    return 0;
}

/* An organisation that is called like another's identifier could be mistaken for it. */
static int refuse_taken(struct store *store, const char *name, struct error *err)
{
    char id[ORGANISATION_ID_SIZE];
    int r = store_find_organisation(store, name, id, NULL);

    if (r == -ENOENT)
        return 0;
    return r < 0 ? error_set(err, -r, "the database cannot be read")
                 : error_set(err, EEXIST, "there is an organisation \"%s\" already", name);
}

int store_add_organisation(struct store *store, const char *name, int64_t now,
                           char ret_organisation[ORGANISATION_ID_SIZE], struct error *err)
{
    AUTO(transaction_end) struct transaction transaction = {0};
    char organisation[ORGANISATION_ID_SIZE];
    int r;

    r = check_name(name, err);
    if (r == 0)
        r = transaction_begin(store, &transaction, err);
    if (r == 0)
        r = refuse_taken(store, name, err);
    if (r < 0)
        return r;
    store_new_name(organisation, sizeof(organisation));
    {
        AUTO(statement_end)
        struct statement add =
            statement_start(store, "INSERT INTO organisation (organisation, name, created_at) "
                                   "VALUES (?, ?, ?)");

        bind_text(&add, organisation);
        bind_text(&add, name);
        bind_integer(&add, now);
        r = statement_run(&add, err);
    }
    if (r == 0)
        r = transaction_commit(&transaction, err);
    if (r == 0)
        memcpy(ret_organisation, organisation, ORGANISATION_ID_SIZE);
    return r;
}

int store_find_organisation(struct store *store, const char *id_or_name,
                            char ret_organisation[ORGANISATION_ID_SIZE], struct error *err)
{
    AUTO(statement_end)
    struct statement find =
        statement_start(store, "SELECT organisation FROM organisation WHERE organisation = ?1 "
                               "OR name = ?1");
    int r;

    bind_text(&find, id_or_name);
    r = statement_row(&find, err);
    if (r < 0)
        return r;
    if (r == 0)
        return error_set(err, ENOENT,
                         "there is no organisation \"%.100s\"; see \"dijkwacht-server "
                         "organisation list\"",
                         id_or_name);
    column_copy(&find, 0, ret_organisation, ORGANISATION_ID_SIZE);
    return 0;
}

int store_each_organisation(struct store *store, store_organisation_fn *each, void *context,
                            struct error *err)
{
    AUTO(statement_end)
    struct statement list =
        statement_start(store, "SELECT organisation, name, created_at, (SELECT count(*) FROM "
                               "machine AS m WHERE m.organisation = o.organisation AND "
                               "m.revoked_at IS NULL) FROM organisation AS o ORDER BY name");
    struct organisation_row row;
    int r;

    while ((r = statement_row(&list, err)) == 1) {
        column_copy(&list, 0, row.id, sizeof(row.id));
        column_copy(&list, 1, row.name, sizeof(row.name));
        row.created_at = column_integer(&list, 2);
        row.machines = column_integer(&list, 3);
        each(context, &row);
    }
    return r;
}
