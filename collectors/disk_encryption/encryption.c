#include "collectors/disk_encryption/encryption.h"

#include <errno.h>
#include <string.h>

static struct encryption unread(enum encryption_method method, enum header_place header,
                                enum unknown_reason reason)
{
    return (struct encryption){
        .method = method,
        .header = header,
        .header_reason = reason,
        .cipher_reason = reason,
        .key_reason = reason,
        .tpm2_unlock = ANSWER_UNKNOWN,
        .tpm2_pin = ANSWER_UNKNOWN,
        .tpm2_reason = reason,
        .reencryption = ANSWER_UNKNOWN,
    };
}

/*
 * A cipher that was not read counts as encryption only where the kernel proves that nobody uses
 * the one that encrypts nothing.
 */
static struct coverage judged_by(const struct null_cipher_proof *proof, enum unknown_reason reason,
                                 struct encryption encryption)
{
    struct coverage coverage = {.state = COVERAGE_ENCRYPTED, .encryption = encryption};

    if (proof->code < 0 || proof->in_use) {
        coverage.state = COVERAGE_UNKNOWN;
        coverage.reason = reason;
    }
    return coverage;
}

struct coverage encryption_without_header(enum encryption_method method,
                                          const struct null_cipher_proof *proof)
{
    struct encryption encryption = unread(method, HEADER_NONE, UNKNOWN_UNSUPPORTED);

    encryption.tpm2_unlock = encryption.tpm2_pin = encryption.reencryption = ANSWER_NO;
    return judged_by(proof, UNKNOWN_UNSUPPORTED, encryption);
}

struct coverage encryption_header_unread(enum encryption_method method, int code,
                                         const struct null_cipher_proof *proof)
{
    enum unknown_reason reason =
        code == -ENODATA ? UNKNOWN_NOT_PRESENT : unknown_reason_from_code(code);
    struct encryption encryption = unread(method, HEADER_UNKNOWN, reason);

    if (code == -EBADMSG)
        encryption.header = HEADER_ATTACHED; /* there, but damaged */
    return judged_by(proof, reason, encryption);
}

struct coverage encryption_header_detached(enum encryption_method method,
                                           const struct null_cipher_proof *proof)
{
    return judged_by(proof, UNKNOWN_NOT_PRESENT,
                     unread(method, HEADER_DETACHED, UNKNOWN_NOT_PRESENT));
}

static enum coverage_state state_of(enum luks_data data)
{
    switch (data) {
    case LUKS_DATA_ENCRYPTED:
    case LUKS_DATA_HARDWARE:
        return COVERAGE_ENCRYPTED;
    case LUKS_DATA_PLAIN:
        return COVERAGE_PLAIN;
    case LUKS_DATA_CHANGING:
    case LUKS_DATA_UNCERTAIN:
        break;
    }
    return COVERAGE_UNKNOWN;
}

struct coverage encryption_from_header(enum encryption_method method,
                                       const struct luks_header *header)
{
    struct encryption encryption = {
        .method = header->data == LUKS_DATA_HARDWARE ? METHOD_LUKS2_HARDWARE : method,
        .header = HEADER_ATTACHED,
        .cipher_reason = UNKNOWN_NOT_APPLICABLE,
        .key_bits = header->key_bits,
        .key_reason = UNKNOWN_CONFLICTING,
        .tpm2_unlock = header->tpm2_unlock ? ANSWER_YES : ANSWER_NO,
        .tpm2_pin = header->tpm2_pin ? ANSWER_YES : ANSWER_NO,
        .tpm2_reason = UNKNOWN_UNSUPPORTED,
        .reencryption = header->data == LUKS_DATA_CHANGING ? ANSWER_YES : ANSWER_NO,
    };

    memcpy(encryption.cipher, header->cipher, sizeof(encryption.cipher));
    if (header->clevis && !header->tpm2_unlock)
        encryption.tpm2_unlock = encryption.tpm2_pin = ANSWER_UNKNOWN;
    return (struct coverage){
        .state = state_of(header->data),
        .reason = header->data == LUKS_DATA_CHANGING ? UNKNOWN_IN_PROGRESS : UNKNOWN_UNSUPPORTED,
        .encryption = encryption,
    };
}

struct coverage encryption_in_progress(enum encryption_method method)
{
    struct encryption encryption = unread(method, HEADER_UNKNOWN, UNKNOWN_IN_PROGRESS);

    encryption.reencryption = ANSWER_YES;
    return (struct coverage){
        .state = COVERAGE_UNKNOWN, .reason = UNKNOWN_IN_PROGRESS, .encryption = encryption};
}

static enum answer worse(enum answer left, enum answer right, enum answer bad)
{
    if (left == bad || right == bad)
        return bad;
    return left == right ? left : ANSWER_UNKNOWN;
}

void encryption_join(struct encryption *whole, const struct encryption *part)
{
    if (whole->method != part->method) {
        whole->method = METHOD_UNKNOWN;
        whole->method_reason = UNKNOWN_CONFLICTING;
    }
    if (whole->header != part->header) {
        whole->header_reason = UNKNOWN_CONFLICTING;
        whole->header = HEADER_UNKNOWN;
    }
    if (strcmp(whole->cipher, part->cipher) != 0) {
        whole->cipher[0] = '\0';
        whole->cipher_reason = UNKNOWN_CONFLICTING;
    }
    if (whole->key_bits != part->key_bits) {
        whole->key_bits = 0;
        whole->key_reason = UNKNOWN_CONFLICTING;
    }
    if (whole->tpm2_unlock != part->tpm2_unlock || whole->tpm2_pin != part->tpm2_pin)
        whole->tpm2_reason = UNKNOWN_CONFLICTING;
    whole->tpm2_unlock = worse(whole->tpm2_unlock, part->tpm2_unlock, ANSWER_YES);
    whole->tpm2_pin = worse(whole->tpm2_pin, part->tpm2_pin, ANSWER_NO);
    whole->reencryption = worse(whole->reencryption, part->reencryption, ANSWER_YES);
}
