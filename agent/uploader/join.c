/* Enrolment over Secure Transport: RFC 7030, with the bootstrap of section 4.1.1. */
#include "agent/uploader/join.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/identity.h"
#include "agent/identity_pkcs7.h"
#include "agent/identity_tls.h"
#include "agent/settings.h"
#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/encoding.h"
#include "platform/file.h"
#include "platform/http_client.h"
#include "platform/json.h"
#include "platform/json_writer.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "snapshot/join_code.h"

#define REQUEST_SECONDS 60U
#define ANSWER_MAX_SIZE 65536U

struct joining {
    struct join_code code;
    char *signing_request; /* base64 of the parent's PKCS#10 */
    struct settings settings;
    struct http_session *session;
    struct tls_setup tls;
    struct text authorization;
    struct text root_pem; /* empty until the pin fitted */
    struct certificate_list authorities;
    const struct certificate *root;
    const struct certificate *intermediate;
};

static void joining_clear(struct joining *joining)
{
    http_session_free(joining->session);
    settings_clear(&joining->settings);
    certificate_list_clear(&joining->authorities);
    text_clear(&joining->root_pem);
    if (joining->authorization.length > 0)
        explicit_bzero(joining->authorization.bytes, joining->authorization.length);
    text_clear(&joining->authorization);
    explicit_bzero(&joining->code, sizeof(joining->code));
    free(joining->signing_request);
}

static int read_input(const struct text *input, struct joining *joining, struct error *err)
{
    AUTO(auto_json_free) struct json *document = NULL;
    AUTO(text_clear) struct text secret = {0};
    const char *code, *request;
    int r = json_parse(text_string(input), input->length, &json_default_limits, &document, err);

    if (r < 0)
        return r;
    code = json_text(json_member(document, "code"));
    request = json_text(json_member(document, "request"));
    if (code == NULL || request == NULL)
        return error_set(err, EBADMSG, "run \"dijkwacht enrol\" instead: it runs this program");
    r = join_code_read(code, strlen(code), &joining->code, err);
    if (r < 0)
        return r;
    joining->signing_request = must_copy_text(request, strlen(request));
    text_add_format(&secret, "%s:%s", joining->code.token_id, joining->code.token_secret);
    text_add_string(&joining->authorization, "Basic ");
    base64_encode(secret.bytes, secret.length, &joining->authorization);
    explicit_bzero(secret.bytes, secret.length);
    return 0;
}

/* body NULL makes it a GET, which carries no secret. */
static int ask(struct joining *joining, const char *path, const char *body,
               struct http_answer *ret_answer, struct error *err)
{
    AUTO(text_clear) struct text url = {0};
    struct http_request request = {
        .session = joining->session,
        .method = body == NULL ? "GET" : "POST",
        .body = body,
        .body_length = body == NULL ? 0 : strlen(body),
        .content_type = "application/pkcs10",
        .authorization = body == NULL ? NULL : text_string(&joining->authorization),
        .proxy = joining->settings.proxy,
        .max_answer = ANSWER_MAX_SIZE,
        .timeout_seconds = REQUEST_SECONDS,
        .root_pem = joining->root_pem.length == 0 ? NULL : text_string(&joining->root_pem),
        .configure_tls = identity_configure_tls,
        .tls_context = &joining->tls,
    };

    text_add_format(&url, "%s/.well-known/est/%s", joining->code.url, path);
    request.url = text_string(&url);
    return http_perform(&request, ret_answer, err);
}

static int explain_status(const struct http_answer *answer, const char *url, struct error *err)
{
    const char *body = text_string(&answer->body);
    size_t line = strcspn(body, "\r\n");

    switch (answer->status) {
    case 200:
        return 0;
    case 202:
        return error_set(err, EAGAIN,
                         "the organisation must approve this machine first: run it "
                         "again with the same join code when it did");
    case 401:
    case 403:
        return error_set(err, EACCES,
                         "the server does not accept this join code: it was used "
                         "already or is too old; ask for a new one");
    case 429:
    case 503:
        return error_set(err, EAGAIN,
                         "%.100s is busy: run it again with the same join code in a few minutes",
                         url);
    default:
        return error_set(err, EPROTO, "%.100s answered %u (%.*s): no enrolment", url,
                         answer->status, line > 80 ? 80 : (int)line, body);
    }
}

static int fetch_certificates(struct joining *joining, const char *path, const char *body,
                              struct certificate_list *ret_list, struct error *err)
{
    struct http_answer answer = {0};
    int r = ask(joining, path, body, &answer, err);

    if (r < 0)
        return r;
    r = explain_status(&answer, joining->code.url, err);
    if (r == 0) {
        r = certificate_list_read(text_string(&answer.body), answer.body.length, ret_list, err);
        if (r < 0)
            (void)error_wrap(err, r, "the server's answer cannot be used");
    }
    text_clear(&answer.body);
    return r;
}

static bool fits_pin(const struct certificate *certificate, const struct join_code *code)
{
    struct digest digest;

    certificate_spki_digest(certificate, &digest);
    return certificate_purpose(certificate) == CERTIFICATE_AUTHORITY &&
           memcmp(&digest, &code->root_pin, sizeof(digest)) == 0;
}

/*
 * The first request trusts nobody and carries nothing. What it answers counts only because the
 * join code, which came another way, names the key of the root.
 */
static int find_root(struct joining *joining, struct error *err)
{
    int r = fetch_certificates(joining, "cacerts", NULL, &joining->authorities, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < joining->authorities.count; i++)
        if (fits_pin(joining->authorities.items[i], &joining->code))
            joining->root = joining->authorities.items[i];
    if (joining->root == NULL)
        return error_set(err, EKEYREJECTED,
                         "%.100s is not the server that this join code is for: someone else "
                         "answers, or the server was set up again. Nothing was sent to it",
                         joining->code.url);
    certificate_to_pem(joining->root, &joining->root_pem);
    /* The connection so far was with anybody; the next one must prove itself. */
    http_session_free(joining->session);
    joining->session = http_session_new();
    return 0;
}

static int explain_time(struct error *err)
{
    char now[CLOCK_TEXT_SIZE];

    clock_to_text(clock_now(), now);
    return error_set(err, EKEYEXPIRED,
                     "the certificate is not valid at this machine's time, %s: set the clock right "
                     "and run it again with the same join code",
                     now);
}

static int verify_chain(struct joining *joining, const struct certificate *leaf,
                        enum certificate_purpose purpose, struct error *err)
{
    int r = error_set(err, EKEYREJECTED, "the server sent no intermediate certificate");

    for (size_t i = 0; i < joining->authorities.count; i++) {
        if (joining->authorities.items[i] == joining->root)
            continue;
        r = certificate_verify(leaf, joining->authorities.items[i], joining->root, purpose,
                               clock_now(), err);
        if (r == -EKEYEXPIRED)
            return explain_time(err);
        if (r < 0)
            continue;
        joining->intermediate = joining->authorities.items[i];
        return 0;
    }
    return error_wrap(err, r, "the certificate in the server's answer");
}

/* Servers may send the issuers with it, in any order. */
static const struct certificate *find_leaf(const struct certificate_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        if (certificate_purpose(list->items[i]) != CERTIFICATE_AUTHORITY)
            return list->items[i];
    return list->items[0];
}

/* Posts a request and adds the certificate that comes for it, as PEM. */
static int enrol_key(struct joining *joining, const char *path, const char *request,
                     enum certificate_purpose purpose, struct text *out_pem, struct error *err)
{
    AUTO(certificate_list_clear) struct certificate_list answer = {0};
    const struct certificate *leaf = NULL;
    int r = fetch_certificates(joining, path, request, &answer, err);

    if (r == 0)
        leaf = find_leaf(&answer);
    if (r == 0)
        r = verify_chain(joining, leaf, purpose, err);
    if (r == 0)
        certificate_to_pem(leaf, out_pem);
    return r;
}

static int make_tls_request(int folder, const char *name, struct signing_key **ret_key,
                            struct text *out_request, struct error *err)
{
    AUTO(text_clear) struct text der = {0};
    int r = identity_begin(folder, IDENTITY_TLS, name, ret_key, err);

    if (r == 0)
        r = signing_key_request(*ret_key, &der, err);
    if (r == 0)
        base64_encode(der.bytes, der.length, out_request);
    return r;
}

/* The uploader's own key never leaves it, so it keeps the certificate for it, too. */
static int enrol_own_key(const struct layout *layout, struct joining *joining, struct text *out_pem,
                         struct error *err)
{
    AUTO_CLOSE int folder = layout_open(layout, FOLDER_TLS, err);
    AUTO(auto_signing_key_free) struct signing_key *key = NULL;
    AUTO(auto_certificate_free) struct certificate *certificate = NULL;
    AUTO(text_clear) struct text request = {0};
    char name[IDENTITY_NAME_SIZE];
    int r = folder;

    identity_name(&joining->code, name);
    if (r >= 0)
        r = directory_remove_leftovers(folder, err);
    if (r >= 0)
        r = make_tls_request(folder, name, &key, &request, err);
    if (r >= 0)
        r = enrol_key(joining, "tls/simpleenroll", text_string(&request), CERTIFICATE_TLS_CLIENT,
                      out_pem, err);
    if (r >= 0)
        r = certificate_from_pem(text_string(out_pem), out_pem->length, &certificate, err);
    if (r >= 0 && !certificate_is_for(certificate, key))
        r = error_set(err, EKEYREJECTED, "the server certified another key than ours");
    if (r >= 0)
        r = identity_save_certificate(folder, IDENTITY_TLS, name, certificate, err);
    return r;
}

static void write_answer(const struct joining *joining, const struct text *tls,
                         const struct text *signing, struct text *out)
{
    AUTO(text_clear) struct text intermediate = {0};
    struct json_writer writer = {0};

    certificate_to_pem(joining->intermediate, &intermediate);
    json_begin_object(&writer);
    json_add_text(&writer, "root", text_string(&joining->root_pem));
    json_add_text(&writer, "intermediate", text_string(&intermediate));
    json_add_text(&writer, "tls", text_string(tls));
    json_add_text(&writer, "signing", text_string(signing));
    json_end_object(&writer);
    text_add(out, writer.out.bytes, writer.out.length);
    text_clear(&writer.out);
}

int join_server(const struct layout *layout, const struct text *input, struct text *out,
                struct error *err)
{
    AUTO(joining_clear) struct joining joining = {0};
    AUTO(text_clear) struct text tls = {0}, signing = {0};
    int r = read_input(input, &joining, err);

    if (r == 0)
        r = settings_load(layout, &joining.settings, err);
    if (r < 0)
        return r;
    joining.session = http_session_new();
    r = find_root(&joining, err);
    if (r == 0)
        r = enrol_own_key(layout, &joining, &tls, err);
    if (r == 0)
        r = enrol_key(&joining, "signing/simpleenroll", joining.signing_request,
                      CERTIFICATE_SIGNING, &signing, err);
    if (r == 0)
        write_answer(&joining, &tls, &signing, out);
    return r;
}
