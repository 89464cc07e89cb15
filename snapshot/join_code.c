#include "snapshot/join_code.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "platform/json.h"
#include "platform/json_writer.h"
#include "platform/number.h"
#include "platform/text.h"
#include "platform/utf8.h"
#include "snapshot/signature.h"

#define PREFIX        "dijkwacht-join-1."
#define CHECKSUM_SIZE 4U
#define SECRET_BYTES  16U
#define HOST_MAX      253U /* RFC 1035, 2.3.4 */

static const struct json_limits code_limits = {
    .max_size = JOIN_CODE_MAX_SIZE,
    .max_values = 8,
    .max_depth = 1,
};

/* CRC-32 as in ISO 3309 and RFC 1952, section 8. */
static void checksum(const char *bytes, size_t length, uint8_t ret_sum[CHECKSUM_SIZE])
{
    uint32_t sum = UINT32_MAX;

    for (size_t i = 0; i < length; i++) {
        sum ^= (uint8_t)bytes[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ ((sum & 1) != 0 ? 0xedb88320U : 0);
    }
    sum = ~sum;
    for (size_t i = 0; i < CHECKSUM_SIZE; i++)
        ret_sum[i] = (uint8_t)(sum >> (24 - 8 * i));
}

static void write_json(const struct join_code *code, struct text *out)
{
    struct json_writer json = {0};
    char pin[DIGEST_HEX_SIZE];

    digest_to_hex(&code->root_pin, pin);
    json_begin_object(&json);
    json_add_text(&json, "url", code->url);
    json_add_text(&json, "pin", pin);
    json_add_text(&json, "id", code->token_id);
    json_add_text(&json, "secret", code->token_secret);
    json_add_text(&json, "label", code->label);
    json_end_object(&json);
    text_add(out, json.out.bytes, json.out.length);
    text_clear(&json.out);
}

void join_code_write(const struct join_code *code, struct text *out)
{
    AUTO(text_clear) struct text json = {0};
    uint8_t sum[CHECKSUM_SIZE];

    write_json(code, &json);
    checksum(json.bytes, json.length, sum);
    text_add(&json, sum, sizeof(sum));
    text_add_string(out, PREFIX);
    base64url_encode(json.bytes, json.length, out);
}

/* Characters that steer the display instead of showing: they could make one label look like
 * another (Unicode: Cc, line and paragraph separators, bidirectional controls). */
static bool is_control(const char *bytes, size_t size)
{
    static const char *const steering[] = {
        "\xe2\x80\x8e", "\xe2\x80\x8f", "\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaa",
        "\xe2\x80\xab", "\xe2\x80\xac", "\xe2\x80\xad", "\xe2\x80\xae", "\xe2\x81\xa6",
        "\xe2\x81\xa7", "\xe2\x81\xa8", "\xe2\x81\xa9"};
    uint8_t first = (uint8_t)bytes[0];

    if (size == 1)
        return first < 0x20 || first == 0x7f;
    if (size == 2)
        return first == 0xc2 && (uint8_t)bytes[1] < 0xa0;
    for (size_t i = 0; i < sizeof(steering) / sizeof(steering[0]); i++)
        if (size == 3 && memcmp(bytes, steering[i], size) == 0)
            return true;
    return false;
}

int machine_label_check(const char *label, struct error *err)
{
    size_t length = strlen(label);

    if (length == 0)
        return error_set(err, EINVAL, "the label is empty");
    if (length >= MACHINE_LABEL_SIZE)
        return error_set(err, EINVAL, "the label is longer than %u bytes", MACHINE_LABEL_SIZE - 1);
    for (size_t at = 0; at < length;) {
        size_t size = utf8_sequence(label + at, length - at);

        if (size == 0)
            return error_set(err, EINVAL, "the label is not UTF-8");
        if (is_control(label + at, size))
            return error_set(err, EINVAL, "the label has a control character at byte %zu", at);
        at += size;
    }
    return 0;
}

static bool is_port(const char *text)
{
    uint64_t port;

    return text[0] != '0' && number_parse(text, strlen(text), UINT16_MAX, &port);
}

/* A name or an IPv4 address, or an IPv6 address in brackets. */
static size_t host_length(const char *host)
{
    size_t length;

    if (host[0] != '[')
        return strspn(host, "0123456789abcdefghijklmnopqrstuvwxyz.-");
    length = 1 + strspn(host + 1, "0123456789abcdef:.");
    return length > 1 && host[length] == ']' ? length + 1 : 0;
}

static bool is_server_url(const char *url)
{
    static const char scheme[] = "https://";
    const char *host = url + sizeof(scheme) - 1;
    size_t length;

    if (strncmp(url, scheme, sizeof(scheme) - 1) != 0 || host[0] == '.' || host[0] == '-')
        return false;
    length = host_length(host);
    if (length == 0 || length > HOST_MAX)
        return false;
    return host[length] == '\0' || (host[length] == ':' && is_port(host + length + 1));
}

static bool is_token_id(const char *id)
{
    size_t half = ORGANISATION_ID_SIZE - 1;

    return strlen(id) == TOKEN_ID_SIZE - 1 && id[half] == '.' && organisation_id_valid(id, half) &&
           organisation_id_valid(id + half + 1, half);
}

static bool is_token_secret(const char *secret)
{
    AUTO(text_clear) struct text bytes = {0};

    return base64url_decode(secret, strlen(secret), &bytes) && bytes.length == SECRET_BYTES;
}

static bool copy_member(const struct json *object, const char *name, char *ret_text, size_t size)
{
    const char *text = json_text(json_member(object, name));

    if (text == NULL || strlen(text) >= size)
        return false;
    memcpy(ret_text, text, strlen(text) + 1);
    return true;
}

static bool read_members(const struct json *object, struct join_code *code)
{
    char pin[DIGEST_HEX_SIZE];

    return copy_member(object, "url", code->url, sizeof(code->url)) && is_server_url(code->url) &&
           copy_member(object, "pin", pin, sizeof(pin)) &&
           hex_decode(pin, strlen(pin), code->root_pin.bytes, DIGEST_SIZE) &&
           copy_member(object, "id", code->token_id, sizeof(code->token_id)) &&
           is_token_id(code->token_id) &&
           copy_member(object, "secret", code->token_secret, sizeof(code->token_secret)) &&
           is_token_secret(code->token_secret) &&
           copy_member(object, "label", code->label, sizeof(code->label)) &&
           machine_label_check(code->label, NULL) == 0;
}

/* Only what join_code_write() would write is a join code: nothing more can hide in one. */
static bool is_written_so(const struct join_code *code, const struct text *json)
{
    AUTO(text_clear) struct text again = {0};

    write_json(code, &again);
    return again.length == json->length && memcmp(again.bytes, json->bytes, json->length) == 0;
}

static int read_json(const struct text *json, struct join_code *ret_code, struct error *err)
{
    AUTO(auto_json_free) struct json *document = NULL;
    struct join_code code = {0};

    if (json_parse(json->bytes, json->length, &code_limits, &document, NULL) < 0 ||
        !read_members(document, &code) || !is_written_so(&code, json))
        return error_set(err, EBADMSG,
                         "join code: complete, but not of a form that this version knows");
    *ret_code = code;
    return 0;
}

static int refuse_incomplete(struct error *err)
{
    return error_set(err, EILSEQ,
                     "join code: typed or copied incompletely; copy all of it once more");
}

static int read_body(const char *body, size_t length, struct join_code *ret_code, struct error *err)
{
    AUTO(text_clear) struct text json = {0};
    uint8_t sum[CHECKSUM_SIZE];

    if (!base64url_decode(body, length, &json) || json.length <= CHECKSUM_SIZE)
        return refuse_incomplete(err);
    checksum(json.bytes, json.length - CHECKSUM_SIZE, sum);
    if (memcmp(json.bytes + json.length - CHECKSUM_SIZE, sum, sizeof(sum)) != 0)
        return refuse_incomplete(err);
    text_truncate(&json, json.length - CHECKSUM_SIZE);
    return read_json(&json, ret_code, err);
}

int join_code_read(const char *text, size_t length, struct join_code *ret_code, struct error *err)
{
    AUTO(text_clear) struct text code = {0};

    for (size_t i = 0; i < length; i++) {
        if (text[i] != '\0' && strchr(" \t\r\n", text[i]) != NULL)
            continue;
        if (code.length >= JOIN_CODE_MAX_SIZE)
            return error_set(err, EBADMSG, "join code: longer than %u characters",
                             JOIN_CODE_MAX_SIZE);
        text_add(&code, &text[i], 1);
    }
    if (strncmp(text_string(&code), PREFIX, strlen(PREFIX)) != 0)
        return error_set(err, EBADMSG, "join code: it must start with \"%s\"", PREFIX);
    return read_body(code.bytes + strlen(PREFIX), code.length - strlen(PREFIX), ret_code, err);
}
