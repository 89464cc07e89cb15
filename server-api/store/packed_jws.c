#include "server-api/store/packed_jws.h"

#include <string.h>

#include "platform/cleanup.h"
#include "platform/encoding.h"
#include "snapshot/signature.h"

/* A hole is one byte that JSON without white space never has: 1 to PACKED_VALUE_COUNT. */
#define FIRST_HOLE 1

void packed_jws_clear(struct packed_jws *packed)
{
    text_clear(&packed->shared);
    text_clear(&packed->own);
}

/* The value that stands at the start of bytes, or -1. */
static int value_at(const struct packed_values *values, const char *bytes, size_t length)
{
    for (int i = 0; i < PACKED_VALUE_COUNT; i++) {
        size_t size = strlen(values->texts[i]);

        if (size > 0 && size <= length && memcmp(values->texts[i], bytes, size) == 0)
            return i;
    }
    return -1;
}

static void add_with_holes(const struct packed_values *values, const char *bytes, size_t length,
                           struct text *out)
{
    for (size_t i = 0; i < length;) {
        int value = value_at(values, bytes + i, length - i);
        char hole = (char)(FIRST_HOLE + value);

        text_add(out, value < 0 ? bytes + i : &hole, 1);
        i += value < 0 ? 1 : strlen(values->texts[value]);
    }
}

static bool add_filled(const struct packed_values *values, const char *bytes, size_t length,
                       struct text *out)
{
    for (size_t i = 0; i < length; i++) {
        int value = bytes[i] - FIRST_HOLE;

        if (value < 0 || value >= PACKED_VALUE_COUNT) {
            text_add(out, bytes + i, 1);
            continue;
        }
        if (values == NULL || values->texts[value][0] == '\0')
            return false;
        text_add_string(out, values->texts[value]);
    }
    return true;
}

bool packed_jws_write(const struct text *shared, const struct text *own,
                      const struct packed_values *values, struct text *out)
{
    AUTO(text_clear) struct text payload = {0};
    const char *header = text_string(shared), *rest = text_string(own);
    size_t header_length = strlen(header), payload_length;

    if (own->length < PACKED_SIGNATURE_SIZE)
        return false;
    payload_length = own->length - PACKED_SIGNATURE_SIZE;
    if (header_length < shared->length) { /* behind the NUL is the payload with its holes */
        if (payload_length > 0 || !add_filled(values, header + header_length + 1,
                                              shared->length - header_length - 1, &payload))
            return false;
    } else {
        text_add(&payload, rest, payload_length);
    }
    base64url_encode(header, header_length, out);
    text_add(out, ".", 1);
    base64url_encode(text_string(&payload), payload.length, out);
    text_add(out, ".", 1);
    base64url_encode(rest + payload_length, PACKED_SIGNATURE_SIZE, out);
    return true;
}

bool packed_jws_make(const char *compact, size_t length, const struct packed_values *values,
                     struct packed_jws *ret_packed)
{
    AUTO(jws_clear) struct jws jws = {0};
    AUTO(text_clear) struct text again = {0};

    if (jws_split(compact, length, &jws, NULL) < 0)
        return false;
    text_add_string(&ret_packed->shared, jws.header);
    if (values == NULL) {
        text_add(&ret_packed->own, jws.payload, jws.payload_length);
    } else {
        text_add(&ret_packed->shared, "", 1);
        add_with_holes(values, (const char *)jws.payload, jws.payload_length, &ret_packed->shared);
    }
    text_add(&ret_packed->own, jws.signature, PACKED_SIGNATURE_SIZE);
    return packed_jws_write(&ret_packed->shared, &ret_packed->own, values, &again) &&
           again.length == length && memcmp(again.bytes, compact, length) == 0;
}
