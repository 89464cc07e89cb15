#include "server-api/http/response.h"

#include <stddef.h>

struct reason {
    unsigned status;
    const char *phrase;
};

static const struct reason reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

/* What browsers must know before they show anything of ours. */
static const char people_headers[] =
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'\r\n"
    "Referrer-Policy: no-referrer\r\n"
    "Cross-Origin-Opener-Policy: same-origin\r\n"
    "Cross-Origin-Resource-Policy: same-origin\r\n"
    "Strict-Transport-Security: max-age=63072000\r\n";

static const char *phrase_of(unsigned status)
{
    for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
        if (reasons[i].status == status)
            return reasons[i].phrase;
    return "Unknown";
}

void response_write_head(enum listener_kind listener, const struct answer *answer, bool close,
                         struct text *out)
{
    text_add_format(out, "HTTP/1.1 %u %s\r\n", answer->status, phrase_of(answer->status));
    text_add_format(out, "Content-Length: %zu\r\n", answer->body.length);
    if (answer->content_type != NULL)
        text_add_format(out, "Content-Type: %s\r\n", answer->content_type);
    text_add_format(out, "Connection: %s\r\n", close ? "close" : "keep-alive");
    text_add_string(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n");
    if (listener == LISTENER_PEOPLE)
        text_add_string(out, people_headers);
    if (answer->extra_header != NULL)
        text_add_format(out, "%s\r\n", answer->extra_header);
    text_add_string(out, "\r\n");
}
