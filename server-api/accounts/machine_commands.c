#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/json_writer.h"
#include "platform/text.h"
#include "server-api/accounts/command.h"
#include "server-api/exit_code.h"
#include "server-api/server.h"
#include "server-api/store/store.h"

static const char machines_help[] =
    "Usage: dijkwacht-server machines [--organisation NAME] [--json]\n"
    "\n"
    "Lists the machines by organisation and label: identifier, when it was last seen, label.\n"
    "What is wrong with them is told by dijkwacht-fleet.\n";

static const char revoke_help[] =
    "Usage: dijkwacht-server revoke MACHINE --yes [--organisation NAME]\n"
    "\n"
    "Turns a machine away from its next request on, for good; to come back it needs a new join\n"
    "code. What it sent stays.\n"
    "\n"
    "  MACHINE              its identifier, or its label\n"
    "  --organisation NAME  where to look for it\n"
    "  --yes                yes, really\n";

static void add_time_or_null(struct json_writer *writer, const char *name, int64_t time)
{
    char text[CLOCK_TEXT_SIZE];

    clock_to_text(time, text);
    json_add_text_or_null(writer, name, time == 0 ? NULL : text);
}

static void add_json(void *context, const struct machine_row *row)
{
    struct json_writer *writer = context;

    json_begin_object(writer);
    json_add_text(writer, "organisation", row->organisation);
    json_add_text(writer, "organisation_name", row->organisation_name);
    json_add_text(writer, "id", row->id);
    json_add_text(writer, "label", row->label);
    json_add_text_or_null(writer, "system", row->system[0] == '\0' ? NULL : row->system);
    add_time_or_null(writer, "created_at", row->created_at);
    add_time_or_null(writer, "seen_at", row->seen_at);
    add_time_or_null(writer, "revoked_at", row->revoked_at);
    json_end_object(writer);
}

/* A line for each machine under the name of its organisation. */
struct listing {
    struct text out;
    char organisation[ORGANISATION_ID_SIZE];
};

static void add_line(void *context, const struct machine_row *row)
{
    struct listing *listing = context;
    char seen[CLOCK_TEXT_SIZE];

    if (strcmp(listing->organisation, row->organisation) != 0) {
        memcpy(listing->organisation, row->organisation, sizeof(listing->organisation));
        text_add_string(&listing->out, listing->out.length == 0 ? "" : "\n");
        command_add_plain(row->organisation_name, &listing->out);
        text_add_string(&listing->out, "\n");
    }
    clock_to_text(row->seen_at, seen);
    text_add_format(&listing->out, "  %s  %-20s  ", row->id,
                    row->revoked_at != 0 ? "revoked"
                    : row->seen_at == 0  ? "no snapshot yet"
                                         : seen);
    command_add_plain(row->label, &listing->out);
    text_add_string(&listing->out, "\n");
}

static int list(struct store *store, const char *organisation, bool json, struct text *out,
                struct error *err)
{
    struct listing listing = {0};
    struct json_writer writer = {0};
    int r;

    if (json) {
        json_begin_array(&writer);
        r = store_each_machine(store, organisation, add_json, &writer, err);
        json_end_array(&writer);
        text_add_string(&writer.out, "\n");
        *out = writer.out;
        return r;
    }
    r = store_each_machine(store, organisation, add_line, &listing, err);
    *out = listing.out;
    if (r == 0 && out->length == 0)
        (void)fputs("No machine has joined yet: dijkwacht-server join-code ORGANISATION --label "
                    "LABEL\n",
                    stderr);
    return r;
}

/* The database, and the organisation that an option names; "" for none. */
static int open_for(const char *data_folder, const char *name, struct store **ret_store,
                    char ret_organisation[ORGANISATION_ID_SIZE], struct error *err)
{
    int r = command_open_store(data_folder, ret_store, err);

    ret_organisation[0] = '\0';
    if (r == 0 && name != NULL)
        r = store_find_organisation(*ret_store, name, ret_organisation, err);
    return r;
}

int command_machines(const char *data_folder, int argc, char **argv)
{
    AUTO(auto_store_close) struct store *store = NULL;
    AUTO(text_clear) struct text out = {0};
    char organisation[ORGANISATION_ID_SIZE];
    const char *name = NULL;
    bool json = false, wants_help = false;
    const struct option_row rows[] = {
        {.name = "--organisation", .value = &name},
        {.name = "--json", .flag = &json},
        {.name = "--help", .flag = &wants_help},
        {.name = NULL},
    };
    struct error err = {0};
    int r = option_parse(argc, argv, rows, &err);

    if (r == 0 && wants_help)
        return fputs(machines_help, stdout) < 0 ? EXIT_CODE_FAILED : EXIT_CODE_GOOD;
    if (r == 0)
        r = open_for(data_folder, name, &store, organisation, &err);
    if (r == 0)
        r = list(store, name == NULL ? NULL : organisation, json, &out, &err);
    return r < 0 ? command_fail("machines", r, &err) : command_print(&out);
}

/* The machines that a word of the command line can mean. */
struct search {
    const char *wanted;
    struct machine_row found;
    size_t count;
};

static void match(void *context, const struct machine_row *row)
{
    struct search *search = context;
    bool is_id = strcmp(row->id, search->wanted) == 0;

    /* A revoked one is out of the way of a new one with its label. */
    if (!is_id && (strcmp(row->label, search->wanted) != 0 || row->revoked_at != 0))
        return;
    search->found = *row;
    search->count++;
}

static int revoke_machine(struct store *store, const char *organisation, const char *wanted,
                          struct error *err)
{
    struct search search = {.wanted = wanted};
    int r = store_each_machine(store, organisation, match, &search, err);

    if (r < 0)
        return r;
    if (search.count == 0)
        return error_set(err, ENOENT,
                         "there is no machine \"%.100s\"; see dijkwacht-server "
                         "machines",
                         wanted);
    if (search.count > 1)
        return error_set(err, ENOTUNIQ,
                         "%zu machines are called \"%.100s\"; name one by its "
                         "identifier, see dijkwacht-server machines",
                         search.count, wanted);
    r = store_revoke_machine(store, search.found.organisation, search.found.id, clock_now(), err);
    if (r == 0)
        (void)printf("%s\n", search.found.id);
    return r;
}

int command_revoke(const char *data_folder, int argc, char **argv)
{
    AUTO(auto_store_close) struct store *store = NULL;
    char organisation[ORGANISATION_ID_SIZE];
    const char *name = NULL, *wanted;
    bool yes = false, wants_help = false;
    const struct option_row rows[] = {
        {.name = "--organisation", .value = &name},
        {.name = "--yes", .flag = &yes},
        {.name = "--help", .flag = &wants_help},
        {.name = NULL},
    };
    struct error err = {0};
    int r = command_parse(argc, argv, rows, &wanted, &err);

    if (r == 0 && wants_help)
        return fputs(revoke_help, stdout) < 0 ? EXIT_CODE_FAILED : EXIT_CODE_GOOD;
    if (r == 0 && wanted[0] == '\0')
        r = error_set(&err, EINVAL, "say which machine; see --help");
    if (r == 0 && !yes)
        r = error_set(&err, EINVAL, "this cannot be undone: add --yes to revoke \"%.100s\"",
                      wanted);
    if (r == 0)
        r = open_for(data_folder, name, &store, organisation, &err);
    if (r == 0)
        r = revoke_machine(store, name == NULL ? NULL : organisation, wanted, &err);
    return r < 0 ? command_fail("revoke", r, &err) : EXIT_CODE_GOOD;
}
