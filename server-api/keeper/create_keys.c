#include <errno.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/text.h"
#include "server-api/keeper/certificate_builder.h"
#include "server-api/keeper/keeper.h"
#include "server-api/keeper/new_file.h"
#include "server-api/keeper/spki.h"

#define YEAR                  (365 * 86400LL)
#define ROOT_LIFETIME         (20 * YEAR)
#define INTERMEDIATE_LIFETIME (5 * YEAR)
#define EARLIER               3600 /* for clocks that are a little behind */

struct authority {
    struct signing_key *root_key;
    struct signing_key *intermediate_key;
    struct signing_key *receipt_key;
    struct certificate *root;
    struct certificate *intermediate;
    struct certificate *receipt;
};

static void authority_clear(struct authority *authority)
{
    signing_key_free(authority->root_key);
    signing_key_free(authority->intermediate_key);
    signing_key_free(authority->receipt_key);
    certificate_free(authority->root);
    certificate_free(authority->intermediate);
    certificate_free(authority->receipt);
}

/* A new key and its certificate; an issuer of NULL makes it sign itself. The names say nothing
 * about who runs the server: they are visible on the wire. */
static int make_one(const struct certificate_fields *fields, struct signing_key **ret_key,
                    struct certificate **ret_certificate, struct error *err)
{
    struct certificate_fields complete = *fields;
    uint8_t spki[P256_SPKI_SIZE];
    int r = signing_key_generate(ret_key, err);

    if (r < 0)
        return r;
    spki_of_key(*ret_key, spki);
    complete.spki = spki;
    complete.spki_length = sizeof(spki);
    if (complete.issuer == NULL)
        complete.issuer_key = *ret_key;
    return certificate_build(&complete, ret_certificate, err);
}

static int make_authority(struct authority *authority, int64_t now, struct error *err)
{
    struct certificate_fields fields = {
        .purpose = CERTIFICATE_AUTHORITY,
        .common_name = "Dijkwacht root",
        .intermediates_below = 1,
        .not_before = now - EARLIER,
        .not_after = now + ROOT_LIFETIME,
    };
    int r = make_one(&fields, &authority->root_key, &authority->root, err);

    if (r < 0)
        return r;
    fields.common_name = "Dijkwacht intermediate";
    fields.intermediates_below = 0;
    fields.not_after = now + INTERMEDIATE_LIFETIME;
    fields.issuer = authority->root;
    fields.issuer_key = authority->root_key;
    r = make_one(&fields, &authority->intermediate_key, &authority->intermediate, err);
    if (r < 0)
        return r;
    fields.purpose = CERTIFICATE_RECEIPT;
    fields.common_name = "Dijkwacht receipts";
    fields.issuer = authority->intermediate;
    fields.issuer_key = authority->intermediate_key;
    return make_one(&fields, &authority->receipt_key, &authority->receipt, err);
}

static int write_key(const char *path, const struct signing_key *key, struct error *err)
{
    AUTO(text_clear) struct text pem = {0};
    int r = signing_key_to_pem(key, &pem, err);

    if (r == 0)
        r = new_file_write(path, 0600, pem.bytes, pem.length, err);
    if (pem.bytes != NULL)
        OPENSSL_cleanse(pem.bytes, pem.capacity);
    return r;
}

static int write_certificate(const char *path, const struct certificate *certificate,
                             struct error *err)
{
    AUTO(text_clear) struct text pem = {0};

    certificate_to_pem(certificate, &pem);
    return new_file_write(path, 0644, pem.bytes, pem.length, err);
}

struct file {
    const char *folder; /* NULL: name is a path */
    const char *name;
    const struct signing_key *key;         /* one of the two */
    const struct certificate *certificate; /* is there */
};

static void path_of(const struct file *file, struct text *out)
{
    if (file->folder != NULL)
        text_add_format(out, "%s/", file->folder);
    text_add_string(out, file->name);
}

static int write_one(const struct file *file, struct error *err)
{
    AUTO(text_clear) struct text path = {0};

    path_of(file, &path);
    if (file->key != NULL)
        return write_key(path.bytes, file->key, err);
    return write_certificate(path.bytes, file->certificate, err);
}

static void remove_one(const struct file *file)
{
    AUTO(text_clear) struct text path = {0};

    path_of(file, &path);
    (void)unlink(path.bytes);
}

static int write_files(const struct file *files, size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        int r = write_one(&files[i], err);

        if (r < 0) {
            while (i-- > 0)
                remove_one(&files[i]);
            return r;
        }
    }
    return 0;
}

int keeper_create_keys(const char *key_folder, const char *root_key_file, int64_t now,
                       struct error *err)
{
    AUTO(authority_clear) struct authority authority = {0};
    struct stat status;
    bool folder_is_new = lstat(key_folder, &status) < 0;
    int r = make_authority(&authority, now, err);
    const struct file files[] = {
        {NULL, root_key_file, authority.root_key, NULL},
        {key_folder, KEEPER_ROOT_FILE, NULL, authority.root},
        {key_folder, KEEPER_INTERMEDIATE_FILE, NULL, authority.intermediate},
        {key_folder, KEEPER_INTERMEDIATE_KEY_FILE, authority.intermediate_key, NULL},
        {key_folder, KEEPER_RECEIPT_FILE, NULL, authority.receipt},
        {key_folder, KEEPER_RECEIPT_KEY_FILE, authority.receipt_key, NULL},
    };

    if (r == 0)
        r = directory_create(key_folder, 0700, err);
    if (r == 0)
        r = write_files(files, sizeof(files) / sizeof(*files), err);
    if (r < 0 && folder_is_new)
        (void)rmdir(key_folder);
    return r;
}
