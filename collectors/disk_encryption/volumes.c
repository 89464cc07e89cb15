#include "collectors/disk_encryption/volumes.h"

#include <stdlib.h>
#include <string.h>

#include "collectors/disk_encryption/filesystems.h"
#include "platform/cleanup.h"
#include "platform/memory.h"

#define DEVICES_MAX  256U
#define SYSTEM_PATHS 4U

void volumes_clear(struct volumes *volumes)
{
    free(volumes->items);
    *volumes = (struct volumes){0};
}

static bool is_at_or_below(const char *path, const char *point)
{
    size_t length = strlen(point);

    return strncmp(path, point, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

/*
 * What only boots the machine and has to be readable for that. Firmware reads FAT, so below the
 * two folders that is for booting, whatever it is called; anything else may be data.
 */
static bool is_for_booting(const struct mount *mount)
{
    if (strcmp(mount->point, "/boot") == 0 || strcmp(mount->point, "/efi") == 0)
        return true;
    return strcmp(mount->filesystem, "vfat") == 0 &&
           (is_at_or_below(mount->point, "/boot") || is_at_or_below(mount->point, "/efi"));
}

static enum volume_role role_of(const struct mount *mount)
{
    const char *point = mount->point;

    if (strcmp(point, "/") == 0)
        return ROLE_ROOT;
    if (is_at_or_below(point, "/home"))
        return ROLE_HOME;
    if (is_at_or_below(point, "/var"))
        return ROLE_VAR;
    if (is_at_or_below(point, "/tmp"))
        return ROLE_TMP;
    return is_for_booting(mount) ? ROLE_BOOT : ROLE_DATA;
}

/*
 * Two mounts of one file system: bind mounts, subvolumes. The kernel names a present member of a
 * btrfs as its source, so no two of them have the same.
 */
static bool is_same_filesystem(const struct mount *left, const struct mount *right)
{
    if (left->major == right->major && left->minor == right->minor)
        return true;
    return strcmp(left->filesystem, "btrfs") == 0 && strcmp(right->filesystem, "btrfs") == 0 &&
           strcmp(left->source, right->source) == 0;
}

/* What the machine cannot do without counts wherever it is. */
static const char *const system_paths[SYSTEM_PATHS] = {"/", "/home", "/var", "/tmp"};

struct search {
    struct storage *storage;
    const struct sysroot *root;
    const struct mount *holders[SYSTEM_PATHS];
};

static bool holds_the_system(const struct search *search, const struct mount *mount)
{
    for (size_t i = 0; i < SYSTEM_PATHS; i++)
        if (search->holders[i] == mount)
            return true;
    return false;
}

static bool keeps_data(const struct mount *mount)
{
    switch (filesystem_kind(mount->filesystem, mount->major)) {
    case FILESYSTEM_ON_DEVICE:
    case FILESYSTEM_BTRFS:
    case FILESYSTEM_OPAQUE:
        return !(filesystem_is_image(mount->filesystem) && mount->read_only);
    case FILESYSTEM_OVERLAY:
    case FILESYSTEM_MEMORY:
    case FILESYSTEM_REMOTE:
    case FILESYSTEM_KERNEL:
    case FILESYSTEM_STACKED:
        break;
    }
    return false;
}

static bool stays_here(const struct coverage *coverage)
{
    return coverage->state != COVERAGE_VOLATILE && coverage->state != COVERAGE_ELSEWHERE;
}

static void measure(const struct search *search, struct volume *volume)
{
    struct block_number numbers[DEVICES_MAX];
    size_t count = storage_devices_of_mount(search->storage, volume->mount, numbers, DEVICES_MAX);

    volume->has_size = count > 0;
    for (size_t i = 0; i < count; i++) {
        AUTO(block_device_clear) struct block_device device = {0};

        if (block_device_read(search->root, numbers[i], &device, NULL) < 0 || !device.has_size ||
            device.size_bytes > INT64_MAX - volume->size_bytes) {
            volume->has_size = false;
            return;
        }
        volume->size_bytes += device.size_bytes;
    }
}

/*
 * The system's own programs. Anything else is as readable to a thief when it is mounted read-only,
 * as the kernel does by itself after an error.
 */
static bool holds_only_programs(const struct mount *mount)
{
    return mount->read_only && is_at_or_below(mount->point, "/usr");
}

/* One more mount of a volume: the most telling place gives it its role. */
static void add_mount(const struct search *search, struct volume *volume, const struct mount *mount)
{
    enum volume_role role = role_of(mount);

    if (volume->roles == 0 || role < volume->role)
        volume->role = role;
    volume->roles |= 1U << role;
    /* Being mounted for booting as well excuses nothing. */
    if (holds_the_system(search, mount) || (keeps_data(mount) && !holds_only_programs(mount) &&
                                            !volume->coverage.removable && role != ROLE_BOOT))
        volume->in_scope = true;
}

/* NULL when what is there does not stay on this machine. */
static struct volume *find_or_add(const struct search *search, struct volumes *volumes,
                                  const struct mount *mount)
{
    struct volume volume = {.mount = mount};

    for (size_t i = 0; i < volumes->count; i++)
        if (is_same_filesystem(volumes->items[i].mount, mount))
            return &volumes->items[i];
    volume.coverage = storage_cover_mount(search->storage, mount);
    if (!stays_here(&volume.coverage))
        return NULL;
    measure(search, &volume);
    volumes->items = must_grow(volumes->items, volumes->count + 1, sizeof(*volumes->items));
    volumes->items[volumes->count] = volume;
    return &volumes->items[volumes->count++];
}

static int compare(const void *left, const void *right)
{
    const struct volume *a = left, *b = right;

    if (a->role != b->role)
        return a->role < b->role ? -1 : 1;
    if (a->size_bytes != b->size_bytes)
        return a->size_bytes > b->size_bytes ? -1 : 1;
    if (a->coverage.state != b->coverage.state)
        return a->coverage.state < b->coverage.state ? -1 : 1;
    return strcmp(a->mount->filesystem, b->mount->filesystem);
}

void volumes_find(struct storage *storage, const struct sysroot *root, const struct mounts *mounts,
                  struct volumes *volumes)
{
    struct search search = {.storage = storage, .root = root};

    for (size_t i = 0; i < SYSTEM_PATHS; i++)
        search.holders[i] = storage_mount_holding(storage, system_paths[i]);
    for (size_t i = 0; i < mounts->count; i++) {
        const struct mount *mount = &mounts->items[i];
        struct volume *volume = NULL;

        if (keeps_data(mount) || holds_the_system(&search, mount))
            volume = find_or_add(&search, volumes, mount);
        if (volume != NULL)
            add_mount(&search, volume, mount);
    }
    for (size_t i = 0; i < volumes->count; i++)
        if (volumes->items[i].coverage.removable && !volumes->items[i].in_scope)
            volumes->items[i].role = ROLE_REMOVABLE;
    if (volumes->count > 0)
        qsort(volumes->items, volumes->count, sizeof(*volumes->items), compare);
}

static bool has_parts(enum volume_role role)
{
    return role == ROLE_HOME || role == ROLE_VAR || role == ROLE_TMP;
}

struct coverage volumes_cover_path(struct storage *storage, const struct volumes *volumes,
                                   const char *path, enum volume_role role)
{
    const struct mount *holder = storage_mount_holding(storage, path);
    struct coverage at_path = holder == NULL ? coverage_unknown(UNKNOWN_NOT_PRESENT)
                                             : storage_cover_mount(storage, holder);
    struct coverage whole = coverage_start();

    if (stays_here(&at_path))
        coverage_add(&whole, &at_path);
    for (size_t i = 0; has_parts(role) && i < volumes->count; i++)
        if (volumes->items[i].in_scope && (volumes->items[i].roles & (1U << role)) != 0)
            coverage_add(&whole, &volumes->items[i].coverage);
    return whole.empty ? at_path : whole;
}
