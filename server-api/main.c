#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "platform/journal.h"
#include "server-api/data_owner.h"
#include "server-api/exit_code.h"
#include "server-api/server.h"

#define DEFAULT_DATA_FOLDER "/var/lib/dijkwacht-server"
#define DATA_OPTION         "--data"

struct verb {
    const char *name;
    int (*command)(const char *data_folder, int argc, char **argv);
};

static const struct verb verbs[] = {
    {"init", command_init},
    {"serve", command_serve},
    {"organisation", command_organisation},
    {"join-code", command_join_code},
    {"machines", command_machines},
    {"revoke", command_revoke},
    {"export", command_export},
};

static const char help[] =
    "Usage: dijkwacht-server [--data DIR] COMMAND [OPTION...]\n"
    "\n"
    "The collection server of Dijkwacht: receives what machines saw of themselves, keeps it,\n"
    "and knows who needs what first.\n"
    "\n"
    "  init          make the keys, the database and the configuration of a new server\n"
    "  serve         run the server\n"
    "  organisation  add or list the organisations whose machines it looks after\n"
    "  join-code     make the code that lets one machine join\n"
    "  machines      list the machines\n"
    "  revoke        turn a machine away from now on\n"
    "  export        write what machines signed, to be verified elsewhere\n"
    "\n"
    "  --data DIR    where the server keeps everything (" DEFAULT_DATA_FOLDER ")\n"
    "  --help        this page; after a command, that command's\n"
    "  --version     which version this is\n"
    "\n"
    "Exit codes: 0 done, 1 failed, 64 wrong command line, 78 wrong configuration.\n";

static int usage(const char *words, const char *what)
{
    (void)fprintf(stderr, "dijkwacht-server: %s%.60s; see dijkwacht-server --help\n", words, what);
    return EXIT_CODE_USAGE;
}

/* Only init stays root: it writes the root key where the folder's owner may not. */
static int become_owner(const char *data_folder, const char *verb)
{
    struct error err = {0};
    int r = strcmp(verb, "init") == 0 ? 0 : data_owner_become(data_folder, &err);

    if (r < 0)
        journal_write(JOURNAL_ERROR, "%s", err.message);
    return r;
}

static int run_verb(const char *data_folder, int argc, char **argv)
{
    if (become_owner(data_folder, argv[0]) < 0)
        return EXIT_CODE_FAILED;
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
        if (strcmp(argv[0], verbs[i].name) == 0)
            return verbs[i].command(data_folder, argc - 1, argv + 1);
    return usage("there is no command ", argv[0]);
}

/* Takes --data and its value out, wherever it stands; false when the value is missing. */
static bool take_data_folder(int *argc, char **argv, const char **data_folder)
{
    int kept = 0;

    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], DATA_OPTION) == 0) {
            if (++i == *argc)
                return false;
            *data_folder = argv[i];
        } else if (strncmp(argv[i], DATA_OPTION "=", strlen(DATA_OPTION "=")) == 0) {
            *data_folder = argv[i] + strlen(DATA_OPTION "=");
        } else {
            argv[kept++] = argv[i];
        }
    }
    *argc = kept;
    argv[kept] = NULL;
    return (*data_folder)[0] != '\0';
}

int main(int argc, char **argv)
{
    const char *data_folder = DEFAULT_DATA_FOLDER;

    if (argc > 1 && strcmp(argv[1], KEEPER_VERB) == 0)
        return keeper_main(argc, argv);
    journal_open("dijkwacht-server");
    if (!take_data_folder(&argc, argv, &data_folder))
        return usage("a folder belongs after ", DATA_OPTION);
    if (argc < 2)
        return usage("a command is missing", "");
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return fputs(help, stdout) < 0 ? EXIT_CODE_FAILED : EXIT_CODE_GOOD;
    if (strcmp(argv[1], "--version") == 0)
        return puts("dijkwacht-server " DIJKWACHT_VERSION) < 0 ? EXIT_CODE_FAILED : EXIT_CODE_GOOD;
    return run_verb(data_folder, argc - 1, argv + 1);
}
