#include "server-api/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "platform/cleanup.h"
#include "platform/config.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "platform/number.h"
#include "server-api/http/listen_address.h"
#include "server-api/keeper/certificate_builder.h"
#include "server-api/server.h"
#include "snapshot/join_code.h"

#define CONFIG_MAX_SIZE 65536U
#define NAMES_MAX       16U
#define HTTPS_PORT      443U
#define SCHEME          "https://"

void server_config_clear(struct server_config *config)
{
    free(config->url);
    free(config->listen);
    free(config->people);
    text_list_clear(&config->names);
    *config = (struct server_config){0};
}

static int malformed_url(const char *url, struct error *err)
{
    return error_set(err, EINVAL, "\"%.80s\" is not like https://collect.example:8443", url);
}

/* The host without brackets; NULL when there is none. */
static char *host_of(const char *authority, size_t length)
{
    if (length > 2 && authority[0] == '[' && authority[length - 1] == ']')
        return must_copy_text(authority + 1, length - 2);
    return memchr(authority, ':', length) == NULL ? must_copy_text(authority, length) : NULL;
}

int server_url_parse(const char *url, char **ret_host, uint16_t *ret_port, struct error *err)
{
    const char *authority = url + strlen(SCHEME), *colon, *end;
    AUTO_FREE char *host = NULL;
    uint64_t port = HTTPS_PORT;

    if (strncmp(url, SCHEME, strlen(SCHEME)) != 0 || strlen(url) >= SERVER_URL_SIZE)
        return malformed_url(url, err);
    end = authority + strlen(authority);
    colon = strrchr(authority, ':');
    if (colon != NULL && strchr(colon, ']') == NULL) {
        if (!number_parse(colon + 1, strlen(colon + 1), UINT16_MAX, &port) || port == 0)
            return malformed_url(url, err);
        end = colon;
    }
    host = host_of(authority, (size_t)(end - authority));
    if (host == NULL || !server_name_valid(host) ||
        strpbrk(host, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != NULL)
        return malformed_url(url, err);
    *ret_host = TAKE(host);
    *ret_port = (uint16_t)port;
    return 0;
}

static int set_url(void *target, const char *value, struct error *err)
{
    struct server_config *config = target;
    AUTO_FREE char *host = NULL;
    uint16_t port;
    int r = server_url_parse(value, &host, &port, err);

    if (r == 0)
        config->url = must_copy_text(value, strlen(value));
    return r;
}

static int set_address(char **ret_address, const char *value, struct error *err)
{
    struct sockaddr_storage address;
    socklen_t length;
    int r = listen_address_parse(value, &address, &length, err);

    if (r == 0)
        *ret_address = must_copy_text(value, strlen(value));
    return r;
}

static int set_listen(void *target, const char *value, struct error *err)
{
    return set_address(&((struct server_config *)target)->listen, value, err);
}

static int set_people(void *target, const char *value, struct error *err)
{
    return set_address(&((struct server_config *)target)->people, value, err);
}

static int set_names(void *target, const char *value, struct error *err)
{
    struct server_config *config = target;

    while (*value != '\0') {
        size_t length = strcspn(value, " \t");
        AUTO_FREE char *name = must_copy_text(value, length);

        if (!server_name_valid(name))
            return error_set(err, EINVAL, "\"%.80s\" is neither a host name nor an address", name);
        if (config->names.count == NAMES_MAX)
            return error_set(err, EINVAL, "there are more than %u names", NAMES_MAX);
        text_list_add(&config->names, name, length);
        value += length;
        value += strspn(value, " \t");
    }
    return 0;
}

static int set_threads(void *target, const char *value, struct error *err)
{
    struct server_config *config = target;

    if (!number_parse(value, strlen(value), SERVER_THREADS_MAX, &config->threads))
        return error_set(err, EINVAL, "\"%.20s\" is not a number from 0 to %u", value,
                         SERVER_THREADS_MAX);
    return 0;
}

static const struct config_key keys[] = {
    {"url", set_url},     {"listen", set_listen},   {"people", set_people},
    {"names", set_names}, {"threads", set_threads}, {NULL, NULL},
};

static int check_complete(const struct server_config *config, struct error *err)
{
    const char *missing = NULL;

    if (config->url == NULL)
        missing = "url";
    else if (config->listen == NULL)
        missing = "listen";
    else if (config->people == NULL)
        missing = "people";
    else if (config->names.count == 0)
        missing = "names";
    if (missing != NULL)
        return error_set(err, EINVAL, "the setting \"%s\" is missing", missing);
    return 0;
}

int server_config_parse(const char *text, struct server_config *ret_config, struct error *err)
{
    AUTO(server_config_clear) struct server_config config = {0};
    int r = config_parse(text, keys, &config, err);

    if (r == 0)
        r = check_complete(&config, err);
    if (r < 0)
        return r;
    *ret_config = config;
    config = (struct server_config){0};
    return 0;
}

int server_config_load(const char *data_folder, struct server_config *ret_config, struct error *err)
{
    AUTO_CLOSE int folder = directory_open(data_folder, err);
    AUTO(text_clear) struct text text = {0};
    AUTO(text_clear) struct text path = {0};
    int r;

    if (folder < 0)
        return error_advise(err, folder,
                            "--data names the folder that \"dijkwacht-server init\" made");
    text_add_format(&path, "%s/" SERVER_CONFIG_FILE, data_folder);
    r = file_read(folder, SERVER_CONFIG_FILE, CONFIG_MAX_SIZE, &text, err);
    if (r == -ENOENT)
        return error_set(err, ENOENT, "%s is not there; dijkwacht-server init makes it",
                         path.bytes);
    if (r < 0)
        return r;
    if (memchr(text_string(&text), '\0', text.length) != NULL)
        r = error_set(err, EINVAL, "there is a NUL byte in it");
    else
        r = server_config_parse(text_string(&text), ret_config, err);
    return error_wrap(err, r, path.bytes);
}

void server_config_write(const struct server_config *config, struct text *out)
{
    text_add_string(out, "# The collection server. dijkwacht-server(8) explains every setting.\n");
    text_add_format(out, "\n# What join codes tell machines.\nurl = %s\n", config->url);
    text_add_format(out, "\n# Where machines come in, and where people do.\nlisten = %s\n",
                    config->listen);
    text_add_format(out, "people = %s\n", config->people);
    text_add_string(out, "\n# The names by which the server is reached.\nnames =");
    for (size_t i = 0; i < config->names.count; i++)
        text_add_format(out, " %s", config->names.items[i]);
    text_add_string(out, "\n");
}
