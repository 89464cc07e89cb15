#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/text.h"
#include "server-api/accounts/command.h"
#include "server-api/exit_code.h"
#include "server-api/server.h"
#include "server-api/store/store.h"

static const char help[] = "Usage: dijkwacht-server organisation add NAME\n"
                           "       dijkwacht-server organisation list\n"
                           "\n"
                           "An organisation is whose machines they are. Its name stays on this "
                           "server; everywhere else it\n"
                           "has an identifier that says nothing.\n";

static int add(const char *data_folder, const char *name, struct error *err)
{
    AUTO(auto_store_close) struct store *store = NULL;
    char id[ORGANISATION_ID_SIZE];
    int r = command_open_store(data_folder, &store, err);

    if (r == 0)
        r = store_add_organisation(store, name, clock_now(), id, err);
    if (r == 0 && printf("%s\n", id) < 0)
        r = error_set(err, EIO, "cannot write to standard output");
    return r;
}

static void add_line(void *context, const struct organisation_row *row)
{
    struct text *out = context;

    text_add_format(out, "%s  %4d machine%s  ", row->id, (int)row->machines,
                    row->machines == 1 ? " " : "s");
    command_add_plain(row->name, out);
    text_add_string(out, "\n");
}

static int list(const char *data_folder, struct error *err)
{
    AUTO(auto_store_close) struct store *store = NULL;
    AUTO(text_clear) struct text out = {0};
    int r = command_open_store(data_folder, &store, err);

    if (r == 0)
        r = store_each_organisation(store, add_line, &out, err);
    if (r < 0)
        return r;
    if (out.length == 0)
        (void)fputs("There is no organisation yet: dijkwacht-server organisation add NAME\n",
                    stderr);
    if (command_print(&out) != EXIT_CODE_GOOD)
        return error_set(err, EIO, "cannot write to standard output");
    return 0;
}

int command_organisation(const char *data_folder, int argc, char **argv)
{
    struct error err = {0};
    int r;

    if (argc == 1 && strcmp(argv[0], "--help") == 0)
        return fputs(help, stdout) < 0 ? EXIT_CODE_FAILED : EXIT_CODE_GOOD;
    if (argc == 2 && strcmp(argv[0], "add") == 0 && argv[1][0] != '-')
        r = add(data_folder, argv[1], &err);
    else if (argc == 1 && strcmp(argv[0], "list") == 0)
        r = list(data_folder, &err);
    else
        r = error_set(&err, EINVAL, "say \"add NAME\" or \"list\"; see --help");
    return r < 0 ? command_fail("organisation", r, &err) : EXIT_CODE_GOOD;
}
