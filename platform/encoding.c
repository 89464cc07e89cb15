#include "platform/encoding.h"

#include <string.h>

#include "platform/text.h"

#define BLOCK_SIZE 256U /* that text is added in */

static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char plain_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void hex_encode(const void *bytes, size_t length, struct text *out)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *byte = bytes;

    for (size_t i = 0; i < length; i++) {
        char pair[2] = {digits[byte[i] >> 4], digits[byte[i] & 15]};

        text_add(out, pair, sizeof(pair));
    }
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    return -1;
}

bool hex_decode(const char *digits, size_t length, uint8_t *ret_bytes, size_t size)
{
    if (length != size * 2)
        return false;
    for (size_t i = 0; i < size; i++) {
        int high = hex_value(digits[2 * i]), low = hex_value(digits[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        ret_bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static size_t encode_group(const uint8_t *byte, size_t left, const char *alphabet, char *ret_quad)
{
    uint32_t group = (uint32_t)byte[0] << 16 | (left > 1 ? (uint32_t)byte[1] << 8 : 0) |
                     (left > 2 ? (uint32_t)byte[2] : 0);

    ret_quad[0] = alphabet[group >> 18];
    ret_quad[1] = alphabet[group >> 12 & 63];
    ret_quad[2] = alphabet[group >> 6 & 63];
    ret_quad[3] = alphabet[group & 63];
    return left > 2 ? 4 : left + 1;
}

static void encode(const void *bytes, size_t length, const char *alphabet, bool pad,
                   struct text *out)
{
    const uint8_t *byte = bytes;
    char block[BLOCK_SIZE];
    size_t filled = 0, used = 4;

    for (size_t i = 0; i < length; i += 3) {
        if (filled + 4 > sizeof(block)) {
            text_add(out, block, filled);
            filled = 0;
        }
        used = encode_group(byte + i, length - i, alphabet, block + filled);
        filled += used;
    }
    text_add(out, block, filled);
    if (pad)
        text_add(out, "==", 4 - used);
}

void base64url_encode(const void *bytes, size_t length, struct text *out)
{
    encode(bytes, length, url_alphabet, false, out);
}

void base64_encode(const void *bytes, size_t length, struct text *out)
{
    encode(bytes, length, plain_alphabet, true, out);
}

static int sextet(char character, const char *alphabet)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    return character == alphabet[62] ? 62 : character == alphabet[63] ? 63 : -1;
}

/* Collects sextets; whole bytes go out a block at a time. */
struct decoder {
    const char *alphabet;
    struct text *out;
    uint32_t bits;
    unsigned held;
    size_t count;
    char block[BLOCK_SIZE];
    size_t filled;
};

static void flush(struct decoder *decoder)
{
    text_add(decoder->out, decoder->block, decoder->filled);
    decoder->filled = 0;
}

static bool decode_one(struct decoder *decoder, char character)
{
    int value = sextet(character, decoder->alphabet);

    if (value < 0)
        return false;
    decoder->bits = (decoder->bits << 6 | (uint32_t)value) & 0xffff;
    decoder->held += 6;
    decoder->count++;
    if (decoder->held >= 8) {
        decoder->held -= 8;
        decoder->block[decoder->filled++] = (char)(decoder->bits >> decoder->held & 0xff);
        if (decoder->filled == sizeof(decoder->block))
            flush(decoder);
    }
    return true;
}

/* Left-over bits must be 0 and a lone sextet is no byte: each value has one spelling. */
static bool ends_cleanly(const struct decoder *decoder)
{
    return decoder->count % 4 != 1 && (decoder->bits & ((1U << decoder->held) - 1)) == 0;
}

bool base64url_decode(const char *encoded, size_t length, struct text *out)
{
    struct decoder decoder = {.alphabet = url_alphabet, .out = out};

    for (size_t i = 0; i < length; i++)
        if (!decode_one(&decoder, encoded[i]))
            return false;
    flush(&decoder);
    return ends_cleanly(&decoder);
}

bool base64_decode(const char *encoded, size_t length, struct text *out)
{
    struct decoder decoder = {.alphabet = plain_alphabet, .out = out};
    size_t padding = 0;

    for (size_t i = 0; i < length; i++) {
        if (encoded[i] != '\0' && strchr("\r\n \t", encoded[i]) != NULL)
            continue;
        if (encoded[i] == '=') {
            padding++;
            continue;
        }
        if (padding > 0 || !decode_one(&decoder, encoded[i]))
            return false;
    }
    flush(&decoder);
    return (decoder.count + padding) % 4 == 0 && padding <= 2 && ends_cleanly(&decoder);
}
