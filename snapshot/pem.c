/* One PEM block (RFC 7468, the strict form). Reading two small files is no reason for OpenSSL's. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/encoding.h"
#include "snapshot/crypto.h"

#define PEM_MAX_SIZE  16384U
#define BOUNDARY_SIZE 64U
#define LABEL_SHOWN   40

/* What is not read yet. */
struct rest {
    const char *start;
    const char *end;
};

static size_t left(const struct rest *rest)
{
    return (size_t)(rest->end - rest->start);
}

static void skip_space(struct rest *rest)
{
    while (left(rest) > 0 && *rest->start != '\0' && strchr(" \t\r\n", *rest->start) != NULL)
        rest->start++;
}

static bool skip(struct rest *rest, const char *text)
{
    size_t length = strlen(text);

    if (left(rest) < length || memcmp(rest->start, text, length) != 0)
        return false;
    rest->start += length;
    return true;
}

static int refuse_begin(struct rest *rest, const char *label, struct error *err)
{
    int shown;

    if (!skip(rest, "-----BEGIN "))
        return error_set(err, EBADMSG, "PEM: no complete block \"%s\"", label);
    for (shown = 0; shown < LABEL_SHOWN && left(rest) > (size_t)shown; shown++)
        if (rest->start[shown] < ' ' || rest->start[shown] > '~' || rest->start[shown] == '-')
            break;
    return error_set(err, EBADMSG, "PEM: a block \"%.*s\" where \"%s\" belongs", shown, rest->start,
                     label);
}

int crypto_read_pem(const char *pem, size_t length, const char *label, struct text *out_der,
                    struct error *err)
{
    struct rest rest = {pem, pem + length}, inside;
    char boundary[BOUNDARY_SIZE];

    if (length > PEM_MAX_SIZE)
        return error_set(err, EFBIG, "PEM: larger than %u bytes", PEM_MAX_SIZE);
    skip_space(&rest);
    (void)snprintf(boundary, sizeof(boundary), "-----BEGIN %s-----", label);
    if (!skip(&rest, boundary))
        return refuse_begin(&rest, label, err);
    (void)snprintf(boundary, sizeof(boundary), "-----END %s-----", label);
    inside.start = rest.start;
    inside.end = memmem(rest.start, left(&rest), boundary, strlen(boundary));
    if (inside.end == NULL || !base64_decode(inside.start, left(&inside), out_der))
        return error_set(err, EBADMSG, "PEM: no complete block \"%s\"", label);
    rest.start = inside.end + strlen(boundary);
    skip_space(&rest);
    if (left(&rest) > 0)
        return error_set(err, EBADMSG, "PEM: something after the block \"%s\"", label);
    return 0;
}
