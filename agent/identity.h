#pragma once

#include "agent/enrolment.h"
#include "platform/error.h"
#include "platform/text.h"
#include "snapshot/signature.h"

/*
 * A key of this machine and its certificate: <kind>-<identity>.key (0600) and .pem in a folder of
 * its owner. The identity is named after the join code that it came with, so a code that is used
 * again after a crash finds the key that it began with, and another code begins with another key.
 */
#define IDENTITY_SIGNING "signing" /* in collect/ */
#define IDENTITY_TLS     "tls"     /* in tls/ */

struct identity {
    struct signing_key *key;
    struct certificate *certificate;
};

void identity_name(const struct join_code *code, char ret_name[IDENTITY_NAME_SIZE]);

/* Loads the key, or makes it and has it on disk before it answers. The caller frees it. */
int identity_begin(int folder, const char *kind, const char *name, struct signing_key **ret_key,
                   struct error *err);

int identity_save_certificate(int folder, const char *kind, const char *name,
                              const struct certificate *certificate, struct error *err);

/* Key and certificate, which belong together. The caller clears it. */
int identity_load(int folder, const char *kind, const char *name, struct identity *ret_identity,
                  struct error *err);
void identity_clear(struct identity *identity);

/*
 * The key for signing, and the DER of its certificate for snapshot_sign(). Starts with {0}, and is
 * the caller's to clear, also after a failure.
 */
struct signer {
    struct signing_key *key;
    struct text certificate_der;
};
int identity_load_signer(int folder, const char *name, struct signer *ret_signer,
                         struct error *err);
void signer_clear(struct signer *signer);

/* Removes the keys and certificates of this kind of every other name. */
int identity_remove_others(int folder, const char *kind, const char *name, struct error *err);
