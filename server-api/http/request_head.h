#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The head of an HTTP/1.1 request (RFC 9112), read as strictly as the RFC allows and then a little
 * stricter: what two programs could understand differently is refused, and so is everything that
 * no route of ours needs. A refused connection is closed, since what follows cannot be trusted to
 * start where we think it does.
 */
#define REQUEST_LINE_MAX    2048U
#define REQUEST_HEAD_MAX    8192U
#define REQUEST_HEADERS_MAX 40U

/* Bytes inside what was parsed; bytes is NULL when there are none. */
struct span {
    const char *bytes;
    size_t length;
};

struct request_head {
    const char *method; /* "GET", "POST" or "PUT" */
    struct span path;   /* starts with '/' */
    struct span query;  /* what follows '?' */
    struct span host;
    struct span authorization;
    struct span content_type;
    uint64_t content_length; /* 0 for GET */
    bool wants_close;
    size_t length;       /* of the whole head, with its empty line */
    const char *refusal; /* one line for the one who sent it, when it is refused */
};

/* What request_head_parse() answers beside the statuses of refusals. */
#define REQUEST_HEAD_INCOMPLETE 0U
#define REQUEST_HEAD_COMPLETE   200U

/*
 * Parses a head that may not have arrived completely. Answers one of the two above, or the status
 * to refuse the request with. On success the spans point into bytes.
 */
unsigned request_head_parse(const char *bytes, size_t length, struct request_head *ret_head);
