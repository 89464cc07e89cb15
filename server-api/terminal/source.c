#include "server-api/terminal/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/http_client.h"
#include "platform/memory.h"
#include "server-api/config.h"
#include "server-api/server.h"
#include "server-api/terminal/fleet_view.h"

#define TOKEN_MAX_SIZE  256U
#define ROOT_MAX_SIZE   65536U
#define ROOT_FILE       "root.pem"
#define TIMEOUT_SECONDS 60U
#define UNRESERVED      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"

void fleet_source_clear(struct fleet_source *source)
{
    free(source->url);
    free(source->token);
    free(source->root_pem);
    *source = (struct fleet_source){0};
}

/* A file by its path, as text without NUL. */
static int read_file(const char *path, size_t max_size, char **ret_text, struct error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    AUTO_FREE char *folder =
        slash == NULL ? must_copy_text(".", 1) : must_copy_text(path, (size_t)(slash - path) + 1);
    AUTO(text_clear) struct text text = {0};
    AUTO_CLOSE int directory = directory_open(folder, err);
    int r = directory < 0 ? directory : file_read(directory, name, max_size, &text, err);

    if (r < 0)
        return r;
    if (strlen(text_string(&text)) != text.length)
        return error_set(err, EINVAL, "%s has a NUL byte", path);
    *ret_text = text_take(&text);
    return 0;
}

/* One line; it goes into a header, so nothing else may be in it. */
static int read_token(const char *path, char **ret_token, struct error *err)
{
    AUTO_FREE char *token = NULL;
    int r = read_file(path, TOKEN_MAX_SIZE, &token, err);

    if (r < 0 || token == NULL)
        return r;
    token[strcspn(token, "\r\n")] = '\0';
    if (token[0] == '\0' || strspn(token, UNRESERVED) != strlen(token))
        return error_set(err, EINVAL, "%s holds no token", path);
    *ret_token = TAKE(token);
    return 0;
}

int fleet_source_from_files(const char *url, const char *token_file, const char *root_file,
                            struct fleet_source *ret_source, struct error *err)
{
    AUTO_FREE char *host = NULL, *token = NULL, *root_pem = NULL;
    uint16_t port;
    int r = server_url_parse(url, &host, &port, err);

    if (r < 0)
        return error_wrap(err, r, "--server");
    r = read_token(token_file, &token, err);
    if (r == 0)
        r = read_file(root_file, ROOT_MAX_SIZE, &root_pem, err);
    if (r < 0)
        return r;
    *ret_source = (struct fleet_source){
        .url = must_copy_text(url, strlen(url)),
        .token = TAKE(token),
        .root_pem = TAKE(root_pem),
    };
    return 0;
}

/* The people's listener; one on all addresses is reached on loopback, where alone it answers. */
static void add_people_url(const char *address, struct text *out)
{
    static const char any[] = "0.0.0.0:", any6[] = "[::]:";

    text_add_string(out, "https://");
    if (strncmp(address, any, strlen(any)) == 0)
        text_add_format(out, "127.0.0.1:%s", address + strlen(any));
    else if (strncmp(address, any6, strlen(any6)) == 0)
        text_add_format(out, "[::1]:%s", address + strlen(any6));
    else
        text_add_string(out, address);
}

int fleet_source_from_data(const char *data_folder, struct fleet_source *ret_source,
                           struct error *err)
{
    AUTO(server_config_clear) struct server_config config = {0};
    AUTO(text_clear) struct text url = {0}, token = {0}, root = {0};
    int r = server_config_load(data_folder, &config, err);

    if (r < 0)
        return r;
    add_people_url(config.people, &url);
    text_add_format(&token, "%s/" SERVER_TOKEN_FILE, data_folder);
    text_add_format(&root, "%s/" SERVER_KEY_FOLDER "/" ROOT_FILE, data_folder);
    return fleet_source_from_files(url.bytes, token.bytes, root.bytes, ret_source, err);
}

/* The first line of a plain answer is meant for people. */
static int refused(const struct http_answer *answer, struct error *err)
{
    const char *words = text_string(&answer->body);

    if (answer->status == 401)
        return error_set(err, EACCES,
                         "the server does not know this token; give the one in its "
                         "file " SERVER_TOKEN_FILE);
    if (strncmp(answer->content_type, "text/plain", strlen("text/plain")) != 0)
        words = "";
    return error_set(err, EPROTO, "the server answered %u%s%.*s", answer->status,
                     words[0] == '\0' ? "" : ": ", (int)strcspn(words, "\r\n"), words);
}

int fleet_source_fetch(const struct fleet_source *source, const char *organisation,
                       struct text *out, struct error *err)
{
    AUTO(text_clear) struct text url = {0}, authorization = {0};
    struct http_answer answer = {0};
    struct http_request request = {
        .method = "GET",
        .max_answer = FLEET_MAX_SIZE,
        .timeout_seconds = TIMEOUT_SECONDS,
        .root_pem = source->root_pem,
    };
    int r;

    text_add_format(&url, "%s/v1/fleet", source->url);
    if (organisation != NULL)
        text_add_format(&url, "?organisation=%s", organisation);
    text_add_format(&authorization, "Bearer %s", source->token);
    request.url = url.bytes;
    request.authorization = authorization.bytes;
    r = http_perform(&request, &answer, err);
    if (r == 0 && answer.status != 200)
        r = refused(&answer, err);
    if (r == 0)
        text_add(out, text_string(&answer.body), answer.body.length);
    text_clear(&answer.body);
    return r;
}
