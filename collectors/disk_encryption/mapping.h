#pragma once

#include <stdbool.h>

/* What a device mapper UUID says; cryptsetup's grammar "CRYPT-TYPE-...". */

enum encryption_method {
    METHOD_NONE,
    METHOD_LUKS1,
    METHOD_LUKS2,
    METHOD_LUKS2_HARDWARE, /* the disk encrypts, LUKS2 keeps its key */
    METHOD_PLAIN,          /* dm-crypt without a header */
    METHOD_BITLK,
    METHOD_TCRYPT,
    METHOD_FVAULT2,
    METHOD_LOOPAES,
    METHOD_UNKNOWN, /* not known, or several */
};

/* METHOD_NONE when the mapping is no encryption: LVM, multipath, verity, integrity, ... */
enum encryption_method mapping_method(const char *uuid);

bool mapping_is_luks(const char *uuid);

/* dm-integrity, alone or below LUKS. Integrity is not encryption. */
bool mapping_is_integrity(const char *uuid);

/* A helper that is there while cryptsetup encrypts, decrypts or encrypts anew. */
bool mapping_is_reencryption(const char *uuid);

/*
 * Whether the UUID of a mapping is that of a LUKS header: the header's, without its dashes, comes
 * after the type.
 */
bool mapping_has_uuid(const char *uuid, const char *header_uuid);
