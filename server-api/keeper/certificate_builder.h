#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"
#include "snapshot/signature.h"

/*
 * Makes a certificate from fields alone (docs/snapshot-format.md has the profiles). Which fields
 * count depends on the purpose.
 */
struct certificate_fields {
    enum certificate_purpose purpose;

    const char *organisation;     /* TLS_CLIENT and SIGNING: the subject */
    const char *machine;          /* and, as urn:uuid:, the alternative name */
    const char *const *names;     /* TLS_SERVER: DNS names or IP addresses, ended by NULL */
    const char *common_name;      /* RECEIPT and AUTHORITY: the subject */
    unsigned intermediates_below; /* AUTHORITY: pathlen */

    const uint8_t *spki; /* DER */
    size_t spki_length;
    int64_t not_before;
    int64_t not_after;
    const struct certificate *issuer; /* NULL for one that signs itself */
    const struct signing_key *issuer_key;
};

int certificate_build(const struct certificate_fields *fields, struct certificate **ret_certificate,
                      struct error *err);

/* Whether it may stand in a TLS server's certificate: a host name without wildcards, or an
 * address. */
bool server_name_valid(const char *name);
