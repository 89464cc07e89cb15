#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "platform/error.h"

/*
 * LUKS headers: "LUKS1 On-Disk Format Specification" 1.2.3 and "LUKS2 On-Disk Format
 * Specification" 1.1.2. Reads what is said about the data; keys and salts are passed over.
 */
#define LUKS_FIRST_SIZE  4096U              /* tells what it is and how large */
#define LUKS_MAX_SIZE    (4U * 1024 * 1024) /* of one copy of a LUKS2 header */
#define LUKS_UUID_SIZE   41U
#define LUKS_CIPHER_SIZE 66U

enum luks_data {
    LUKS_DATA_ENCRYPTED,
    LUKS_DATA_HARDWARE,  /* by the disk alone (Opal), not by Linux */
    LUKS_DATA_PLAIN,     /* decrypted again, or with the null cipher */
    LUKS_DATA_CHANGING,  /* being encrypted, decrypted or encrypted anew */
    LUKS_DATA_UNCERTAIN, /* a mandatory requirement that we do not know */
};

struct luks_header {
    unsigned version;
    char uuid[LUKS_UUID_SIZE];
    enum luks_data data;
    char cipher[LUKS_CIPHER_SIZE]; /* "" with LUKS_DATA_HARDWARE */
    unsigned key_bits;             /* 0 when key slots differ or there is none */
    bool tpm2_unlock;              /* a systemd-tpm2 token */
    bool tpm2_pin;                 /* and each of them asks for a PIN */
    bool clevis;                   /* a clevis token: TPM or network, not told apart */
    bool checksum_verified;
};

/*
 * How many bytes from the start of the device make up the header that first begins; 0 when it
 * begins none. first has LUKS_FIRST_SIZE bytes.
 */
size_t luks_header_size(const uint8_t *first);

/* Fails with -ENOENT when there is no LUKS header, -EBADMSG when there is one that is damaged. */
int luks_header_parse(const uint8_t *bytes, size_t length, struct luks_header *ret_header,
                      struct error *err);

/* Whether a cipher's name as cryptsetup writes it encrypts nothing. */
bool luks_cipher_is_null(const char *cipher);
