#include "collectors/firewall/units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/sysroot.h"
#include "platform/text.h"

#define UNITS_MAX       4096U
#define FIRST_GROUP     2U /* 1 is the root of the tree, 0 none */
#define UNIFIED_TREE    "/sys/fs/cgroup"
#define HYBRID_TREE     "/sys/fs/cgroup/unified"
#define CONTROLLERS     "/sys/fs/cgroup/cgroup.controllers"
#define INIT_GROUP_NAME "init.scope"

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text), end_length = strlen(end);

    return length > end_length && strcmp(text + length - end_length, end) == 0;
}

static void add_group(const struct sysroot *root, const char *path, const char *name,
                      struct units *units)
{
    struct stat status;

    if (units->names.count == UNITS_MAX || sysroot_stat(root, path, &status, NULL) < 0)
        return;
    units->groups = must_grow(units->groups, units->names.count + 1, sizeof(*units->groups));
    units->groups[units->names.count] = status.st_ino;
    text_list_add(&units->names, name, strlen(name));
}

/* Slices may hold slices: two levels are what systemd makes for instances. */
static int add_slice(const struct sysroot *root, const char *slice, unsigned levels,
                     struct units *units) /* NOLINT(misc-no-recursion) */
{
    AUTO(text_list_clear) struct text_list entries = {0};
    int r = sysroot_list(root, slice, UNITS_MAX, &entries, NULL);

    for (size_t i = 0; r == 0 && i < entries.count; i++) {
        AUTO(text_clear) struct text path = {0};

        text_add_format(&path, "%s/%s", slice, entries.items[i]);
        if (ends_with(entries.items[i], ".service"))
            add_group(root, path.bytes, entries.items[i], units);
        else if (ends_with(entries.items[i], ".slice") && levels > 0)
            (void)add_slice(root, path.bytes, levels - 1, units);
    }
    return r;
}

void units_read(const struct sysroot *root, struct units *ret_units)
{
    AUTO(text_clear) struct text slice = {0};
    AUTO(text_clear) struct text init = {0};
    const char *tree = HYBRID_TREE;
    bool unified;

    *ret_units = (struct units){0};
    if (sysroot_exists(root, CONTROLLERS, &unified, NULL) == 0 && unified)
        tree = UNIFIED_TREE;
    text_add_format(&slice, "%s/system.slice", tree);
    text_add_format(&init, "%s/" INIT_GROUP_NAME, tree);
    ret_units->result = add_slice(root, slice.bytes, 1, ret_units);
    add_group(root, init.bytes, INIT_GROUP_NAME, ret_units);
}

void units_clear(struct units *units)
{
    free(units->groups);
    text_list_clear(&units->names);
    *units = (struct units){0};
}

/* The name of a unit file: an instance has the one of its template. */
static char *file_name(const char *unit)
{
    const char *at = strchr(unit, '@'), *suffix = strrchr(unit, '.');
    struct text name = {0};

    if (at == NULL || suffix == NULL || suffix < at)
        return must_copy_text(unit, strlen(unit));
    text_add(&name, unit, (size_t)(at + 1 - unit));
    text_add_string(&name, suffix);
    return text_take(&name);
}

static bool is_shipped(const struct sysroot *root, const char *file)
{
    static const char *const folders[] = {"/usr/lib/systemd/system", "/lib/systemd/system"};

    for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++) {
        AUTO(text_clear) struct text path = {0};
        bool exists = false;

        text_add_format(&path, "%s/%s", folders[i], file);
        if (sysroot_exists(root, path.bytes, &exists, NULL) == 0 && exists)
            return true;
    }
    return false;
}

static const char *find(const struct units *units, uint64_t group)
{
    for (size_t i = 0; i < units->names.count; i++)
        if (units->groups[i] == group)
            return units->names.items[i];
    return NULL;
}

void units_set_fact(const struct units *units, const struct sysroot *root, uint64_t group,
                    struct facts *facts, const char *fact)
{
    const char *unit = group < FIRST_GROUP ? NULL : find(units, group);
    AUTO_FREE char *file = unit == NULL ? NULL : file_name(unit);

    if (group < FIRST_GROUP)
        facts_set_unknown(facts, fact, UNKNOWN_NOT_PRESENT);
    else if (unit == NULL && units->result < 0)
        facts_set_unknown(facts, fact, unknown_reason_from_code(units->result));
    else if (unit != NULL && strcmp(unit, INIT_GROUP_NAME) == 0) /* held for some other unit */
        facts_set_unknown(facts, fact, UNKNOWN_UNSUPPORTED);
    else if (unit != NULL && is_shipped(root, file))
        facts_set_text(facts, fact, file);
    else
        facts_set_unknown(facts, fact, UNKNOWN_NOT_APPLICABLE);
}
