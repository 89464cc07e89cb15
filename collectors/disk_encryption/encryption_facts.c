#include "collectors/disk_encryption/encryption_facts.h"

#include "collectors/disk_encryption/filesystems.h"
#include "snapshot/section.h"

static const char *const role_names[] = {"root", "home", "var",       "tmp",
                                         "boot", "data", "removable", NULL};
static const char *const coverage_names[] = {"all", "part", "none", NULL};
static const char *const method_names[] = {"none",  "luks1",  "luks2",   "luks2_hardware", "plain",
                                           "bitlk", "tcrypt", "fvault2", "loopaes",        NULL};
static const char *const header_names[] = {"none", "attached", "detached", NULL};
static const char *const swap_kinds[] = {"partition", "file", "zram", NULL};
static const char *const swap_states[] = {"encrypted", "plain", "memory_only", NULL};

const struct fact volume_facts[] = {
    {.name = "role",
     .type = FACT_ENUM,
     .choices = role_names,
     .purpose = "what the volume is for; stands for where it is mounted"},
    {.name = "in_scope",
     .type = FACT_BOOL,
     .purpose = "whether it has to be encrypted for the machine to be"},
    {.name = "removable", .type = FACT_BOOL, .purpose = "whether its disk comes out"},
    {.name = "filesystem", .type = FACT_TEXT, .purpose = "what advice on encrypting it depends on"},
    {.name = "size_bytes",
     .type = FACT_INTEGER,
     .unit = "bytes",
     .purpose = "tells the volumes of a machine apart without their names"},
    {.name = "encrypted",
     .type = FACT_BOOL,
     .purpose = "whether everything stored on it is encrypted"},
    {.name = "coverage",
     .type = FACT_ENUM,
     .choices = coverage_names,
     .purpose = "whether some of its disks are encrypted when not all are"},
    {.name = "method",
     .type = FACT_ENUM,
     .choices = method_names,
     .purpose = "how it is encrypted"},
    {.name = "cipher", .type = FACT_TEXT, .purpose = "whether the cipher is a strong one"},
    {.name = "key_bits",
     .type = FACT_INTEGER,
     .unit = "bits",
     .purpose = "whether the key is long enough"},
    {.name = "header",
     .type = FACT_ENUM,
     .choices = header_names,
     .purpose = "where the LUKS header is kept"},
    {.name = "tpm2_unlock",
     .type = FACT_BOOL,
     .purpose = "whether the machine's TPM can unlock it"},
    {.name = "tpm2_pin",
     .type = FACT_BOOL,
     .purpose = "whether unlocking by TPM needs a PIN as well"},
    {.name = "reencryption",
     .type = FACT_BOOL,
     .purpose = "whether it is being encrypted or decrypted right now"},
    {.name = NULL},
};

const struct fact swap_facts[] = {
    {.name = "kind", .type = FACT_ENUM, .choices = swap_kinds, .purpose = "where memory goes"},
    {.name = "state",
     .type = FACT_ENUM,
     .choices = swap_states,
     .purpose = "whether memory that is written out can be read from the disk"},
    {.name = "method",
     .type = FACT_ENUM,
     .choices = method_names,
     .purpose = "how it is encrypted"},
    {.name = NULL},
};

void set_encrypted(struct facts *facts, const char *name, const struct coverage *coverage)
{
    switch (coverage->state) {
    case COVERAGE_ENCRYPTED:
        facts_set_bool(facts, name, true);
        break;
    case COVERAGE_PLAIN:
    case COVERAGE_PARTLY:
        facts_set_bool(facts, name, false);
        break;
    case COVERAGE_VOLATILE:
    case COVERAGE_ELSEWHERE:
        facts_set_unknown(facts, name, UNKNOWN_NOT_APPLICABLE);
        break;
    case COVERAGE_UNKNOWN:
        facts_set_unknown(facts, name, coverage->reason);
        break;
    }
}

static void set_method(struct facts *facts, const struct coverage *coverage)
{
    const struct encryption *encryption = &coverage->encryption;

    if (encryption->method == METHOD_UNKNOWN)
        facts_set_unknown(facts, "method", encryption->method_reason);
    else if (encryption->method == METHOD_NONE && coverage->state == COVERAGE_UNKNOWN)
        facts_set_unknown(facts, "method", coverage->reason);
    else
        facts_set_enum(facts, "method", method_names[encryption->method]);
}

static void set_answer(struct facts *facts, const char *name, enum answer answer,
                       enum unknown_reason reason)
{
    if (answer == ANSWER_UNKNOWN)
        facts_set_unknown(facts, name, reason);
    else
        facts_set_bool(facts, name, answer == ANSWER_YES);
}

static void set_layer(struct facts *facts, const struct encryption *encryption)
{
    if (encryption->cipher[0] != '\0')
        facts_set_text(facts, "cipher", encryption->cipher);
    else
        facts_set_unknown(facts, "cipher", encryption->cipher_reason);
    if (encryption->key_bits > 0)
        facts_set_integer(facts, "key_bits", encryption->key_bits);
    else
        facts_set_unknown(facts, "key_bits", encryption->key_reason);
    if (encryption->header == HEADER_UNKNOWN)
        facts_set_unknown(facts, "header", encryption->header_reason);
    else
        facts_set_enum(facts, "header", header_names[encryption->header]);
    set_answer(facts, "tpm2_unlock", encryption->tpm2_unlock, encryption->tpm2_reason);
    if (encryption->tpm2_unlock == ANSWER_NO)
        facts_set_unknown(facts, "tpm2_pin", UNKNOWN_NOT_APPLICABLE);
    else
        set_answer(facts, "tpm2_pin", encryption->tpm2_pin, encryption->tpm2_reason);
    set_answer(facts, "reencryption", encryption->reencryption, encryption->header_reason);
}

static void set_coverage(struct facts *facts, const struct coverage *coverage)
{
    if (coverage->state == COVERAGE_ENCRYPTED)
        facts_set_enum(facts, "coverage", "all");
    else if (coverage->state == COVERAGE_PARTLY)
        facts_set_enum(facts, "coverage", "part");
    else if (coverage->state == COVERAGE_PLAIN)
        facts_set_enum(facts, "coverage", "none");
    else
        facts_set_unknown(facts, "coverage",
                          coverage->state == COVERAGE_UNKNOWN ? coverage->reason
                                                              : UNKNOWN_NOT_APPLICABLE);
}

void add_volume(struct facts *facts, const struct volume *volume)
{
    struct facts *item = facts_add_item(facts, "volumes");
    const struct coverage *coverage = &volume->coverage;

    facts_set_enum(item, "role", role_names[volume->role]);
    facts_set_bool(item, "in_scope", volume->in_scope);
    facts_set_bool(item, "removable", coverage->removable);
    facts_set_text(item, "filesystem", filesystem_public_name(volume->mount->filesystem));
    if (volume->has_size)
        facts_set_integer(item, "size_bytes", (int64_t)volume->size_bytes);
    else
        facts_set_unknown(item, "size_bytes", UNKNOWN_NOT_PRESENT);
    set_encrypted(item, "encrypted", coverage);
    set_coverage(item, coverage);
    set_method(item, coverage);
    if (coverage->encryption.method != METHOD_NONE)
        set_layer(item, &coverage->encryption);
    facts_set_rest_unknown(item, coverage->state == COVERAGE_UNKNOWN ? coverage->reason
                                                                     : UNKNOWN_NOT_APPLICABLE);
}

void add_swap(struct facts *facts, const char *kind, const struct coverage *coverage)
{
    struct facts *item = facts_add_item(facts, "swap");

    facts_set_enum(item, "kind", kind);
    if (coverage->state == COVERAGE_UNKNOWN || coverage->state == COVERAGE_ELSEWHERE)
        facts_set_unknown(item, "state",
                          coverage->state == COVERAGE_UNKNOWN ? coverage->reason
                                                              : UNKNOWN_UNSUPPORTED);
    else if (coverage->state == COVERAGE_VOLATILE)
        facts_set_enum(item, "state", "memory_only");
    else
        facts_set_enum(item, "state",
                       coverage->state == COVERAGE_ENCRYPTED ? "encrypted" : "plain");
    set_method(item, coverage);
}
