#include "server-api/http/request_head.h"

#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "tests/support/test.h"

#define HOST "Host: h\r\n"
#define END  "\r\n"

struct row {
    const char *bytes;
    size_t length;
    unsigned status;
};
#define ROW(status, text)                                                                          \
    {                                                                                              \
        text, sizeof(text) - 1, status                                                             \
    }

static const struct row accepted[] = {
    ROW(200, "GET / HTTP/1.1\r\n" HOST END),
    ROW(200, "GET /v1/fleet HTTP/1.1\r\nHost: collect.example:8443\r\n" END),
    ROW(200, "GET /v1/fleet HTTP/1.1\r\nHost: [::1]:8443\r\n" END),
    ROW(200, "GET /.well-known/est/cacerts HTTP/1.1\r\n" HOST END),
    ROW(200, "GET /a/ HTTP/1.1\r\n" HOST END),
    ROW(200, "GET /a..b/c.d~e_f-g HTTP/1.1\r\n" HOST END),
    ROW(200, "GET /a?b=c&d=e/../f HTTP/1.1\r\n" HOST END),
    ROW(200, "GET /a? HTTP/1.1\r\n" HOST END),
    ROW(200, "GET / HTTP/1.1\r\nhOsT:h\r\n" END),
    ROW(200, "GET / HTTP/1.1\r\nHost: \t h \t\r\n" END),
    ROW(200, "GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n" END),
    ROW(200, "GET / HTTP/1.1\r\n" HOST "X-Empty:\r\n" END),
    ROW(200, "GET / HTTP/1.1\r\n" HOST "Connection: Keep-Alive\r\n" END),
    ROW(200, "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n" END),
    ROW(200, "GET / HTTP/1.1\r\n" HOST "Accept: */*\r\nAccept: a\r\n" END),
    ROW(200, "POST /a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n" END "abc"),
    ROW(200, "PUT /a HTTP/1.1\r\n" HOST "content-length:0\r\n" END),
};

static const struct row incomplete[] = {
    ROW(0, ""),
    ROW(0, "G"),
    ROW(0, "GET / HTTP/1.1"),
    ROW(0, "GET / HTTP/1.1\r"),
    ROW(0, "GET / HTTP/1.1\r\n"),
    ROW(0, "GET / HTTP/1.1\r\n" HOST),
    ROW(0, "GET / HTTP/1.1\r\n" HOST "\r"),
};

static const struct row refused_lines[] = {
    /* Lines. */
    ROW(400, "\r\nGET / HTTP/1.1\r\n" HOST END),
    ROW(400, "GET / HTTP/1.1\n" HOST END),
    ROW(400, "GET / HTTP/1.1\r\nHost: h\n" END),
    ROW(400, "GET / HTTP/1.1\r\nHost: hh\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "\n"),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "A: b\rC: d\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\r\n" HOST END),
    ROW(400, "\n"),
    /* Request line. */
    ROW(400, "GET /\r\n" END),
    ROW(400, "GET\r\n" END),
    ROW(400, "GET  / HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /  HTTP/1.1\r\n" HOST END),
    ROW(400, "GET / HTTP/1.1 \r\n" HOST END),
    ROW(400, "GET / HTTP/1.1 x\r\n" HOST END),
    ROW(400, " GET / HTTP/1.1\r\n" HOST END),
    ROW(400, "GET\t/\tHTTP/1.1\r\n" HOST END),
    ROW(400, "G\0T / HTTP/1.1\r\n" HOST END),
    ROW(400, "GET / http/1.1\r\n" HOST END),
    ROW(400, "GET / HTTP/1.10\r\n" HOST END),
    ROW(505, "GET / HTTP/1.0\r\n" HOST END),
    ROW(505, "GET / HTTP/2.0\r\n" HOST END),
    ROW(501, "DELETE / HTTP/1.1\r\n" HOST END),
    ROW(501, "HEAD / HTTP/1.1\r\n" HOST END),
    ROW(501, "get / HTTP/1.1\r\n" HOST END),
    ROW(501, "CONNECT h:443 HTTP/1.1\r\n" HOST END),
    ROW(501, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    ROW(400, "(GET) / HTTP/1.1\r\n" HOST END),
    ROW(400, "\x16\x03\x01 / HTTP/1.1\r\n" HOST END),
    /* Target. */
    ROW(400, "GET http://h/ HTTP/1.1\r\n" HOST END),
    ROW(400, "GET * HTTP/1.1\r\n" HOST END),
    ROW(400, "GET a HTTP/1.1\r\n" HOST END),
    ROW(400, "GET ?a HTTP/1.1\r\n" HOST END),
    ROW(400, "GET // HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /a//b HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /a/../b HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /a/.. HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /../ HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /./a HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /a/. HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /%2e%2e/ HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /a%00 HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /a\0b HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /a\\b HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /a#b HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /a;b HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /\xc3\xa9 HTTP/1.1\r\n" HOST END),
    ROW(400, "GET /a?b=<c> HTTP/1.1\r\n" HOST END),
};

static const struct row refused_headers[] = {
    /* Form. */
    ROW(400, "GET / HTTP/1.1\r\n" HOST "nonsense\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST ": a\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "A : b\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "A\t: b\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST " folded\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "A: b\r\n folded: c\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "A: b\r\n\tfolded: c\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n Host: h\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "A\0: b\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "A: b\0c\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "A: b\x01\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "A: b\x7f\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "A: \xc3\xa9\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "\xc3\xa9: a\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "A(b): c\r\n" END),
    /* Host. */
    ROW(400, "GET / HTTP/1.1\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\nHost:\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST HOST END),
    ROW(400, "GET / HTTP/1.1\r\nHost: a b\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\nHost: a,b\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\nHost: a/b\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\nHost: user@h\r\n" END),
    /* How the body is delimited. */
    ROW(411, "POST / HTTP/1.1\r\n" HOST END),
    ROW(411, "PUT / HTTP/1.1\r\n" HOST END),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n" END),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: +4\r\n" END "AAAA"),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: -1\r\n" END),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x4\r\n" END),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 4,4\r\n" END),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 4 4\r\n" END),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 4.0\r\n" END),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Content-Length : 4\r\n" END),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\nContent-Length: 4\r\n" END),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\ncontent-length: 0\r\n" END),
    ROW(413, "POST / HTTP/1.1\r\n" HOST "Content-Length: 4294967296\r\n" END),
    ROW(413, "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551620\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n" END "a"),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n" END),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n" END),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\nTRANSFER-ENCODING:identity\r\n" END),
    ROW(400, "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\nTrailer: a\r\n" END),
    ROW(417, "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\nExpect: 100-continue\r\n" END),
    ROW(415, "POST / HTTP/1.1\r\n" HOST "Content-Length: 4\r\nContent-Encoding: gzip\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "Upgrade: h2c\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "Connection: close, x\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "Connection: close\r\nConnection: close\r\n" END),
    /* What a handler reads comes once. */
    ROW(400, "GET / HTTP/1.1\r\n" HOST "Authorization: a\r\nAuthorization: a\r\n" END),
    ROW(400, "GET / HTTP/1.1\r\n" HOST "Content-Type: a\r\nContent-Type: b\r\n" END),
};

/* On the heap in its exact size, so that the sanitizer sees a read beyond it. */
static unsigned parse(const char *bytes, size_t length, struct request_head *head)
{
    AUTO_FREE char *exact = must_allocate(length + (length == 0), 1);

    memcpy(exact, bytes, length);
    return request_head_parse(exact, length, head);
}

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct request_head head;
        unsigned status = parse(rows[i].bytes, rows[i].length, &head);

        if (status != rows[i].status)
            fail_msg("%u instead of %u for row %zu: %s", status, rows[i].status, i, rows[i].bytes);
        assert_true((status >= 400) == (head.refusal != NULL));
    }
}
#define CHECK_ROWS(rows) check_rows(rows, sizeof(rows) / sizeof(*(rows)))

TEST(accepts_what_clients_of_ours_send)
{
    CHECK_ROWS(accepted);
}

TEST(waits_for_the_rest_of_a_head)
{
    CHECK_ROWS(incomplete);
}

TEST(refuses_request_lines_that_are_not_exactly_right)
{
    CHECK_ROWS(refused_lines);
}

TEST(refuses_headers_that_are_not_exactly_right)
{
    CHECK_ROWS(refused_headers);
}

TEST(every_beginning_of_an_accepted_head_is_incomplete)
{
    for (size_t i = 0; i < sizeof(accepted) / sizeof(*accepted); i++) {
        struct request_head head;
        size_t end;

        assert_int_equal(parse(accepted[i].bytes, accepted[i].length, &head), 200);
        end = head.length;
        for (size_t length = 0; length < end; length++)
            assert_int_equal(parse(accepted[i].bytes, length, &head), REQUEST_HEAD_INCOMPLETE);
    }
}

static void assert_span(struct span span, const char *expected)
{
    assert_int_equal(span.length, strlen(expected));
    assert_memory_equal(span.bytes, expected, span.length);
}

TEST(answers_the_parts_of_a_head)
{
    static const char request[] = "PUT /v1/snapshots/ab?full=1 HTTP/1.1\r\nHost: h:1\r\n"
                                  "Authorization:  Basic YTpi \r\ncontent-type: a/b\r\n"
                                  "Content-Length: 12\r\nConnection: CLOSE\r\n\r\nbody";
    struct request_head head;

    assert_int_equal(request_head_parse(request, sizeof(request) - 1, &head), 200);
    assert_string_equal(head.method, "PUT");
    assert_span(head.path, "/v1/snapshots/ab");
    assert_span(head.query, "full=1");
    assert_span(head.host, "h:1");
    assert_span(head.authorization, "Basic YTpi");
    assert_span(head.content_type, "a/b");
    assert_int_equal(head.content_length, 12);
    assert_true(head.wants_close);
    assert_int_equal(head.length, sizeof(request) - 1 - strlen("body"));
}

/* Names of organisations have spaces in them. What an escape means is the handler's to say. */
TEST(a_query_may_be_percent_encoded)
{
    static const char request[] =
        "GET /v1/fleet?organisation=Ambervoort%20Relief HTTP/1.1\r\nHost: h\r\n\r\n";
    struct request_head head;

    assert_int_equal(request_head_parse(request, sizeof(request) - 1, &head), 200);
    assert_span(head.path, "/v1/fleet");
    assert_span(head.query, "organisation=Ambervoort%20Relief");
}

TEST(has_no_spans_for_what_is_not_there)
{
    static const char request[] = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    struct request_head head;

    assert_int_equal(request_head_parse(request, sizeof(request) - 1, &head), 200);
    assert_int_equal(head.query.length, 0);
    assert_null(head.authorization.bytes);
    assert_null(head.content_type.bytes);
    assert_int_equal(head.content_length, 0);
    assert_false(head.wants_close);
}

static unsigned status_of(const struct text *text)
{
    struct request_head head;

    return parse(text->bytes, text->length, &head);
}

static void add_many(struct text *text, char character, size_t count)
{
    for (size_t i = 0; i < count; i++)
        text_add(text, &character, 1);
}

TEST(bounds_the_request_line)
{
    AUTO(text_clear) struct text text = {0};

    text_add_string(&text, "GET /");
    add_many(&text, 'a', REQUEST_LINE_MAX - strlen("GET / HTTP/1.1"));
    text_add_string(&text, " HTTP/1.1\r\n" HOST END);
    assert_int_equal(status_of(&text), 200);

    text_truncate(&text, 0);
    text_add_string(&text, "GET /");
    add_many(&text, 'a', REQUEST_LINE_MAX - strlen("GET / HTTP/1.1") + 1);
    text_add_string(&text, " HTTP/1.1\r\n" HOST END);
    assert_int_equal(status_of(&text), 414);

    text_truncate(&text, 0);
    add_many(&text, 'a', REQUEST_LINE_MAX);
    assert_int_equal(status_of(&text), REQUEST_HEAD_INCOMPLETE);
    add_many(&text, 'a', 1);
    assert_int_equal(status_of(&text), 414);
}

TEST(bounds_the_number_of_headers)
{
    AUTO(text_clear) struct text text = {0};

    text_add_string(&text, "GET / HTTP/1.1\r\n" HOST);
    for (unsigned i = 1; i < REQUEST_HEADERS_MAX; i++)
        text_add_string(&text, "A: b\r\n");
    text_add_string(&text, END);
    assert_int_equal(status_of(&text), 200);

    text_truncate(&text, text.length - strlen(END));
    text_add_string(&text, "A: b\r\n" END);
    assert_int_equal(status_of(&text), 431);
}

TEST(bounds_the_whole_head)
{
    AUTO(text_clear) struct text text = {0};

    text_add_string(&text, "GET / HTTP/1.1\r\n" HOST "A: ");
    add_many(&text, 'a', REQUEST_HEAD_MAX - text.length - strlen("\r\n\r\n"));
    text_add_string(&text, "\r\n\r\n");
    assert_int_equal(text.length, REQUEST_HEAD_MAX);
    assert_int_equal(status_of(&text), 200);

    text_truncate(&text, text.length - strlen("\r\n\r\n"));
    assert_int_equal(status_of(&text), REQUEST_HEAD_INCOMPLETE);
    text_add_string(&text, "a\r\n\r\n");
    assert_int_equal(status_of(&text), 431);
}

TEST(a_large_body_behind_the_head_does_no_harm)
{
    AUTO(text_clear) struct text text = {0};

    text_add_string(&text, "PUT / HTTP/1.1\r\n" HOST "Content-Length: 20000\r\n" END);
    add_many(&text, '\n', 20000);
    assert_int_equal(status_of(&text), 200);
}

TEST(bounds_the_host)
{
    AUTO(text_clear) struct text text = {0};

    text_add_string(&text, "GET / HTTP/1.1\r\nHost: ");
    add_many(&text, 'h', 256);
    text_add_string(&text, "\r\n\r\n");
    assert_int_equal(status_of(&text), 400);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        RUN(accepts_what_clients_of_ours_send),
        RUN(waits_for_the_rest_of_a_head),
        RUN(refuses_request_lines_that_are_not_exactly_right),
        RUN(refuses_headers_that_are_not_exactly_right),
        RUN(every_beginning_of_an_accepted_head_is_incomplete),
        RUN(answers_the_parts_of_a_head),
        RUN(a_query_may_be_percent_encoded),
        RUN(has_no_spans_for_what_is_not_there),
        RUN(bounds_the_request_line),
        RUN(bounds_the_number_of_headers),
        RUN(bounds_the_whole_head),
        RUN(a_large_body_behind_the_head_does_no_harm),
        RUN(bounds_the_host),
    };

    return RUN_ALL(tests);
}
