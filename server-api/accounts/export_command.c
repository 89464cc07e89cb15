#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "server-api/accounts/command.h"
#include "server-api/exit_code.h"
#include "server-api/server.h"
#include "server-api/store/store.h"

#define CERTIFICATE_MAX_SIZE 8192U

static const char help[] =
    "Usage: dijkwacht-server export FOLDER [--organisation NAME]\n"
    "\n"
    "Writes what the machines signed, byte for byte as it came, with everything that is needed\n"
    "to verify it without this server (docs/snapshot-format.md):\n"
    "\n"
    "  root.pem, intermediate.pem            who vouches for the certificates\n"
    "  ORGANISATION/MACHINE/signing-N.der    the machine's signing certificates\n"
    "  ORGANISATION/MACHINE/EPOCH-SEQ.jws    a snapshot\n"
    "  ORGANISATION/MACHINE/EPOCH-SEQ.receipt.jws\n"
    "                                        what it was answered\n"
    "\n"
    "  FOLDER               is made; it must not be there yet\n"
    "  --organisation NAME  only what belongs to one organisation\n";

/* The machines first and their files afterwards, so that one walk at a time reads the database. */
struct machines {
    struct machine_row *rows;
    size_t count;
};

static void machines_clear(struct machines *machines)
{
    free(machines->rows);
}

static void remember(void *context, const struct machine_row *row)
{
    struct machines *machines = context;

    machines->rows = must_grow(machines->rows, machines->count + 1, sizeof(*row));
    machines->rows[machines->count++] = *row;
}

/* Where the files of one machine go, and how many there were. */
struct target {
    int folder;
    size_t snapshots;
};

static int write_snapshot(void *context, const struct kept_snapshot *kept, struct error *err)
{
    struct target *target = context;
    char name[EPOCH_SIZE + 40];
    int r;

    (void)snprintf(name, sizeof(name), "%s-%010llu.jws", kept->epoch,
                   (unsigned long long)kept->seq);
    r = file_write(target->folder, name, 0600, text_string(&kept->bytes), kept->bytes.length, err);
    (void)snprintf(name, sizeof(name), "%s-%010llu.receipt.jws", kept->epoch,
                   (unsigned long long)kept->seq);
    if (r == 0)
        r = file_write(target->folder, name, 0600, text_string(&kept->receipt),
                       kept->receipt.length, err);
    target->snapshots += r == 0;
    return r;
}

static int write_certificate(void *context, int64_t number, const void *der, size_t length,
                             struct error *err)
{
    const struct target *target = context;
    char name[40];

    (void)snprintf(name, sizeof(name), "signing-%lld.der", (long long)number);
    return file_write(target->folder, name, 0600, der, length, err);
}

static int make_folder(const char *path, struct error *err)
{
    int r = directory_create(path, 0700, err);

    return r < 0 ? r : directory_open(path, err);
}

static int export_machine(struct store *store, const char *folder, const struct machine_row *row,
                          size_t *snapshots, struct error *err)
{
    AUTO(text_clear) struct text path = {0};
    AUTO_CLOSE int organisation = -1;
    AUTO_CLOSE int machine = -1;
    struct target target = {0};
    int r;

    text_add_format(&path, "%s/%s", folder, row->organisation);
    organisation = make_folder(text_string(&path), err);
    if (organisation < 0)
        return organisation;
    text_add_format(&path, "/%s", row->id);
    machine = make_folder(text_string(&path), err);
    if (machine < 0)
        return machine;
    target.folder = machine;
    r = store_each_signing_certificate(store, row->organisation, row->id, write_certificate,
                                       &target, err);
    if (r == 0)
        r = store_each_snapshot(store, row->organisation, row->id, write_snapshot, &target, err);
    *snapshots += target.snapshots;
    return r;
}

static int copy_authority(const char *data_folder, int folder, struct error *err)
{
    static const char *const names[] = {KEEPER_ROOT_FILE, KEEPER_INTERMEDIATE_FILE};
    AUTO(text_clear) struct text path = {0};
    AUTO_CLOSE int keys = -1;
    int r = 0;

    text_add_format(&path, "%s/" SERVER_KEY_FOLDER, data_folder);
    keys = directory_open(text_string(&path), err);
    if (keys < 0)
        return keys;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names) && r == 0; i++) {
        AUTO(text_clear) struct text pem = {0};

        r = file_read(keys, names[i], CERTIFICATE_MAX_SIZE, &pem, err);
        if (r == 0)
            r = file_write(folder, names[i], 0600, text_string(&pem), pem.length, err);
    }
    return r;
}

/* An older export is never mixed with a newer one. */
static int make_new_folder(const char *path, struct error *err)
{
    AUTO_CLOSE int there = directory_open(path, NULL);

    if (there >= 0)
        return error_set(err, EEXIST, "%s is there already; name a folder that is not", path);
    return error_advise(err, make_folder(path, err),
                        "name a new folder where the owner of the data folder may write");
}

static int export_all(const char *data_folder, struct store *store, const char *organisation,
                      const char *folder, struct error *err)
{
    AUTO(machines_clear) struct machines machines = {0};
    AUTO_CLOSE int top = -1;
    size_t snapshots = 0;
    int r = store_each_machine(store, organisation, remember, &machines, err);

    if (r < 0)
        return r;
    top = make_new_folder(folder, err);
    if (top < 0)
        return top;
    r = copy_authority(data_folder, top, err);
    for (size_t i = 0; i < machines.count && r == 0; i++)
        r = export_machine(store, folder, &machines.rows[i], &snapshots, err);
    if (r < 0)
        return r;
    (void)printf("%zu snapshot%s of %zu machine%s in %s\n", snapshots, snapshots == 1 ? "" : "s",
                 machines.count, machines.count == 1 ? "" : "s", folder);
    return 0;
}

int command_export(const char *data_folder, int argc, char **argv)
{
    AUTO(auto_store_close) struct store *store = NULL;
    char organisation[ORGANISATION_ID_SIZE];
    const char *name = NULL, *folder;
    bool wants_help = false;
    const struct option_row rows[] = {
        {.name = "--organisation", .value = &name},
        {.name = "--help", .flag = &wants_help},
        {.name = NULL},
    };
    struct error err = {0};
    int r = command_parse(argc, argv, rows, &folder, &err);

    if (r == 0 && wants_help)
        return fputs(help, stdout) < 0 ? EXIT_CODE_FAILED : EXIT_CODE_GOOD;
    if (r == 0 && folder[0] == '\0')
        r = error_set(&err, EINVAL, "say into which folder; see --help");
    if (r == 0)
        r = command_open_store(data_folder, &store, &err);
    if (r == 0 && name != NULL)
        r = store_find_organisation(store, name, organisation, &err);
    if (r == 0)
        r = export_all(data_folder, store, name == NULL ? NULL : organisation, folder, &err);
    return r < 0 ? command_fail("export", r, &err) : EXIT_CODE_GOOD;
}
