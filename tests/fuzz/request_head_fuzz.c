#include "server-api/http/request_head.h"

#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"

static void check_span(struct span span, const uint8_t *data, size_t size)
{
    const char *start = (const char *)data;

    if (span.bytes != NULL && (span.bytes < start || span.bytes + span.length > start + size))
        abort();
}

/* What is accepted lies inside the input, ends in an empty line, and nothing before its end was
 * accepted already. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct request_head head, again;
    unsigned status = request_head_parse((const char *)data, size, &head);

    if (status >= 400 && head.refusal == NULL)
        abort();
    if (status != REQUEST_HEAD_COMPLETE)
        return 0;
    if (head.length > size || head.length < 4 || head.length > REQUEST_HEAD_MAX ||
        memcmp(data + head.length - 4, "\r\n\r\n", 4) != 0 || head.path.bytes[0] != '/')
        abort();
    check_span(head.path, data, size);
    check_span(head.query, data, size);
    check_span(head.host, data, size);
    check_span(head.authorization, data, size);
    check_span(head.content_type, data, size);
    if (request_head_parse((const char *)data, head.length - 1, &again) !=
            REQUEST_HEAD_INCOMPLETE ||
        request_head_parse((const char *)data, head.length, &again) != REQUEST_HEAD_COMPLETE)
        abort();
    return 0;
}
