#include "agent/identity.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/digest.h"
#include "platform/file.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define FILE_NAME_SIZE   48U
#define PEM_MAX_SIZE     16384U
#define FOLDER_MAX_FILES 1000U

static void file_name(const char *kind, const char *name, const char *ending,
                      char ret_file[FILE_NAME_SIZE])
{
    (void)snprintf(ret_file, FILE_NAME_SIZE, "%s-%s.%s", kind, name, ending);
}

void identity_name(const struct join_code *code, char ret_name[IDENTITY_NAME_SIZE])
{
    char hex[DIGEST_HEX_SIZE];
    struct digest digest;

    digest_of(code->token_id, strlen(code->token_id), &digest);
    digest_to_hex(&digest, hex);
    (void)snprintf(ret_name, IDENTITY_NAME_SIZE, "%.16s", hex);
}

static int load_key(int folder, const char *file, struct signing_key **ret_key, struct error *err)
{
    AUTO(text_clear) struct text pem = {0};
    int r = file_read(folder, file, PEM_MAX_SIZE, &pem, err);

    if (r < 0)
        return r;
    r = signing_key_from_pem(text_string(&pem), pem.length, ret_key, err);
    if (pem.length > 0)
        explicit_bzero(pem.bytes, pem.length);
    return r < 0 ? error_wrap(err, r, file) : 0;
}

static int make_key(int folder, const char *file, struct signing_key **ret_key, struct error *err)
{
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(text_clear) struct text pem = {0};
    int r = signing_key_generate(&key, err);

    if (r == 0)
        r = signing_key_to_pem(key, &pem, err);
    if (r == 0)
        r = file_write(folder, file, 0600, pem.bytes, pem.length, err);
    if (pem.length > 0)
        explicit_bzero(pem.bytes, pem.length);
    if (r == 0)
        *ret_key = TAKE(key);
    return r;
}

int identity_begin(int folder, const char *kind, const char *name, struct signing_key **ret_key,
                   struct error *err)
{
    char file[FILE_NAME_SIZE];
    int r;

    file_name(kind, name, "key", file);
    r = load_key(folder, file, ret_key, err);
    return r == -ENOENT ? make_key(folder, file, ret_key, err) : r;
}

int identity_save_certificate(int folder, const char *kind, const char *name,
                              const struct certificate *certificate, struct error *err)
{
    AUTO(text_clear) struct text pem = {0};
    char file[FILE_NAME_SIZE];

    file_name(kind, name, "pem", file);
    certificate_to_pem(certificate, &pem);
    return file_write(folder, file, 0644, pem.bytes, pem.length, err);
}

static int load_own_key(int folder, const char *kind, const char *name,
                        struct signing_key **ret_key, struct error *err)
{
    char file[FILE_NAME_SIZE];
    int r;

    file_name(kind, name, "key", file);
    r = load_key(folder, file, ret_key, err);
    return r < 0 ? error_wrap(err, r, "this machine's key (a new join code makes a new one)") : 0;
}

static int load_certificate(int folder, const char *file, struct certificate **ret_certificate,
                            struct error *err)
{
    AUTO(text_clear) struct text pem = {0};
    int r = file_read(folder, file, PEM_MAX_SIZE, &pem, err);

    if (r == 0)
        r = certificate_from_pem(text_string(&pem), pem.length, ret_certificate, err);
    return r < 0 ? error_wrap(err, r, file) : 0;
}

int identity_load(int folder, const char *kind, const char *name, struct identity *ret_identity,
                  struct error *err)
{
    AUTO(identity_clear) struct identity identity = {0};
    char file[FILE_NAME_SIZE];
    int r = load_own_key(folder, kind, name, &identity.key, err);

    if (r < 0)
        return r;
    file_name(kind, name, "pem", file);
    r = load_certificate(folder, file, &identity.certificate, err);
    if (r < 0)
        return r;
    if (!certificate_is_for(identity.certificate, identity.key))
        return error_set(err, EBADMSG, "%s does not belong to the key beside it: enrol again",
                         file);
    ret_identity->key = TAKE(identity.key);
    ret_identity->certificate = TAKE(identity.certificate);
    return 0;
}

int identity_load_signer(int folder, const char *name, struct signer *ret_signer, struct error *err)
{
    AUTO(text_clear) struct text pem = {0};
    char file[FILE_NAME_SIZE];
    int r = load_own_key(folder, IDENTITY_SIGNING, name, &ret_signer->key, err);

    if (r < 0)
        return r;
    file_name(IDENTITY_SIGNING, name, "pem", file);
    r = file_read(folder, file, PEM_MAX_SIZE, &pem, err);
    if (r == 0)
        r = own_certificate_from_pem(text_string(&pem), pem.length, &ret_signer->certificate_der,
                                     err);
    return r < 0 ? error_wrap(err, r, file) : 0;
}

void signer_clear(struct signer *signer)
{
    signing_key_free(signer->key);
    text_clear(&signer->certificate_der);
    *signer = (struct signer){0};
}

void identity_clear(struct identity *identity)
{
    signing_key_free(identity->key);
    certificate_free(identity->certificate);
    *identity = (struct identity){0};
}

int identity_remove_others(int folder, const char *kind, const char *name, struct error *err)
{
    AUTO(text_list_clear) struct text_list files = {0};
    char own[FILE_NAME_SIZE];
    int r = directory_list(folder, FOLDER_MAX_FILES, &files, err);

    file_name(kind, name, "", own);
    for (size_t i = 0; r == 0 && i < files.count; i++)
        if (strncmp(files.items[i], kind, strlen(kind)) == 0 &&
            files.items[i][strlen(kind)] == '-' && strncmp(files.items[i], own, strlen(own)) != 0)
            r = file_remove(folder, files.items[i], err);
    return r;
}
