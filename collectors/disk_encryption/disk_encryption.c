#include "collectors/disk_encryption/disk_encryption.h"

#include <errno.h>
#include <string.h>

#include "collectors/disk_encryption/encryption_facts.h"
#include "collectors/disk_encryption/hibernation.h"
#include "collectors/disk_encryption/homes.h"
#include "collectors/disk_encryption/luks_reader.h"
#include "collectors/disk_encryption/storage.h"
#include "collectors/disk_encryption/swaps.h"
#include "collectors/disk_encryption/unmounted.h"
#include "collectors/disk_encryption/virtualization.h"
#include "collectors/disk_encryption/volumes.h"
#include "platform/cleanup.h"
#include "platform/mounts.h"
#include "platform/sysroot.h"

static const struct fact table[] = {
    {.name = "all_encrypted",
     .type = FACT_BOOL,
     .purpose = "whether whoever takes the machine can read anything that it keeps"},
    {.name = "root_encrypted", .type = FACT_BOOL, .purpose = "the same for the system itself"},
    {.name = "home_encrypted", .type = FACT_BOOL, .purpose = "the same for people's own files"},
    {.name = "var_encrypted", .type = FACT_BOOL, .purpose = "the same for databases and mail"},
    {.name = "tmp_encrypted", .type = FACT_BOOL, .purpose = "the same for temporary files"},
    {.name = "boot_encrypted",
     .type = FACT_BOOL,
     .purpose = "whether the kernel can be exchanged by whoever has the disk"},
    {.name = "swap_encrypted",
     .type = FACT_BOOL,
     .purpose = "whether memory that was written to disk can be read there"},
    {.name = "hibernation_possible",
     .type = FACT_BOOL,
     .purpose = "whether all of memory can be written to disk"},
    {.name = "resume_device_encrypted",
     .type = FACT_BOOL,
     .purpose = "whether it can be read there"},
    {.name = "unmounted_plain_volumes",
     .type = FACT_INTEGER,
     .purpose = "how many more disks hold files in the clear, such as an old system"},
    {.name = "virtualization",
     .type = FACT_ENUM,
     .choices = virtualization_choices,
     .purpose = "a provider may encrypt what the machine sees as plain; advice differs"},
    {.name = "volumes",
     .type = FACT_ITEMS,
     .items = volume_facts,
     .purpose = "which file system to look at"},
    {.name = "swap", .type = FACT_ITEMS, .items = swap_facts, .purpose = "which swap to look at"},
    {.name = NULL},
};

/* What the steps of one look share. */
struct look {
    const struct sysroot *root;
    struct facts *facts;
    struct storage *storage;
    struct coverage all; /* of everything in scope */
    bool has_volume;     /* in scope; without one there is nothing to praise */
};

static void count_in(struct look *look, const struct coverage *coverage)
{
    if (coverage->state != COVERAGE_VOLATILE && coverage->state != COVERAGE_ELSEWHERE)
        coverage_add(&look->all, coverage);
}

static void set_volumes(struct look *look, const struct volumes *volumes)
{
    facts_set_empty(look->facts, "volumes");
    for (size_t i = 0; i < volumes->count; i++) {
        add_volume(look->facts, &volumes->items[i]);
        if (!volumes->items[i].in_scope)
            continue;
        look->has_volume = true;
        count_in(look, &volumes->items[i].coverage);
    }
}

static void set_paths(struct look *look, const struct volumes *volumes, const struct mounts *mounts)
{
    static const struct {
        const char *fact, *path;
        enum volume_role role;
    } paths[] = {
        {"root_encrypted", "/", ROLE_ROOT},     {"home_encrypted", "/home", ROLE_HOME},
        {"var_encrypted", "/var", ROLE_VAR},    {"tmp_encrypted", "/tmp", ROLE_TMP},
        {"boot_encrypted", "/boot", ROLE_BOOT},
    };

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        struct coverage coverage =
            volumes_cover_path(look->storage, volumes, paths[i].path, paths[i].role);

        if (paths[i].role == ROLE_HOME && coverage_is_plain(&coverage) &&
            homes_may_be_encrypted(look->root, mounts,
                                   storage_mount_holding(look->storage, paths[i].path)))
            coverage = coverage_unknown(UNKNOWN_UNSUPPORTED);
        set_encrypted(look->facts, paths[i].fact, &coverage);
    }
}

static const char *kind_of(const struct swap *swap)
{
    if (swap->is_file)
        return "file";
    return strncmp(swap->path, "/dev/zram", strlen("/dev/zram")) == 0 ? "zram" : "partition";
}

static struct coverage cover_swap(struct look *look, const struct swap *swap)
{
    if (swap->deleted)
        return coverage_unknown(UNKNOWN_NOT_PRESENT);
    if (swap->is_file)
        return storage_cover_path(look->storage, swap->path);
    return block_graph_cover_path(storage_devices(look->storage), swap->path);
}

static void set_swap(struct look *look, struct coverage *ret_on_disk)
{
    AUTO(swaps_clear) struct swaps swaps = {0};
    struct error err = {0};
    int r = swaps_read(look->root, &swaps, &err);

    *ret_on_disk = coverage_start();
    if (r < 0) {
        *ret_on_disk = coverage_unknown(unknown_reason_from_code(r));
        facts_note(look->facts, err.message);
        facts_set_unknown(look->facts, "swap", ret_on_disk->reason);
    } else {
        facts_set_empty(look->facts, "swap");
    }
    for (size_t i = 0; r == 0 && i < swaps.count; i++) {
        struct coverage coverage = cover_swap(look, &swaps.items[i]);

        add_swap(look->facts, kind_of(&swaps.items[i]), &coverage);
        if (coverage.state != COVERAGE_VOLATILE)
            coverage_add(ret_on_disk, &coverage);
    }
    if (ret_on_disk->empty) {
        facts_set_unknown(look->facts, "swap_encrypted", UNKNOWN_NOT_APPLICABLE);
    } else {
        set_encrypted(look->facts, "swap_encrypted", ret_on_disk);
        coverage_add(&look->all, ret_on_disk);
    }
}

static void set_possible(struct look *look, const struct hibernation *hibernation, bool no_swap)
{
    bool depends_on_device = hibernation->supported && no_swap;

    if (depends_on_device && hibernation->resume_code < 0)
        facts_set_unknown(look->facts, "hibernation_possible",
                          unknown_reason_from_code(hibernation->resume_code));
    else
        facts_set_bool(look->facts, "hibernation_possible",
                       hibernation->supported && (hibernation->has_resume_device || !no_swap));
}

/* Without a device of its own, hibernation writes to a swap area that is in use. */
static void set_hibernation(struct look *look, const struct coverage *swap_on_disk)
{
    struct hibernation hibernation;
    struct coverage image = *swap_on_disk;

    hibernation_read(look->root, &hibernation);
    if (hibernation.resume_code < 0)
        image = coverage_unknown(unknown_reason_from_code(hibernation.resume_code));
    else if (hibernation.has_resume_device)
        image = block_graph_cover(storage_devices(look->storage), hibernation.resume_device);
    if (hibernation.resume_code < 0 || hibernation.has_resume_device)
        count_in(look, &image);
    if (!hibernation.known) {
        facts_set_unknown(look->facts, "hibernation_possible", hibernation.reason);
        facts_set_unknown(look->facts, "resume_device_encrypted", hibernation.reason);
        return;
    }
    set_possible(look, &hibernation, swap_on_disk->empty);
    if (hibernation.supported && !image.empty)
        set_encrypted(look->facts, "resume_device_encrypted", &image);
    else
        facts_set_unknown(look->facts, "resume_device_encrypted", UNKNOWN_NOT_APPLICABLE);
}

static void set_unmounted(struct look *look, const struct mounts *mounts)
{
    size_t count;
    int r = unmounted_plain_count(look->storage, look->root, mounts, &count, NULL);

    if (r < 0)
        facts_set_unknown(look->facts, "unmounted_plain_volumes", unknown_reason_from_code(r));
    else
        facts_set_integer(look->facts, "unmounted_plain_volumes", (int64_t)count);
}

static void set_virtualization(struct look *look)
{
    enum unknown_reason reason;
    const char *choice = virtualization_read(look->root, &reason);

    if (choice == NULL)
        facts_set_unknown(look->facts, "virtualization", reason);
    else
        facts_set_enum(look->facts, "virtualization", choice);
}

static bool has_any(const struct sysroot *root, const char *const *paths)
{
    bool found;

    for (; *paths != NULL; paths++)
        if (sysroot_exists(root, *paths, &found, NULL) == 0 && found)
            return true;
    return false;
}

/*
 * Inside a container the disks that we see belong to somebody else. What is in /run was put there
 * since the start; marks outside it may have come with an image that a machine was made from,
 * which then has all of a disk's file system as its root.
 */
static bool is_container(const struct sysroot *root, const struct mounts *mounts)
{
    static const char *const running[] = {"/run/systemd/container", "/dev/.lxc-boot-id", NULL};
    static const char *const left[] = {"/.dockerenv", "/run/.containerenv", NULL};
    const struct mount *mount = mounts_holding(mounts, "/");

    if (has_any(root, running))
        return true;
    return has_any(root, left) &&
           (mount == NULL || mount->major == 0 || strcmp(mount->root, "/") != 0);
}

static void collect(const struct machine *machine, const void *prepared, struct facts *facts)
{
    AUTO(mounts_clear) struct mounts mounts = {0};
    AUTO(auto_storage_free) struct storage *storage = NULL;
    AUTO(volumes_clear) struct volumes volumes = {0};
    struct coverage swap_on_disk;
    struct error err = {0};
    struct look look = {.root = machine->root, .facts = facts, .all = coverage_start()};
    int r;

    set_virtualization(&look);
    r = mounts_read(machine->root, &mounts, &err);
    if (r < 0) {
        facts_note(facts, err.message);
        facts_set_rest_unknown(facts, unknown_reason_from_code(r));
        return;
    }
    if (is_container(machine->root, &mounts)) {
        facts_set_rest_unknown(facts, UNKNOWN_SANDBOXED);
        return;
    }
    storage = storage_new(machine->root, &mounts, prepared);
    look.storage = storage;
    volumes_find(storage, machine->root, &mounts, &volumes);
    set_volumes(&look, &volumes);
    set_paths(&look, &volumes, &mounts);
    set_swap(&look, &swap_on_disk);
    set_hibernation(&look, &swap_on_disk);
    set_unmounted(&look, &mounts);
    if (look.all.empty || (look.all.state == COVERAGE_ENCRYPTED && !look.has_volume))
        facts_set_unknown(facts, "all_encrypted", UNKNOWN_NOT_APPLICABLE);
    else
        set_encrypted(facts, "all_encrypted", &look.all);
}

static void *prepare(const struct machine *machine)
{
    return luks_headers_read(machine->root);
}

static void release(void *prepared)
{
    luks_headers_free(prepared);
}

const struct collector disk_encryption_collector = {
    .name = "disk_encryption",
    .summary = "whether everything that the machine keeps is encrypted",
    .schema = 1,
    .facts = table,
    .prepare = prepare,
    .collect = collect,
    .release = release,
};
