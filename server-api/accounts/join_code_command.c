#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/encoding.h"
#include "platform/file.h"
#include "platform/number.h"
#include "platform/random.h"
#include "platform/text.h"
#include "server-api/accounts/command.h"
#include "server-api/config.h"
#include "server-api/exit_code.h"
#include "server-api/server.h"
#include "server-api/store/store.h"

#define HOURS_DEFAULT "72"
#define HOURS_MAX     720U
#define SECRET_BYTES  16U
#define ROOT_FILE     "root.pem"
#define ROOT_MAX_SIZE 65536U

static const char help[] =
    "Usage: dijkwacht-server join-code ORGANISATION --label LABEL [--hours HOURS]\n"
    "\n"
    "Makes the code that lets one machine join, once, and prints it alone on standard output. On\n"
    "the machine it goes into \"dijkwacht enrol\". Who has the code can join in the machine's\n"
    "place: hand it over in person, or by a way that you trust.\n"
    "\n"
    "  ORGANISATION   name or identifier\n"
    "  --label LABEL  what the machine will be called\n"
    "  --hours HOURS  how long the code works, at most 720 (72)\n";

/* What the server says of itself in every code: its address and the pin of its root. */
static int describe_server(const char *data_folder, struct join_code *code, struct error *err)
{
    AUTO(server_config_clear) struct server_config config = {0};
    AUTO(auto_certificate_free) struct certificate *root = NULL;
    AUTO(text_clear) struct text path = {0}, pem = {0};
    AUTO_CLOSE int folder = -1;
    int r = server_config_load(data_folder, &config, err);

    if (r < 0)
        return r;
    (void)snprintf(code->url, sizeof(code->url), "%s", config.url);
    text_add_format(&path, "%s/" SERVER_KEY_FOLDER, data_folder);
    folder = directory_open(path.bytes, err);
    r = folder < 0 ? folder : file_read(folder, ROOT_FILE, ROOT_MAX_SIZE, &pem, err);
    if (r == 0)
        r = certificate_from_pem(text_string(&pem), pem.length, &root, err);
    if (r < 0)
        return error_wrap(err, r, path.bytes);
    certificate_spki_digest(root, &code->root_pin);
    return 0;
}

static void make_secret(char ret_secret[TOKEN_SECRET_SIZE], struct digest *ret_digest)
{
    AUTO(text_clear) struct text secret = {0};
    uint8_t bytes[SECRET_BYTES];

    random_bytes(bytes, sizeof(bytes));
    base64url_encode(bytes, sizeof(bytes), &secret);
    (void)snprintf(ret_secret, TOKEN_SECRET_SIZE, "%s", secret.bytes);
    digest_of(secret.bytes, secret.length, ret_digest);
}

static int add_token(const char *data_folder, const char *organisation, uint64_t hours,
                     struct join_code *code, struct error *err)
{
    AUTO(auto_store_close) struct store *store = NULL;
    char id[ORGANISATION_ID_SIZE], name[TOKEN_ID_SIZE - ORGANISATION_ID_SIZE];
    struct join_token token = {0};
    int64_t now = clock_now();
    int r = command_open_store(data_folder, &store, err);

    if (r == 0)
        r = store_find_organisation(store, organisation, id, err);
    if (r < 0)
        return r;
    store_new_name(name, sizeof(name));
    (void)snprintf(token.id, sizeof(token.id), "%s.%s", id, name);
    (void)snprintf(token.label, sizeof(token.label), "%s", code->label);
    memcpy(code->token_id, token.id, sizeof(code->token_id));
    make_secret(code->token_secret, &token.secret);
    token.expires_at = now + (int64_t)hours * 3600;
    return store_add_join_token(store, &token, now, err);
}

static int print_code(const struct join_code *code, const char *hours, struct error *err)
{
    AUTO(text_clear) struct text out = {0};

    join_code_write(code, &out);
    text_add_string(&out, "\n");
    if (command_print(&out) != EXIT_CODE_GOOD)
        return error_set(err, EIO, "cannot write to standard output");
    (void)fprintf(stderr,
                  "On the machine, as root: dijkwacht enrol, and paste this code. It works once, "
                  "for %s hours.\n",
                  hours);
    return 0;
}

static int make_code(const char *data_folder, const char *organisation, const char *label,
                     const char *hours, struct error *err)
{
    struct join_code code = {0};
    uint64_t number = 0;
    int r;

    if (organisation[0] == '\0' || label == NULL)
        return error_set(err, EINVAL, "say which organisation and --label LABEL; see --help");
    if (!number_parse(hours, strlen(hours), HOURS_MAX, &number) || number == 0)
        return error_set(err, EINVAL, "--hours is a number from 1 to %u", HOURS_MAX);
    r = machine_label_check(label, err);
    if (r < 0)
        return error_wrap(err, -EINVAL, "--label");
    (void)snprintf(code.label, sizeof(code.label), "%s", label);
    r = describe_server(data_folder, &code, err);
    if (r == 0)
        r = add_token(data_folder, organisation, number, &code, err);
    return r < 0 ? r : print_code(&code, hours, err);
}

int command_join_code(const char *data_folder, int argc, char **argv)
{
    const char *organisation, *label = NULL, *hours = NULL;
    bool wants_help = false;
    const struct option_row rows[] = {
        {.name = "--label", .value = &label},
        {.name = "--hours", .value = &hours},
        {.name = "--help", .flag = &wants_help},
        {.name = NULL},
    };
    struct error err = {0};
    int r = command_parse(argc, argv, rows, &organisation, &err);

    if (r == 0 && wants_help)
        return fputs(help, stdout) < 0 ? EXIT_CODE_FAILED : EXIT_CODE_GOOD;
    if (r == 0)
        r = make_code(data_folder, organisation, label, hours == NULL ? HOURS_DEFAULT : hours,
                      &err);
    return r < 0 ? command_fail("join-code", r, &err) : EXIT_CODE_GOOD;
}
