#pragma once

#include <stddef.h>

#include "platform/digest.h"
#include "platform/error.h"

struct text;

/*
 * What a person pastes once: where the server is, the pin of its root, a one-time token and the
 * label the machine will carry. One line: "dijkwacht-join-1." and base64url of compact JSON with a
 * CRC-32 of it, so that a code cut off or mistyped is told from one that is wrong.
 */
#define JOIN_CODE_MAX_SIZE 1024U
#define MACHINE_LABEL_SIZE 65U  /* at most 64 bytes of UTF-8, no control characters */
#define SERVER_URL_SIZE    257U /* https://host[:port], nothing after it */
#define TOKEN_ID_SIZE      34U  /* organisation "." 16 characters of [a-z2-7] */
#define TOKEN_SECRET_SIZE  23U  /* 128 random bits in base64url */

struct join_code {
    char url[SERVER_URL_SIZE];
    struct digest root_pin; /* SHA-256 of the root certificate's SubjectPublicKeyInfo */
    char token_id[TOKEN_ID_SIZE];
    char token_secret[TOKEN_SECRET_SIZE];
    char label[MACHINE_LABEL_SIZE];
};

void join_code_write(const struct join_code *code, struct text *out);

/* White space around and inside is ignored (mail programs break lines). Fails with -EILSEQ when the
 * checksum is wrong ("typed or copied incompletely"), -EBADMSG when it is no join code at all. */
int join_code_read(const char *text, size_t length, struct join_code *ret_code, struct error *err);

int machine_label_check(const char *label, struct error *err);
