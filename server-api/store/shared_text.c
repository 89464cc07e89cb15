#include "server-api/store/shared_text.h"

#include <errno.h>

#include "platform/cleanup.h"
#include "platform/digest.h"
#include "server-api/store/database.h"

/* 1 when it is there. */
static int find(struct store *store, const char *organisation, const struct digest *digest,
                int64_t *ret_number, struct error *err)
{
    AUTO(statement_end)
    struct statement find = statement_start(
        store, "SELECT number FROM shared_text WHERE organisation = ? AND digest = ?");
    int r;

    bind_text(&find, organisation);
    bind_digest(&find, digest);
    r = statement_row(&find, err);
    if (r == 1)
        *ret_number = column_integer(&find, 0);
    return r;
}

static int add(struct store *store, const char *organisation, const struct digest *digest,
               const struct text *text, struct error *err)
{
    AUTO(statement_end)
    struct statement add = statement_start(
        store, "INSERT INTO shared_text (organisation, number, digest, text) SELECT ?1, "
               "coalesce(max(number), 0) + 1, ?2, ?3 FROM shared_text WHERE organisation = ?1");

    bind_text(&add, organisation);
    bind_digest(&add, digest);
    bind_bytes(&add, text->bytes, text->length);
    return statement_run(&add, err);
}

int shared_text_keep(struct store *store, const char *organisation, const struct text *text,
                     int64_t *ret_number, struct error *err)
{
    struct digest digest;
    int r;

    digest_of(text_string(text), text->length, &digest);
    r = find(store, organisation, &digest, ret_number, err);
    if (r != 0)
        return r < 0 ? r : 0;
    r = add(store, organisation, &digest, text, err);
    if (r == 0)
        r = find(store, organisation, &digest, ret_number, err);
    if (r == 0)
        r = error_set(err, EIO, "the database does not keep a text that it was given");
    return r < 0 ? r : 0;
}
