#include "server-api/http/request_head.h"

#include <string.h>
#include <strings.h>

#include "platform/number.h"

#define LETTERS_AND_DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
#define TOKEN_CHARACTERS   LETTERS_AND_DIGITS "!#$%&'*+-.^_`|~"
#define PATH_CHARACTERS    LETTERS_AND_DIGITS "-._~/"
#define QUERY_CHARACTERS   PATH_CHARACTERS "?=&+,:@%"
#define HOST_CHARACTERS    LETTERS_AND_DIGITS "-._:[]"
#define HOST_MAX           255U
#define VERSION            "HTTP/1.1"

static unsigned refuse(struct request_head *head, unsigned status, const char *why)
{
    head->refusal = why;
    return status;
}

static bool consists_of(struct span span, const char *characters)
{
    for (size_t i = 0; i < span.length; i++)
        if (span.bytes[i] == '\0' || strchr(characters, span.bytes[i]) == NULL)
            return false;
    return true;
}

static bool equals(struct span span, const char *text)
{
    return span.length == strlen(text) && memcmp(span.bytes, text, span.length) == 0;
}

static bool equals_any_case(struct span span, const char *text)
{
    return span.length == strlen(text) && strncasecmp(span.bytes, text, span.length) == 0;
}

/* The part of span before the character, which is taken away with it; all of it where there is
 * none. */
static struct span cut_at(struct span *span, char character, bool *ret_found)
{
    const char *found = memchr(span->bytes, character, span->length);
    struct span before = *span;

    *ret_found = found != NULL;
    if (found == NULL) {
        *span = (struct span){span->bytes + span->length, 0};
        return before;
    }
    before.length = (size_t)(found - span->bytes);
    *span = (struct span){found + 1, span->length - before.length - 1};
    return before;
}

static unsigned parse_method(struct span word, struct request_head *head)
{
    static const char *const methods[] = {"GET", "POST", "PUT"};

    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
        if (equals(word, methods[i])) {
            head->method = methods[i];
            return REQUEST_HEAD_COMPLETE;
        }
    }
    if (word.length > 0 && consists_of(word, TOKEN_CHARACTERS))
        return refuse(head, 501, "Only GET, POST and PUT are understood.");
    return refuse(head, 400, "The request line is malformed.");
}

/* Whether it has an empty segment, "." or ".." in it, which could name another path than it
 * says. */
static bool path_is_ambiguous(struct span path)
{
    struct span rest = {path.bytes + 1, path.length - 1};
    bool more = true;

    while (more) {
        struct span segment = cut_at(&rest, '/', &more);

        if ((segment.length == 0 && more) || equals(segment, ".") || equals(segment, ".."))
            return true;
    }
    return false;
}

static unsigned parse_target(struct span target, struct request_head *head)
{
    bool has_query;

    if (target.length == 0 || target.bytes[0] != '/')
        return refuse(head, 400, "The request target must be a path.");
    head->query = target;
    head->path = cut_at(&head->query, '?', &has_query);
    if (!consists_of(head->path, PATH_CHARACTERS) || path_is_ambiguous(head->path))
        return refuse(head, 400, "The path has a character or segment that is not allowed.");
    if (!consists_of(head->query, QUERY_CHARACTERS))
        return refuse(head, 400, "The query has a character that is not allowed.");
    return REQUEST_HEAD_COMPLETE;
}

static unsigned parse_request_line(struct span line, struct request_head *head)
{
    bool after_method, after_target;
    struct span method = cut_at(&line, ' ', &after_method);
    struct span target = cut_at(&line, ' ', &after_target);
    unsigned status;

    if (!after_method || !after_target)
        return refuse(head, 400, "The request line is malformed.");
    status = parse_method(method, head);
    if (status == REQUEST_HEAD_COMPLETE)
        status = parse_target(target, head);
    if (status != REQUEST_HEAD_COMPLETE)
        return status;
    if (equals(line, VERSION))
        return REQUEST_HEAD_COMPLETE;
    if (line.length == strlen(VERSION) && memcmp(line.bytes, VERSION, 5) == 0)
        return refuse(head, 505, "Only HTTP/1.1 is understood.");
    return refuse(head, 400, "The request line is malformed.");
}

/* The fields that count, each at most once. */
struct fields {
    struct span content_length;
    struct span connection;
    unsigned count;
};

static unsigned keep_once(struct span value, struct span *target, struct request_head *head)
{
    if (target->bytes != NULL)
        return refuse(head, 400, "A header that may come once came twice.");
    *target = value;
    return REQUEST_HEAD_COMPLETE;
}

struct refused_field {
    const char *name;
    unsigned status;
    const char *why;
};

static const struct refused_field refused_fields[] = {
    {"Transfer-Encoding", 400, "Transfer-Encoding is not accepted; send Content-Length."},
    {"Trailer", 400, "Trailer is not accepted."},
    {"Expect", 417, "Expect is not accepted; send the body at once."},
    {"Upgrade", 400, "Upgrade is not accepted."},
    {"Content-Encoding", 415, "Content-Encoding is not accepted."},
};

static unsigned keep_field(struct span name, struct span value, struct fields *fields,
                           struct request_head *head)
{
    for (size_t i = 0; i < sizeof(refused_fields) / sizeof(*refused_fields); i++)
        if (equals_any_case(name, refused_fields[i].name))
            return refuse(head, refused_fields[i].status, refused_fields[i].why);
    if (equals_any_case(name, "Host"))
        return keep_once(value, &head->host, head);
    if (equals_any_case(name, "Authorization"))
        return keep_once(value, &head->authorization, head);
    if (equals_any_case(name, "Content-Type"))
        return keep_once(value, &head->content_type, head);
    if (equals_any_case(name, "Content-Length"))
        return keep_once(value, &fields->content_length, head);
    if (equals_any_case(name, "Connection"))
        return keep_once(value, &fields->connection, head);
    return REQUEST_HEAD_COMPLETE;
}

static struct span trimmed(struct span value)
{
    while (value.length > 0 && (value.bytes[0] == ' ' || value.bytes[0] == '\t')) {
        value.bytes++;
        value.length--;
    }
    while (value.length > 0 &&
           (value.bytes[value.length - 1] == ' ' || value.bytes[value.length - 1] == '\t'))
        value.length--;
    return value;
}

static bool is_printable(struct span value)
{
    for (size_t i = 0; i < value.length; i++)
        if ((value.bytes[i] < 0x20 || value.bytes[i] > 0x7e) && value.bytes[i] != '\t')
            return false;
    return true;
}

static unsigned parse_field(struct span line, struct fields *fields, struct request_head *head)
{
    bool has_colon;
    struct span name = cut_at(&line, ':', &has_colon);

    if (++fields->count > REQUEST_HEADERS_MAX)
        return refuse(head, 431, "There are more than 40 headers.");
    if (!has_colon || name.length == 0 || !consists_of(name, TOKEN_CHARACTERS))
        return refuse(head, 400, "A header line is malformed.");
    if (!is_printable(line))
        return refuse(head, 400, "A header has a byte that is not printable ASCII.");
    return keep_field(name, trimmed(line), fields, head);
}

static unsigned check_length(const struct fields *fields, struct request_head *head)
{
    struct span value = fields->content_length;
    bool takes_body = strcmp(head->method, "GET") != 0;

    if (value.bytes == NULL)
        return takes_body ? refuse(head, 411, "Content-Length is missing.") : REQUEST_HEAD_COMPLETE;
    if (value.length == 0 || !consists_of(value, "0123456789"))
        return refuse(head, 400, "Content-Length is not a number.");
    if (!number_parse(value.bytes, value.length, UINT32_MAX, &head->content_length))
        return refuse(head, 413, "The body is too large.");
    if (!takes_body && head->content_length > 0)
        return refuse(head, 400, "GET has no body.");
    return REQUEST_HEAD_COMPLETE;
}

static unsigned check_fields(const struct fields *fields, struct request_head *head)
{
    if (head->host.length == 0 || head->host.length > HOST_MAX ||
        !consists_of(head->host, HOST_CHARACTERS))
        return refuse(head, 400, "Host is missing or malformed.");
    if (fields->connection.bytes != NULL) {
        head->wants_close = equals_any_case(fields->connection, "close");
        if (!head->wants_close && !equals_any_case(fields->connection, "keep-alive"))
            return refuse(head, 400, "Connection is neither close nor keep-alive.");
    }
    return check_length(fields, head);
}

/* Takes one line off rest, without its CRLF. */
static unsigned next_line(struct span *rest, struct span *ret_line, struct request_head *head)
{
    bool complete;
    struct span after = *rest;
    struct span line = cut_at(&after, '\n', &complete);

    if (!complete)
        return REQUEST_HEAD_INCOMPLETE;
    if (line.length == 0 || line.bytes[line.length - 1] != '\r')
        return refuse(head, 400, "A line does not end in CR LF.");
    line.length--;
    *rest = after;
    *ret_line = line;
    return REQUEST_HEAD_COMPLETE;
}

static unsigned parse_lines(struct span rest, struct request_head *head)
{
    struct fields fields = {0};
    const char *start = rest.bytes;
    struct span line;
    unsigned status = next_line(&rest, &line, head);

    if (status == REQUEST_HEAD_INCOMPLETE && rest.length > REQUEST_LINE_MAX)
        return refuse(head, 414, "The request line is too long.");
    if (status != REQUEST_HEAD_COMPLETE)
        return status;
    if (line.length > REQUEST_LINE_MAX)
        return refuse(head, 414, "The request line is too long.");
    status = parse_request_line(line, head);
    while (status == REQUEST_HEAD_COMPLETE) {
        status = next_line(&rest, &line, head);
        if (status == REQUEST_HEAD_COMPLETE && line.length == 0) {
            head->length = (size_t)(rest.bytes - start);
            return check_fields(&fields, head);
        }
        if (status == REQUEST_HEAD_COMPLETE)
            status = parse_field(line, &fields, head);
    }
    return status;
}

unsigned request_head_parse(const char *bytes, size_t length, struct request_head *ret_head)
{
    struct span all = {bytes, length < REQUEST_HEAD_MAX ? length : REQUEST_HEAD_MAX};
    unsigned status;

    *ret_head = (struct request_head){0};
    if (length == 0)
        return REQUEST_HEAD_INCOMPLETE;
    status = parse_lines(all, ret_head);
    if (status == REQUEST_HEAD_INCOMPLETE && length >= REQUEST_HEAD_MAX)
        return refuse(ret_head, 431, "The request head is larger than 8 KiB.");
    return status;
}
