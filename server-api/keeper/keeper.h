#pragma once

#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"
#include "snapshot/receipt.h"
#include "snapshot/signature.h"

struct text;

/*
 * The process that alone holds the intermediate CA key and the receipt key: re-executed before any
 * key is read, without network and files after start, locked by seccomp. It builds certificates and
 * receipts from fields, never signs foreign bytes. Calls are synchronous and thread-safe.
 */
struct keeper;

/* Starts it on the key folder (data/keys), before the caller starts threads. */
int keeper_start(const char *key_folder, struct keeper **ret_keeper, struct error *err);
void keeper_stop(struct keeper *keeper);
/* A descriptor that poll(2) finds readable once the keeper has ended, which it never does by
 * itself. Owned by the handle. */
int keeper_watch(const struct keeper *keeper);

/* The first argument of a program that was re-executed as the keeper; the key folder follows. */
#define KEEPER_VERB "keeper"
/* The program's main when it was re-executed so; answers the exit code when it could not start. */
int keeper_main(int argc, char **argv);

struct certificate_order {
    enum certificate_purpose purpose;        /* TLS_CLIENT, SIGNING or TLS_SERVER */
    char organisation[ORGANISATION_ID_SIZE]; /* the first two purposes */
    char machine[MACHINE_ID_SIZE];
    const uint8_t *spki; /* DER, P-256, checked by the keeper again */
    size_t spki_length;
    const char *const *names; /* TLS_SERVER: DNS names or IP addresses, ended by NULL */
    int64_t now;              /* the keeper allows ten minutes beside its own clock */
    int64_t lifetime_seconds; /* the keeper allows at most 90 days */
};
#define KEEPER_LIFETIME_MAX (90 * 86400)
/* Fails with -EINVAL and words when the order is one that the keeper does not carry out. */
int keeper_issue(struct keeper *keeper, const struct certificate_order *order,
                 struct certificate **ret_certificate, struct error *err);

/* Signs receipts, each as a compact JWS added to the text beside it. */
int keeper_sign_receipts(struct keeper *keeper, const struct receipt *receipts,
                         struct text *ret_compact, size_t count, struct error *err);

/* The chain: the intermediate, and the root it comes from. Owned by the keeper's handle. */
const struct certificate *keeper_intermediate(const struct keeper *keeper);
const struct certificate *keeper_root(const struct keeper *keeper);

/* The key folder. */
#define KEEPER_ROOT_FILE             "root.pem"
#define KEEPER_INTERMEDIATE_FILE     "intermediate.pem"
#define KEEPER_INTERMEDIATE_KEY_FILE "intermediate.key"
#define KEEPER_RECEIPT_FILE          "receipt.pem"
#define KEEPER_RECEIPT_KEY_FILE      "receipt.key"

/*
 * Makes root, intermediate and receipt key: root.pem and intermediate.pem, receipt.pem
 * (certificates) and the two online keys (0600) go to key_folder, which it makes (0700); the root's
 * key goes to root_key_file (0600) alone. Nothing is overwritten: -EEXIST. After a failure nothing
 * that it made is left.
 */
int keeper_create_keys(const char *key_folder, const char *root_key_file, int64_t now,
                       struct error *err);
