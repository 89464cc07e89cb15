#include "platform/http_client.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "platform/cleanup.h"
#include "platform/memory.h"

#define CONNECT_SECONDS  20L
#define STALLED_SECONDS  30L /* without one byte in this time, the connection is dead */
#define HEADERS_MAX_SIZE 16384U

/* One request on its way, for the callbacks. */
struct transfer {
    const struct http_request *request;
    struct http_answer *answer;
    size_t headers_size;
    bool too_large;
    bool tls_refused;
};

/* libcurl reuses a connection only when its TLS callback has the same address, so it stays here. */
struct http_session {
    CURL *curl;
    struct transfer transfer;
};

struct http_session *http_session_new(void)
{
    struct http_session *session = must_allocate(1, sizeof(*session));

    /* libcurl would write the keys of our connections to the file that this names. */
    (void)unsetenv("SSLKEYLOGFILE");
    session->curl = curl_easy_init();
    if (session->curl == NULL)
        abort(); /* out of memory, as in must_allocate() */
    return session;
}

void http_session_free(struct http_session *session)
{
    if (session == NULL)
        return;
    curl_easy_cleanup(session->curl);
    free(session);
}

void auto_http_session_free(struct http_session **session)
{
    http_session_free(*session);
}

static size_t receive_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    size_t length = size * count;

    if (length > transfer->request->max_answer - transfer->answer->body.length) {
        transfer->too_large = true;
        return 0; /* ends the transfer */
    }
    text_add(&transfer->answer->body, bytes, length);
    return length;
}

/* An endless head would keep us as long as the body that it never reaches. */
/* NOLINTNEXTLINE(readability-non-const-parameter): the type is libcurl's */
static size_t receive_header(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;

    (void)bytes;
    transfer->headers_size += size * count;
    if (transfer->headers_size > HEADERS_MAX_SIZE) {
        transfer->too_large = true;
        return 0;
    }
    return size * count;
}

static CURLcode configure_tls(CURL *curl, void *ssl_ctx, void *context)
{
    struct transfer *transfer = context;

    (void)curl;
    if (transfer->request->configure_tls == NULL ||
        transfer->request->configure_tls(ssl_ctx, transfer->request->tls_context) == 0)
        return CURLE_OK;
    transfer->tls_refused = true;
    return CURLE_SSL_CERTPROBLEM;
}

/* The environment names proxies, and libcurl would follow them: an empty proxy means none. */
static void set_route(CURL *curl, const struct http_request *request)
{
    (void)curl_easy_setopt(curl, CURLOPT_PROXY, request->proxy == NULL ? "" : request->proxy);
    (void)curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
    (void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "https");
    (void)curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    (void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_SECONDS);
    (void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)request->timeout_seconds);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, STALLED_SECONDS);
    (void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
}

static void set_trust(CURL *curl, struct transfer *transfer)
{
    const char *root = transfer->request->root_pem;

    (void)curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
    (void)curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    (void)curl_easy_setopt(curl, CURLOPT_CAINFO, NULL);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    if (root == NULL) {
        (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
        (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
    } else {
        struct curl_blob blob = {.len = strlen(root), .flags = CURL_BLOB_COPY};

        memcpy(&blob.data, &root, sizeof(root)); /* the field is not const, the copy is read only */
        (void)curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &blob);
        (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
        (void)curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
    }
    (void)curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, configure_tls);
    (void)curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, transfer);
}

static void set_content(CURL *curl, const struct http_request *request, struct curl_slist *headers)
{
    (void)curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request->method);
    (void)curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    if (request->body == NULL)
        return;
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body);
    (void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body_length);
}

static struct curl_slist *add_header(struct curl_slist *headers, const char *name,
                                     const char *value)
{
    AUTO(text_clear) struct text line = {0};

    text_add_format(&line, value[0] == '\0' ? "%s:" : "%s: %s", name, value);
    headers = curl_slist_append(headers, text_string(&line));
    if (headers == NULL)
        abort();
    return headers;
}

static void auto_slist_free(struct curl_slist **list)
{
    curl_slist_free_all(*list);
}

/* "name[:port]" of the URL, which may be shown; the password of a proxy before it may not. */
static void name_server(const char *url, char ret_name[128])
{
    const char *start = strstr(url, "://");
    size_t length;

    start = start == NULL ? url : start + strlen("://");
    length = strcspn(start, "/");
    for (const char *at; (at = memchr(start, '@', length)) != NULL; start = at + 1)
        length -= (size_t)(at + 1 - start);
    (void)snprintf(ret_name, 128, "%.*s", (int)length, start);
}

static int explain_tls(const struct http_request *request, const char *server, const char *detail,
                       struct error *err)
{
    if (strstr(detail, "alert") != NULL)
        return error_set(err, EPROTO,
                         "%s refused the connection (%.80s): it does not accept this certificate, "
                         "or is no Dijkwacht server",
                         server, detail);
    if (request->root_pem == NULL)
        return error_set(err, EPROTO, "%s does not speak TLS 1.3 (%.100s): check its address",
                         server, detail);
    return error_set(err, EPROTO, "no secure connection to %s (%.100s): check its address", server,
                     detail);
}

static int explain(const struct transfer *transfer, CURLcode code, const char *detail,
                   struct error *err)
{
    char server[128];

    name_server(transfer->request->url, server);
    if (transfer->too_large)
        return error_set(err, EFBIG, "%s answered more than %zu bytes: it is no Dijkwacht server",
                         server, transfer->request->max_answer);
    if (transfer->tls_refused)
        return error_set(err, EPROTO, "the key or certificate for %s cannot be used", server);
    switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return error_set(err, EHOSTUNREACH,
                         "cannot find %s: check the network connection and the name", server);
    case CURLE_COULDNT_RESOLVE_PROXY:
        name_server(transfer->request->proxy == NULL ? "" : transfer->request->proxy, server);
        return error_set(err, EHOSTUNREACH, "cannot find the proxy %s: check the configuration",
                         server);
    case CURLE_COULDNT_CONNECT:
        return error_set(err, ECONNREFUSED,
                         "cannot connect to %s: check the network, or whether the server runs",
                         server);
    case CURLE_OPERATION_TIMEDOUT:
        return error_set(err, ETIMEDOUT, "%s did not answer in time: try again later", server);
    case CURLE_PEER_FAILED_VERIFICATION:
        if (strstr(detail, "expired") != NULL || strstr(detail, "not yet valid") != NULL)
            return error_set(err, EKEYEXPIRED,
                             "the certificate of %s is not valid at this time: is this machine's "
                             "clock right?",
                             server);
        return error_set(err, EKEYREJECTED,
                         "whoever answers as %s is not the server this machine trusts (%.80s)",
                         server, detail);
    case CURLE_SSL_CONNECT_ERROR:
        return explain_tls(transfer->request, server, detail, err);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
        if (strstr(detail, "alert") != NULL)
            return explain_tls(transfer->request, server, detail, err);
        /* TLS 1.3 tells a client only after the handshake that its certificate is not welcome. */
        return error_set(err, EPROTO,
                         "%s closed the connection without an answer: try again later; when it "
                         "stays so, it does not accept this machine's certificate",
                         server);
    default:
        if (strstr(detail, "alert") != NULL)
            return explain_tls(transfer->request, server, detail, err);
        return error_set(err, EPROTO, "the exchange with %s failed (%.100s): try again later",
                         server, detail[0] == '\0' ? curl_easy_strerror(code) : detail);
    }
}

static void read_answer(CURL *curl, struct http_answer *answer)
{
    curl_off_t seconds = 0;
    const char *type = NULL;
    long status = 0;

    (void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &seconds);
    (void)curl_easy_getinfo(curl, CURLINFO_CONTENT_TYPE, &type);
    answer->status = (unsigned)status;
    answer->retry_after_seconds = seconds > 0 ? (uint64_t)seconds : 0;
    (void)snprintf(answer->content_type, sizeof(answer->content_type), "%s",
                   type == NULL ? "" : type);
}

static int perform(struct http_session *session, const struct http_request *request,
                   struct http_answer *answer, struct error *err)
{
    AUTO(auto_slist_free) struct curl_slist *headers = add_header(NULL, "Accept", "");
    struct transfer *transfer = &session->transfer;
    CURL *curl = session->curl;
    char detail[CURL_ERROR_SIZE] = "";
    CURLcode code;

    headers = add_header(headers, "Expect", ""); /* no round trip to ask for permission */
    if (request->body != NULL)
        headers = add_header(headers, "Content-Type",
                             request->content_type == NULL ? "" : request->content_type);
    if (request->authorization != NULL)
        headers = add_header(headers, "Authorization", request->authorization);

    *transfer = (struct transfer){.request = request, .answer = answer};
    curl_easy_reset(curl); /* keeps the connection */
    (void)curl_easy_setopt(curl, CURLOPT_URL, request->url);
    (void)curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, detail);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive_body);
    (void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, receive_header);
    (void)curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
    set_route(curl, request);
    set_trust(curl, transfer);
    set_content(curl, request, headers);
    code = curl_easy_perform(curl);
    if (code != CURLE_OK)
        return explain(transfer, code, detail, err);
    read_answer(curl, answer);
    return 0;
}

int http_perform(const struct http_request *request, struct http_answer *ret_answer,
                 struct error *err)
{
    AUTO(auto_http_session_free)
    struct http_session *own = request->session == NULL ? http_session_new() : NULL;
    struct http_answer answer = {0};
    int r = perform(own == NULL ? request->session : own, request, &answer, err);

    if (r < 0) {
        text_clear(&answer.body);
        return r;
    }
    *ret_answer = answer;
    return 0;
}
