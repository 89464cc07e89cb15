#include "server-api/keeper/authority.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "server-api/keeper/certificate_builder.h"
#include "server-api/keeper/spki.h"
#include "snapshot/state.h"

#define FILE_MAX_SIZE  8192U
#define CLOCK_DISTANCE 600
#define EARLIER        3600 /* for clocks that are a little behind */

struct keeper_authority {
    struct signing_key *intermediate_key;
    struct signing_key *receipt_key;
    struct certificate *root;
    struct certificate *intermediate;
    struct certificate *receipt;
    struct text receipt_header; /* the same for every receipt */
};

void keeper_authority_free(struct keeper_authority *authority)
{
    if (authority == NULL)
        return;
    signing_key_free(authority->intermediate_key);
    signing_key_free(authority->receipt_key);
    certificate_free(authority->root);
    certificate_free(authority->intermediate);
    certificate_free(authority->receipt);
    text_clear(&authority->receipt_header);
    free(authority);
}

void auto_keeper_authority_free(struct keeper_authority **authority)
{
    keeper_authority_free(*authority);
}

/* Whoever else can read or write here holds the keys too. */
static int check_private(int directory, const char *name, struct error *err)
{
    struct stat status;

    if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0)
        return error_set(err, errno, "%s: %s", name, strerror(errno));
    if ((status.st_mode & 077) != 0)
        return error_set(err, EPERM, "%s is open to other users; set it right with chmod go=",
                         strcmp(name, ".") == 0 ? "the folder" : name);
    if (status.st_uid != geteuid() && status.st_uid != 0)
        return error_set(err, EPERM, "%s belongs to another user", name);
    return 0;
}

static int load_certificate(int directory, const char *name, struct certificate **ret_certificate,
                            struct error *err)
{
    AUTO(text_clear) struct text pem = {0};
    int r = file_read(directory, name, FILE_MAX_SIZE, &pem, err);

    if (r < 0)
        return r;
    r = certificate_from_pem(text_string(&pem), pem.length, ret_certificate, err);
    return error_wrap(err, r, name);
}

static int load_key(int directory, const char *name, const struct certificate *certificate,
                    struct signing_key **ret_key, struct error *err)
{
    AUTO(text_clear) struct text pem = {0};
    int r = check_private(directory, name, err);

    if (r == 0)
        r = file_read(directory, name, FILE_MAX_SIZE, &pem, err);
    if (r < 0)
        return r;
    r = signing_key_from_pem(text_string(&pem), pem.length, ret_key, err);
    if (pem.bytes != NULL)
        OPENSSL_cleanse(pem.bytes, pem.capacity);
    if (r < 0)
        return error_wrap(err, r, name);
    if (!certificate_is_for(certificate, *ret_key))
        return error_set(err, EKEYREJECTED, "%s is not the key of the certificate beside it", name);
    return 0;
}

static int load_all(struct keeper_authority *authority, int directory, int64_t now,
                    struct error *err)
{
    int r = check_private(directory, ".", err);

    if (r == 0)
        r = load_certificate(directory, KEEPER_ROOT_FILE, &authority->root, err);
    if (r == 0)
        r = load_certificate(directory, KEEPER_INTERMEDIATE_FILE, &authority->intermediate, err);
    if (r == 0)
        r = load_certificate(directory, KEEPER_RECEIPT_FILE, &authority->receipt, err);
    if (r == 0)
        r = load_key(directory, KEEPER_INTERMEDIATE_KEY_FILE, authority->intermediate,
                     &authority->intermediate_key, err);
    if (r == 0)
        r = load_key(directory, KEEPER_RECEIPT_KEY_FILE, authority->receipt,
                     &authority->receipt_key, err);
    if (r < 0)
        return r;
    r = certificate_verify(authority->receipt, authority->intermediate, authority->root,
                           CERTIFICATE_RECEIPT, now, err);
    return error_wrap(err, r, KEEPER_RECEIPT_FILE);
}

int keeper_authority_load(const char *key_folder, int64_t now,
                          struct keeper_authority **ret_authority, struct error *err)
{
    AUTO(auto_keeper_authority_free)
    struct keeper_authority *authority = must_allocate(1, sizeof(*authority));
    AUTO_CLOSE int directory = directory_open(key_folder, err);
    int r;

    *authority = (struct keeper_authority){0};
    if (directory < 0)
        return directory;
    r = load_all(authority, directory, now, err);
    if (r < 0)
        return error_wrap(err, r, key_folder);
    receipt_write_header(authority->receipt, authority->intermediate, &authority->receipt_header);
    *ret_authority = TAKE(authority);
    return 0;
}

static int check_names(const struct certificate_order *order, struct error *err)
{
    if (order->organisation[0] != '\0' || order->machine[0] != '\0' || order->names == NULL ||
        order->names[0] == NULL)
        return error_set(err, EINVAL, "a TLS server's certificate carries names and nothing else");
    for (size_t i = 0; order->names[i] != NULL; i++)
        if (!server_name_valid(order->names[i]))
            return error_set(err, EINVAL, "\"%.80s\" is neither a host name nor an address",
                             order->names[i]);
    return 0;
}

static int check_subject(const struct certificate_order *order, struct error *err)
{
    switch (order->purpose) {
    case CERTIFICATE_TLS_CLIENT:
    case CERTIFICATE_SIGNING:
        if (!organisation_id_valid(order->organisation, strlen(order->organisation)) ||
            !machine_id_valid(order->machine, strlen(order->machine)) ||
            (order->names != NULL && order->names[0] != NULL))
            return error_set(err, EINVAL,
                             "a machine's certificate carries its organisation and its identifier");
        return 0;
    case CERTIFICATE_TLS_SERVER:
        return check_names(order, err);
    case CERTIFICATE_RECEIPT:
    case CERTIFICATE_AUTHORITY:
    case CERTIFICATE_UNKNOWN:
        break;
    }
    return error_set(err, EINVAL, "certificates for this purpose are not issued");
}

static int check_order(const struct certificate_order *order, int64_t clock, struct error *err)
{
    if (order->now < clock - CLOCK_DISTANCE || order->now > clock + CLOCK_DISTANCE)
        return error_set(err, EINVAL, "certificates are issued for the present only");
    if (order->lifetime_seconds <= 0 || order->lifetime_seconds > KEEPER_LIFETIME_MAX)
        return error_set(err, EINVAL, "certificates hold for at most 90 days");
    if (!spki_is_p256(order->spki, order->spki_length))
        return error_set(err, EINVAL, "only keys on the named curve P-256 are certified");
    return check_subject(order, err);
}

int keeper_authority_issue(const struct keeper_authority *authority,
                           const struct certificate_order *order, int64_t clock,
                           struct certificate **ret_certificate, struct error *err)
{
    int64_t end = certificate_not_after(authority->intermediate);
    int r = check_order(order, clock, err);
    struct certificate_fields fields = {
        .purpose = order->purpose,
        .organisation = order->organisation,
        .machine = order->machine,
        .names = order->names,
        .spki = order->spki,
        .spki_length = order->spki_length,
        .issuer = authority->intermediate,
        .issuer_key = authority->intermediate_key,
    };

    if (r < 0)
        return r;
    if (order->now >= end)
        return error_set(err, EKEYEXPIRED, "the intermediate certificate has ended");
    fields.not_before = order->now - EARLIER;
    fields.not_after = order->now + order->lifetime_seconds;
    if (fields.not_after > end)
        fields.not_after = end;
    return certificate_build(&fields, ret_certificate, err);
}

int keeper_authority_sign_receipt(const struct keeper_authority *authority,
                                  const struct receipt *receipt, int64_t clock, struct text *out,
                                  struct error *err)
{
    AUTO(text_clear) struct text payload = {0};

    /* Machines with a wrong clock fall back on the time of their last receipt. */
    if (receipt->received_at < clock - CLOCK_DISTANCE ||
        receipt->received_at > clock + CLOCK_DISTANCE)
        return error_set(err, EINVAL, "receipts are signed for the present only");
    if (!machine_id_valid(receipt->machine, strlen(receipt->machine)))
        return error_set(err, EINVAL, "a receipt is for a machine");
    for (size_t i = 0; i < receipt->verdict_count; i++)
        if (!section_name_valid(receipt->verdicts[i].check, strlen(receipt->verdicts[i].check)))
            return error_set(err, EINVAL, "a receipt's verdict is about a check");
    receipt_write_payload(receipt, &payload);
    return jws_sign(authority->receipt_key, text_string(&authority->receipt_header), payload.bytes,
                    payload.length, out, err);
}
