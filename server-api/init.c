#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/encoding.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "platform/random.h"
#include "server-api/config.h"
#include "server-api/data_owner.h"
#include "server-api/exit_code.h"
#include "server-api/http/listen_address.h"
#include "server-api/keeper/certificate_builder.h"
#include "server-api/keeper/new_file.h"
#include "server-api/option.h"
#include "server-api/server.h"
#include "server-api/store/store.h"

#define TOKEN_BYTES    32U
#define FOLDER_ENTRIES 64U
#define PEOPLE_DEFAULT "127.0.0.1:8444"

static const char help[] =
    "Usage: dijkwacht-server init [--data DIR] --url URL --root-key FILE [OPTION...]\n"
    "\n"
    "Makes the keys, the database and the configuration of a new server. Overwrites nothing.\n"
    "\n"
    "  --url URL             what machines connect to: https://name:port\n"
    "  --root-key FILE       where the root key goes, outside of DIR; move it to offline storage\n"
    "  --listen ADDR:PORT    where machines come in (0.0.0.0 and the port of the URL)\n"
    "  --people ADDR:PORT    where people come in (" PEOPLE_DEFAULT ")\n"
    "  --name NAME           one more name or address of the server; may be repeated\n";

/* What exists so far, to be removed when the rest fails. */
struct progress {
    const char *data_folder;
    const char *root_key_file;
    bool made_folder;
    bool made_keys;
    bool made_database;
    bool made_token;
    bool made_config;
};

struct init_options {
    const char *url;
    const char *root_key_file;
    const char *listen;
    const char *people;
    struct text_list names;
    bool help;
};

static void init_options_clear(struct init_options *options)
{
    text_list_clear(&options->names);
}

static char *below(const char *folder, const char *name)
{
    struct text path = {0};

    text_add_format(&path, "%s/%s", folder, name);
    return text_take(&path);
}

static void remove_below(const char *folder, const char *name)
{
    AUTO_FREE char *path = below(folder, name);

    (void)remove(path);
}

static void undo(const struct progress *progress)
{
    static const char *const keys[] = {
        SERVER_KEY_FOLDER "/" KEEPER_ROOT_FILE,
        SERVER_KEY_FOLDER "/" KEEPER_INTERMEDIATE_FILE,
        SERVER_KEY_FOLDER "/" KEEPER_INTERMEDIATE_KEY_FILE,
        SERVER_KEY_FOLDER "/" KEEPER_RECEIPT_FILE,
        SERVER_KEY_FOLDER "/" KEEPER_RECEIPT_KEY_FILE,
        SERVER_KEY_FOLDER,
    };
    static const char *const database[] = {
        SERVER_DATABASE_FILE,
        SERVER_DATABASE_FILE "-wal",
        SERVER_DATABASE_FILE "-shm",
    };

    for (size_t i = 0; progress->made_keys && i < sizeof(keys) / sizeof(*keys); i++)
        remove_below(progress->data_folder, keys[i]);
    if (progress->made_keys)
        (void)unlink(progress->root_key_file);
    for (size_t i = 0; progress->made_database && i < sizeof(database) / sizeof(*database); i++)
        remove_below(progress->data_folder, database[i]);
    if (progress->made_config)
        remove_below(progress->data_folder, SERVER_CONFIG_FILE);
    if (progress->made_token)
        remove_below(progress->data_folder, SERVER_TOKEN_FILE);
    if (progress->made_folder)
        (void)rmdir(progress->data_folder);
}

/* An empty folder may be there already, made by a package or a mount. */
static int check_empty(const char *data_folder, struct error *err)
{
    AUTO_CLOSE int folder = directory_open(data_folder, err);
    AUTO(text_list_clear) struct text_list names = {0};
    int r = folder < 0 ? folder : directory_list(folder, FOLDER_ENTRIES, &names, err);

    if (r < 0)
        return r;
    if (text_list_contains(&names, SERVER_CONFIG_FILE, strlen(SERVER_CONFIG_FILE)))
        return error_set(err, EEXIST, "%s holds a server already; nothing was changed",
                         data_folder);
    if (names.count > 0)
        return error_set(err, ENOTEMPTY,
                         "%s is not empty and has no server.conf: something else is there, or an "
                         "init that was cut short; empty it or name another folder",
                         data_folder);
    if (fchmod(folder, 0700) < 0)
        return error_set(err, errno, "cannot set the mode of %s: %s", data_folder, strerror(errno));
    return 0;
}

static int make_folder(struct progress *progress, struct error *err)
{
    struct stat status;
    int r;

    if (lstat(progress->data_folder, &status) == 0)
        return check_empty(progress->data_folder, err);
    r = directory_create(progress->data_folder, 0700, err);
    progress->made_folder = r == 0;
    return r;
}

/* A backup of the data folder must not carry the root key. */
static int check_root_key_outside(const char *data_folder, const char *root_key_file,
                                  struct error *err)
{
    const char *slash = strrchr(root_key_file, '/');
    AUTO_FREE char *parent =
        slash == NULL ? must_copy_text(".", 1)
                      : must_copy_text(root_key_file, (size_t)(slash - root_key_file) + 1);
    AUTO_FREE char *real_parent = realpath(parent, NULL);
    AUTO_FREE char *real_data = realpath(data_folder, NULL);
    size_t length;

    if (real_parent == NULL || real_data == NULL)
        return error_set(err, errno, "%s: %s", real_parent == NULL ? parent : data_folder,
                         strerror(errno));
    length = strlen(real_data);
    if (strncmp(real_parent, real_data, length) == 0 &&
        (real_parent[length] == '/' || real_parent[length] == '\0'))
        return error_set(err, EINVAL,
                         "the root key goes offline: give --root-key a file outside of %s",
                         data_folder);
    return 0;
}

static int make_database(struct progress *progress, struct error *err)
{
    AUTO_FREE char *path = below(progress->data_folder, SERVER_DATABASE_FILE);
    AUTO(auto_store_close) struct store *store = NULL;

    progress->made_database = true;
    return store_open(path, true, &store, err);
}

static int make_token(struct progress *progress, struct error *err)
{
    AUTO_FREE char *path = below(progress->data_folder, SERVER_TOKEN_FILE);
    AUTO(text_clear) struct text token = {0};
    uint8_t bytes[TOKEN_BYTES];
    int r;

    random_bytes(bytes, sizeof(bytes));
    base64url_encode(bytes, sizeof(bytes), &token);
    text_add_string(&token, "\n");
    r = new_file_write(path, 0600, token.bytes, token.length, err);
    progress->made_token = r == 0;
    return r;
}

/* Last of all: with it the server counts as made. */
static int make_config(const char *data_folder, const struct server_config *config,
                       struct error *err)
{
    AUTO_FREE char *path = below(data_folder, SERVER_CONFIG_FILE);
    AUTO(text_clear) struct text text = {0};

    server_config_write(config, &text);
    return new_file_write(path, 0600, text.bytes, text.length, err);
}

static int make_all(struct progress *progress, const struct server_config *config,
                    struct error *err)
{
    AUTO_FREE char *keys = below(progress->data_folder, SERVER_KEY_FOLDER);
    int r = make_folder(progress, err);

    if (r == 0)
        r = check_root_key_outside(progress->data_folder, progress->root_key_file, err);
    if (r == 0)
        r = keeper_create_keys(keys, progress->root_key_file, clock_now(), err);
    progress->made_keys = r == 0;
    if (r == 0)
        r = make_database(progress, err);
    if (r == 0)
        r = make_token(progress, err);
    if (r == 0)
        r = make_config(progress->data_folder, config, err);
    progress->made_config = r == 0;
    if (r == 0)
        r = data_owner_give(progress->data_folder, err);
    return r;
}

static int add_names(const struct init_options *options, const char *host,
                     struct server_config *config, struct error *err)
{
    text_list_add(&config->names, host, strlen(host));
    for (size_t i = 0; i < options->names.count; i++) {
        const char *name = options->names.items[i];

        if (!server_name_valid(name))
            return error_set(err, EINVAL, "\"%.80s\" is neither a host name nor an address", name);
        if (!text_list_contains(&config->names, name, strlen(name)))
            text_list_add(&config->names, name, strlen(name));
    }
    return 0;
}

/* What the options say, checked like a configuration that is read. */
static int configure(const struct init_options *options, struct server_config *ret_config,
                     struct error *err)
{
    AUTO(server_config_clear) struct server_config config = {0};
    AUTO(text_clear) struct text text = {0};
    AUTO_FREE char *host = NULL;
    const char *people;
    uint16_t port = 0;
    int r = server_url_parse(options->url, &host, &port, err);

    if (r < 0)
        return error_wrap(err, r, "--url");
    r = add_names(options, host, &config, err);
    if (r < 0)
        return error_wrap(err, r, "--name");
    text_add_format(&text, "0.0.0.0:%u", port);
    if (options->listen != NULL) {
        text_truncate(&text, 0);
        text_add_string(&text, options->listen);
    }
    config.url = must_copy_text(options->url, strlen(options->url));
    config.listen = text_take(&text);
    people = options->people == NULL ? PEOPLE_DEFAULT : options->people;
    config.people = must_copy_text(people, strlen(people));
    server_config_write(&config, &text);
    return server_config_parse(text_string(&text), ret_config, err);
}

static void print_outcome(const struct progress *progress, const struct server_config *config)
{
    (void)printf("The server's folder is %s. Machines will connect to %s.\n"
                 "\n"
                 "The root key is in %s.\n"
                 "Move it to offline storage now, and keep a copy: whoever has it can make\n"
                 "certificates for any machine and any server. Nothing needs it until the\n"
                 "intermediate certificate is renewed, within five years.\n"
                 "\n"
                 "Next: dijkwacht-server --data %s serve\n",
                 progress->data_folder, config->url, progress->root_key_file,
                 progress->data_folder);
}

static int fail(int code, const struct error *err)
{
    (void)fprintf(stderr, "dijkwacht-server init: %s\n", err->message);
    return code;
}

int command_init(const char *data_folder, int argc, char **argv)
{
    AUTO(init_options_clear) struct init_options options = {0};
    AUTO(server_config_clear) struct server_config config = {0};
    const struct option_row rows[] = {
        {.name = "--url", .value = &options.url},
        {.name = "--root-key", .value = &options.root_key_file},
        {.name = "--listen", .value = &options.listen},
        {.name = "--people", .value = &options.people},
        {.name = "--name", .list = &options.names},
        {.name = "--help", .flag = &options.help},
        {.name = NULL},
    };
    struct progress progress = {.data_folder = data_folder};
    struct error err = {0};
    int r = option_parse(argc, argv, rows, &err);

    if (r == 0 && options.help)
        return fputs(help, stdout) < 0 ? EXIT_CODE_FAILED : EXIT_CODE_GOOD;
    if (r == 0 && (options.url == NULL || options.root_key_file == NULL)) {
        (void)error_set(&err, EINVAL, "--url and --root-key are needed; see --help");
        return fail(EXIT_CODE_USAGE, &err);
    }
    if (r == 0)
        r = configure(&options, &config, &err);
    if (r < 0)
        return fail(EXIT_CODE_USAGE, &err);
    progress.root_key_file = options.root_key_file;
    r = make_all(&progress, &config, &err);
    if (r < 0) {
        undo(&progress);
        return fail(EXIT_CODE_FAILED, &err);
    }
    print_outcome(&progress, &config);
    return EXIT_CODE_GOOD;
}
