#include "collectors/disk_encryption/luks_header.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/digest.h"
#include "platform/json.h"
#include "platform/memory.h"

/* Where the fields are: LUKS1 table 1, LUKS2 section 2.1. Numbers are big-endian. */
#define MAGIC_SIZE            6U
#define VERSION_AT            6U
#define LUKS1_CIPHER_AT       8U
#define LUKS1_MODE_AT         40U
#define LUKS1_KEY_AT          108U
#define LUKS2_SIZE_AT         8U
#define LUKS2_ALG_AT          72U
#define LUKS2_OFFSET_AT       256U
#define LUKS2_SUM_AT          448U
#define LUKS2_SUM_SIZE        64U
#define LUKS2_MIN_SIZE        16384U
#define UUID_AT               168U
#define UUID_LENGTH           40U
#define SHORT_TEXT            32U
#define KEY_BYTES_MAX         512U
#define REQUIREMENT_REENCRYPT "reencrypt"

static const uint8_t magic[MAGIC_SIZE] = {'L', 'U', 'K', 'S', 0xba, 0xbe};

static const struct json_limits json_limits = {
    .max_size = LUKS_MAX_SIZE,
    .max_values = 20000,
    .max_depth = 16,
};

static uint64_t big_endian(const uint8_t *bytes, size_t count)
{
    uint64_t number = 0;

    for (size_t i = 0; i < count; i++)
        number = number << 8 | bytes[i];
    return number;
}

static unsigned version_of(const uint8_t *first)
{
    if (memcmp(first, magic, MAGIC_SIZE) != 0)
        return 0;
    return (unsigned)big_endian(first + VERSION_AT, 2);
}

static bool is_luks2_size(uint64_t size)
{
    return size >= LUKS2_MIN_SIZE && size <= LUKS_MAX_SIZE && (size & (size - 1)) == 0;
}

size_t luks_header_size(const uint8_t *first)
{
    unsigned version = version_of(first);
    uint64_t size = big_endian(first + LUKS2_SIZE_AT, 8);

    if (version == 0)
        return 0;
    return version == 2 && is_luks2_size(size) ? (size_t)size : LUKS_FIRST_SIZE;
}

/* Copies a field that must end in a NUL within its size and holds only a name's characters. */
static bool copy_name(const uint8_t *field, size_t field_size, char *ret_name)
{
    size_t length = strnlen((const char *)field, field_size);

    if (length == 0 || length == field_size)
        return false;
    memcpy(ret_name, field, length);
    ret_name[length] = '\0';
    return strspn(ret_name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                            "-_:(),.") == length;
}

bool luks_cipher_is_null(const char *cipher)
{
    return strstr(cipher, "null") != NULL;
}

static void set_cipher(struct luks_header *header, const char *cipher)
{
    memcpy(header->cipher, cipher, strlen(cipher) + 1);
    header->data = luks_cipher_is_null(cipher) ? LUKS_DATA_PLAIN : LUKS_DATA_ENCRYPTED;
}

static int parse_luks1(const uint8_t *bytes, struct luks_header *header, struct error *err)
{
    char name[SHORT_TEXT], mode[SHORT_TEXT], cipher[2 * SHORT_TEXT];
    uint64_t key_bytes = big_endian(bytes + LUKS1_KEY_AT, 4);

    if (!copy_name(bytes + LUKS1_CIPHER_AT, SHORT_TEXT, name) ||
        !copy_name(bytes + LUKS1_MODE_AT, SHORT_TEXT, mode))
        return error_set(err, EBADMSG, "the LUKS1 header names no cipher");
    if (key_bytes == 0 || key_bytes > KEY_BYTES_MAX)
        return error_set(err, EBADMSG, "the LUKS1 header has a key of %llu bytes",
                         (unsigned long long)key_bytes);
    (void)snprintf(cipher, sizeof(cipher), "%s-%s", name, mode);
    set_cipher(header, cipher);
    header->key_bits = (unsigned)key_bytes * 8;
    return 0;
}

static int verify_checksum(const uint8_t *bytes, size_t size, struct luks_header *header,
                           struct error *err)
{
    AUTO_FREE uint8_t *copy = NULL;
    struct digest digest;

    if (memcmp(bytes + LUKS2_ALG_AT, "sha256", sizeof("sha256")) != 0)
        return 0;
    copy = must_allocate(size, 1);
    memcpy(copy, bytes, size);
    memset(copy + LUKS2_SUM_AT, 0, LUKS2_SUM_SIZE);
    digest_of(copy, size, &digest);
    if (memcmp(digest.bytes, bytes + LUKS2_SUM_AT, DIGEST_SIZE) != 0)
        return error_set(err, EBADMSG, "the checksum of the LUKS2 header is wrong");
    header->checksum_verified = true;
    return 0;
}

/* Backups of segments are there only while a re-encryption is under way. */
static bool is_changing(const struct json *segment)
{
    const struct json *flags = json_member(segment, "flags");

    for (const struct json *flag = json_first(flags); flag != NULL; flag = json_next(flag)) {
        const char *text = json_text(flag);

        if (text != NULL && (strncmp(text, "backup-", strlen("backup-")) == 0 ||
                             strcmp(text, "in-reencryption") == 0))
            return true;
    }
    return false;
}

static int read_segment(const struct json *segment, struct luks_header *header, bool first,
                        struct error *err)
{
    const char *type = json_text(json_member(segment, "type"));
    const char *encryption = json_text(json_member(segment, "encryption"));
    char cipher[LUKS_CIPHER_SIZE];

    if (type == NULL)
        return error_set(err, EBADMSG, "a segment of the LUKS2 header has no type");
    if (strcmp(type, "linear") == 0) {
        header->data = LUKS_DATA_PLAIN;
        return 0;
    }
    if (strcmp(type, "hw-opal") == 0) {
        if (first)
            header->data = LUKS_DATA_HARDWARE;
        return 0;
    }
    if (strcmp(type, "crypt") != 0 && strcmp(type, "hw-opal-crypt") != 0)
        return error_set(err, EBADMSG, "a segment of the LUKS2 header is of an unknown type");
    if (encryption == NULL || strlen(encryption) + 1 > sizeof(cipher) ||
        !copy_name((const uint8_t *)encryption, strlen(encryption) + 1, cipher))
        return error_set(err, EBADMSG, "a segment of the LUKS2 header names no cipher");
    if (first || (header->data != LUKS_DATA_PLAIN && luks_cipher_is_null(cipher)))
        set_cipher(header, cipher);
    return 0;
}

static int read_segments(const struct json *segments, struct luks_header *header, struct error *err)
{
    bool changing = false;

    if (!json_is(segments, JSON_OBJECT) || json_count(segments) == 0)
        return error_set(err, EBADMSG, "the LUKS2 header has no segment");
    for (const struct json *segment = json_first(segments); segment != NULL;
         segment = json_next(segment)) {
        int r = read_segment(segment, header, segment == json_first(segments), err);

        if (r < 0)
            return r;
        changing = changing || is_changing(segment);
    }
    if (changing)
        header->data = LUKS_DATA_CHANGING;
    return 0;
}

/* After the segments: what is happening to the data outweighs what they say. */
static void read_requirements(const struct json *requirements, struct luks_header *header)
{
    if (requirements != NULL && !json_is(requirements, JSON_ARRAY))
        header->data = LUKS_DATA_UNCERTAIN;
    for (const struct json *entry = json_first(requirements); entry != NULL;
         entry = json_next(entry)) {
        const char *text = json_text(entry);

        if (text != NULL && strstr(text, REQUIREMENT_REENCRYPT) != NULL)
            header->data = LUKS_DATA_CHANGING;
        else if (header->data != LUKS_DATA_CHANGING &&
                 (text == NULL ||
                  (strcmp(text, "opal") != 0 && strcmp(text, "inline-hw-tags") != 0)))
            header->data = LUKS_DATA_UNCERTAIN;
    }
}

static void read_key_slots(const struct json *slots, struct luks_header *header)
{
    int64_t size, common = 0;

    for (const struct json *slot = json_first(slots); slot != NULL; slot = json_next(slot)) {
        const char *type = json_text(json_member(slot, "type"));

        if (type == NULL || strcmp(type, "luks2") != 0)
            continue;
        if (!json_integer(json_member(slot, "key_size"), &size) || size <= 0 ||
            size > KEY_BYTES_MAX || (common != 0 && common != size))
            return;
        common = size;
    }
    header->key_bits = (unsigned)common * 8;
}

static void read_tokens(const struct json *tokens, struct luks_header *header)
{
    for (const struct json *token = json_first(tokens); token != NULL; token = json_next(token)) {
        const char *type = json_text(json_member(token, "type"));
        bool pin = false;

        if (type == NULL)
            continue;
        if (strcmp(type, "clevis") == 0)
            header->clevis = true;
        if (strcmp(type, "systemd-tpm2") != 0)
            continue;
        (void)json_bool(json_member(token, "tpm2-pin"), &pin);
        header->tpm2_pin = pin && (header->tpm2_pin || !header->tpm2_unlock);
        header->tpm2_unlock = true;
    }
}

static int read_metadata(const char *text, size_t length, struct luks_header *header,
                         struct error *err)
{
    AUTO(auto_json_free) struct json *document = NULL;
    int r = json_parse(text, length, &json_limits, &document, err);

    if (r < 0)
        return error_set(err, EBADMSG, "the metadata of the LUKS2 header is damaged");
    r = read_segments(json_member(document, "segments"), header, err);
    if (r < 0)
        return r;
    read_requirements(json_at(document, "/config/requirements/mandatory"), header);
    read_key_slots(json_member(document, "keyslots"), header);
    read_tokens(json_member(document, "tokens"), header);
    return 0;
}

static int parse_luks2(const uint8_t *bytes, size_t length, struct luks_header *header,
                       struct error *err)
{
    uint64_t size = big_endian(bytes + LUKS2_SIZE_AT, 8);
    const char *text = (const char *)bytes + LUKS_FIRST_SIZE;
    size_t text_length, area;
    int r;

    if (!is_luks2_size(size) || big_endian(bytes + LUKS2_OFFSET_AT, 8) != 0)
        return error_set(err, EBADMSG, "the LUKS2 header has a wrong size or place");
    if (length < size)
        return error_set(err, EBADMSG, "the LUKS2 header is cut off");
    r = verify_checksum(bytes, (size_t)size, header, err);
    if (r < 0)
        return r;
    area = (size_t)size - LUKS_FIRST_SIZE;
    text_length = strnlen(text, area);
    if (text_length == area)
        return error_set(err, EBADMSG, "the metadata of the LUKS2 header does not end");
    return read_metadata(text, text_length, header, err);
}

int luks_header_parse(const uint8_t *bytes, size_t length, struct luks_header *ret_header,
                      struct error *err)
{
    struct luks_header header = {0};
    int r;

    if (length < LUKS_FIRST_SIZE || version_of(bytes) == 0)
        return error_set(err, ENOENT, "there is no LUKS header");
    header.version = version_of(bytes);
    if (!copy_name(bytes + UUID_AT, UUID_LENGTH, header.uuid))
        return error_set(err, EBADMSG, "the LUKS header has no UUID");
    if (header.version == 1)
        r = parse_luks1(bytes, &header, err);
    else if (header.version == 2)
        r = parse_luks2(bytes, length, &header, err);
    else
        r = error_set(err, EBADMSG, "the LUKS header is of unknown version %u", header.version);
    if (r < 0)
        return r;
    *ret_header = header;
    return 0;
}
