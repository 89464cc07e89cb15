#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/number.h"
#include "server-api/exit_code.h"
#include "server-api/option.h"
#include "server-api/terminal/source.h"
#include "server-api/terminal/table.h"
#include "snapshot/signature.h"

#define DEFAULT_DATA_FOLDER "/var/lib/dijkwacht-server"
#define DEFAULT_WIDTH       80U
#define UNREACHABLE         2

static const char help[] =
    "Usage: dijkwacht-fleet [OPTION...]\n"
    "\n"
    "Shows the machines of all organisations, worst first, and what to do about the worst one.\n"
    "\n"
    "  --organisation NAME  only this one, by its name or identifier\n"
    "  --all                every check of every machine, however many there are\n"
    "  --json               the server's answer as it came, for programs\n"
    "\n"
    "  --data DIR           the data folder of a server on this machine\n"
    "                       (" DEFAULT_DATA_FOLDER ")\n"
    "  --server URL         or a server's address for people, as https://127.0.0.1:8444, with:\n"
    "  --token-file FILE      the file that holds its token\n"
    "  --root FILE            its root certificate\n"
    "\n"
    "  --help, --version\n"
    "\n"
    "Exit codes: 0 all good, 1 something to fix, 2 something not known or the server not reached,\n"
    "64 wrong command line.\n";

struct options {
    const char *organisation;
    const char *data_folder;
    const char *server;
    const char *token_file;
    const char *root;
    bool all;
    bool json;
    bool help;
    bool version;
};

static int fail(int code, const char *words)
{
    (void)fprintf(stderr, "dijkwacht-fleet: %s\n", words);
    return code;
}

static int check_options(const struct options *options, struct error *err)
{
    bool remote = options->server != NULL;

    if (remote && options->data_folder != NULL)
        return error_set(err, EINVAL, "give --data or --server, not both");
    if (remote && (options->token_file == NULL || options->root == NULL))
        return error_set(err, EINVAL, "--server needs --token-file and --root");
    if (!remote && (options->token_file != NULL || options->root != NULL))
        return error_set(err, EINVAL, "--token-file and --root belong to --server");
    return 0;
}

static int find_source(const struct options *options, struct fleet_source *ret_source,
                       struct error *err)
{
    if (options->server != NULL)
        return fleet_source_from_files(options->server, options->token_file, options->root,
                                       ret_source, err);
    return fleet_source_from_data(
        options->data_folder == NULL ? DEFAULT_DATA_FOLDER : options->data_folder, ret_source, err);
}

static size_t terminal_width(void)
{
    const char *columns = getenv("COLUMNS");
    struct winsize size = {0};
    uint64_t width = DEFAULT_WIDTH;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
        width = size.ws_col;
    else if (columns != NULL && !number_parse(columns, strlen(columns), 10000, &width))
        width = DEFAULT_WIDTH;
    if (width < SCREEN_MIN_WIDTH)
        return SCREEN_MIN_WIDTH;
    return width > SCREEN_MAX_WIDTH ? SCREEN_MAX_WIDTH : (size_t)width;
}

static struct screen screen_of_terminal(int64_t now)
{
    const char *no_color = getenv("NO_COLOR");
    const char *terminal = getenv("TERM");

    return (struct screen){
        .width = terminal_width(),
        .colour = isatty(STDOUT_FILENO) == 1 && (no_color == NULL || no_color[0] == '\0') &&
                  (terminal == NULL || strcmp(terminal, "dumb") != 0),
        .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
        .now = now,
    };
}

static int print(const struct text *text)
{
    return fwrite(text_string(text), 1, text->length, stdout) == text->length && fflush(stdout) == 0
               ? 0
               : fail(UNREACHABLE, "cannot write to standard output");
}

static int show(const struct options *options, const struct text *answer)
{
    AUTO(fleet_view_clear) struct fleet_view fleet = {0};
    struct error err = {0};
    struct screen screen;
    int r = fleet_view_read(text_string(answer), answer->length, &fleet, &err);

    if (r < 0)
        return fail(UNREACHABLE, err.message);
    if (options->json) {
        r = print(answer);
        (void)putchar('\n');
    } else {
        screen = screen_of_terminal(fleet.generated_at);
        table_write(&screen, &fleet, options->all);
        advice_write(&screen, &fleet);
        r = print(&screen.out);
        text_clear(&screen.out);
    }
    return r != 0 ? r : fleet_exit_code(&fleet);
}

static bool is_identifier(const char *text)
{
    return strlen(text) == ORGANISATION_ID_SIZE - 1 &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz234567") == ORGANISATION_ID_SIZE - 1;
}

/* Names are between the server and whoever has its answer: they stand in no address. */
static int fetch(const struct fleet_source *source, const char *organisation, struct text *out,
                 struct error *err)
{
    AUTO(fleet_view_clear) struct fleet_view fleet = {0};
    AUTO(text_clear) struct text all = {0};
    const char *id;
    int r;

    if (organisation == NULL || is_identifier(organisation))
        return fleet_source_fetch(source, organisation, out, err);
    r = fleet_source_fetch(source, NULL, &all, err);
    if (r == 0)
        r = fleet_view_read(text_string(&all), all.length, &fleet, err);
    if (r < 0)
        return r;
    id = fleet_view_organisation(&fleet, organisation);
    if (id == NULL || !is_identifier(id))
        return error_set(err, ENOENT, "there is no organisation \"%.100s\"", organisation);
    return fleet_source_fetch(source, id, out, err);
}

static int run(const struct options *options)
{
    AUTO(fleet_source_clear) struct fleet_source source = {0};
    AUTO(text_clear) struct text answer = {0};
    struct error err = {0};
    int r = find_source(options, &source, &err);

    if (r == 0)
        r = fetch(&source, options->organisation, &answer, &err);
    return r < 0 ? fail(UNREACHABLE, err.message) : show(options, &answer);
}

int main(int argc, char **argv)
{
    struct options options = {0};
    const struct option_row rows[] = {
        {.name = "--organisation", .value = &options.organisation},
        {.name = "--data", .value = &options.data_folder},
        {.name = "--server", .value = &options.server},
        {.name = "--token-file", .value = &options.token_file},
        {.name = "--root", .value = &options.root},
        {.name = "--all", .flag = &options.all},
        {.name = "--json", .flag = &options.json},
        {.name = "--help", .flag = &options.help},
        {.name = "--version", .flag = &options.version},
        {.name = NULL},
    };
    struct error err = {0};
    int r;

    (void)setlocale(LC_CTYPE, "");
    tzset();
    r = option_parse(argc - 1, argv + 1, rows, &err);
    if (r == 0)
        r = check_options(&options, &err);
    if (r < 0) {
        (void)fprintf(stderr, "dijkwacht-fleet: %s; see dijkwacht-fleet --help\n", err.message);
        return EXIT_CODE_USAGE;
    }
    if (options.help)
        return fputs(help, stdout) < 0 ? UNREACHABLE : EXIT_CODE_GOOD;
    if (options.version)
        return puts("dijkwacht-fleet " DIJKWACHT_VERSION) < 0 ? UNREACHABLE : EXIT_CODE_GOOD;
    return run(&options);
}
