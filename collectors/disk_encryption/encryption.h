#pragma once

#include "collectors/disk_encryption/coverage.h"

/* What is known of an encryption layer, from its mapping, its header and the kernel's ciphers. */

/* What the kernel says about the null cipher; see kernel_ciphers.h. */
struct null_cipher_proof {
    int code; /* 0, or why /proc/crypto could not be read */
    bool in_use;
};

/* An encryption mapping that is no LUKS, so without a header of ours to read. */
struct coverage encryption_without_header(enum encryption_method method,
                                          const struct null_cipher_proof *proof);

/* A LUKS mapping whose header could not be read, for this negative errno. */
struct coverage encryption_header_unread(enum encryption_method method, int code,
                                         const struct null_cipher_proof *proof);

/* A LUKS mapping whose device carries no header of it: it is kept elsewhere. */
struct coverage encryption_header_detached(enum encryption_method method,
                                           const struct null_cipher_proof *proof);

struct coverage encryption_from_header(enum encryption_method method,
                                       const struct luks_header *header);

/* Being encrypted, decrypted or encrypted anew. */
struct coverage encryption_in_progress(enum encryption_method method);

/* Keeps what the two agree on. */
void encryption_join(struct encryption *whole, const struct encryption *part);
