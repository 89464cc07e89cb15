#include "collectors/patch_level/dpkg_status.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"

#define FIRST_CAPACITY 1024U
#define NO_INDEX       UINT8_MAX

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z');
}

static bool is_name_sign(char c)
{
    return c == '+' || c == '-' || c == '.';
}

bool package_name_valid(struct span name)
{
    if (name.length == 0 || name.length > 255 || !is_alphanumeric(name.start[0]))
        return false;
    for (size_t i = 1; i < name.length; i++)
        if (!is_alphanumeric(name.start[i]) && !is_name_sign(name.start[i]))
            return false;
    return true;
}

/* FNV-1a; whoever could choose package names to collide could install anything. */
static uint32_t hash_of(struct span name)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < name.length; i++)
        hash = (hash ^ (unsigned char)name.start[i]) * 16777619U;
    return hash;
}

static uint32_t *slot_of(const struct packages *packages, struct span name)
{
    return &packages->slots[hash_of(name) & (packages->slot_count - 1)];
}

static void link_package(struct packages *packages, uint32_t index)
{
    struct package *package = &packages->items[index];
    const char *name = package_name(packages, package);
    uint32_t *slot = slot_of(packages, (struct span){name, strlen(name)});

    package->next = *slot;
    *slot = index;
}

static void grow(struct packages *packages)
{
    packages->capacity = packages->capacity == 0 ? FIRST_CAPACITY : packages->capacity * 2;
    packages->items = must_grow(packages->items, packages->capacity, sizeof(*packages->items));
    free(packages->slots);
    packages->slot_count = packages->capacity;
    packages->slots = must_allocate(packages->slot_count, sizeof(*packages->slots));
    if (packages->count == 0) {
        packages->items[0] = (struct package){0};
        packages->count = 1;
    }
    for (uint32_t i = 1; i < packages->count; i++)
        link_package(packages, i);
}

static uint32_t keep(struct packages *packages, struct span span)
{
    uint32_t offset = (uint32_t)packages->strings.length;

    text_add(&packages->strings, span.start, span.length);
    text_add(&packages->strings, "", 1);
    return offset;
}

static uint8_t architecture_index(const struct packages *packages, struct span architecture)
{
    for (size_t i = 0; i < packages->architectures.count; i++)
        if (span_is(architecture, packages->architectures.items[i]))
            return (uint8_t)i;
    return NO_INDEX;
}

static int keep_architecture(struct packages *packages, struct span architecture,
                             uint8_t *ret_index, struct error *err)
{
    uint8_t index = architecture_index(packages, architecture);

    if (index == NO_INDEX) {
        if (!package_name_valid(architecture))
            return error_set(err, EBADMSG, "a package has no valid architecture");
        if (packages->architectures.count == ARCHITECTURES_MAX)
            return error_set(err, EFBIG, "there are more than %u architectures", ARCHITECTURES_MAX);
        index = (uint8_t)packages->architectures.count;
        text_list_add(&packages->architectures, architecture.start, architecture.length);
        if (span_is(architecture, "all"))
            packages->all = index;
    }
    *ret_index = index;
    return 0;
}

/* "want flag state", dpkg-query(1). */
struct status {
    bool on_disk;
    bool installed;
    bool held;
};

static int parse_status(struct span value, struct status *ret_status, struct error *err)
{
    static const char *const partial[] = {"half-installed",   "unpacked",         "half-configured",
                                          "triggers-awaited", "triggers-pending", NULL};
    struct span want, flag, state, more;
    struct status status = {0};

    if (!span_next_word(&value, &want) || !span_next_word(&value, &flag) ||
        !span_next_word(&value, &state) || span_next_word(&value, &more))
        return error_set(err, EBADMSG, "a package has a status that is not three words");
    status.installed = span_is(state, "installed") && span_is(flag, "ok");
    status.on_disk = span_is(state, "installed");
    for (size_t i = 0; partial[i] != NULL; i++)
        status.on_disk = status.on_disk || span_is(state, partial[i]);
    if (!status.on_disk && !span_is(state, "not-installed") && !span_is(state, "config-files"))
        return error_set(err, EBADMSG, "a package has an unknown state");
    status.held = span_is(want, "hold");
    *ret_status = status;
    return 0;
}

static int add(struct packages *packages, struct span name, struct span version,
               struct span architecture, const struct status *status, struct error *err)
{
    struct package package = {.installed = status->installed, .held = status->held};
    int r = keep_architecture(packages, architecture, &package.architecture, err);

    if (r < 0)
        return r;
    if (packages->count > PACKAGES_MAX)
        return error_set(err, EFBIG, "there are more than %u packages", PACKAGES_MAX);
    if (packages->count >= packages->capacity)
        grow(packages);
    package.name = keep(packages, name);
    package.version = keep(packages, version);
    packages->items[packages->count] = package;
    link_package(packages, (uint32_t)packages->count);
    packages->count++;

    packages->installed += status->installed;
    packages->broken += !status->installed;
    packages->held += status->held;
    if (status->installed && span_is(name, "dpkg"))
        packages->native = package.architecture;
    return 0;
}

static int read_stanza(struct packages *packages, struct span stanza, struct error *err)
{
    struct span name, version, architecture, text;
    struct status status = {0};
    int r;

    /* dpkg ends every line; a version that is cut off may look newer than it is ("2.0~rc1"). */
    if (stanza.start[stanza.length - 1] != '\n')
        return error_set(err, EBADMSG, "the last stanza is cut off");
    if (!stanza_field(stanza, "Package", &name) || !package_name_valid(name))
        return error_set(err, EBADMSG, "a stanza has no valid package name");
    if (!stanza_field(stanza, "Status", &text))
        return error_set(err, EBADMSG, "a package has no status");
    r = parse_status(text, &status, err);
    if (r < 0 || !status.on_disk)
        return r;
    if (!stanza_field(stanza, "Version", &version) || version.length == 0 ||
        !stanza_field(stanza, "Architecture", &architecture) ||
        memchr(version.start, '\0', version.length) != NULL)
        return error_set(err, EBADMSG, "an installed package has no version or architecture");
    return add(packages, name, version, architecture, &status, err);
}

int packages_read(struct stream *stream, struct packages *packages, struct error *err)
{
    AUTO(auto_stanza_reader_free) struct stanza_reader *reader = stanza_reader_new(stream);
    struct span stanza;
    int r;

    packages_clear(packages);
    packages->all = packages->native = NO_INDEX;
    grow(packages);
    while ((r = stanza_next(reader, &stanza, err)) > 0) {
        r = read_stanza(packages, stanza, err);
        if (r < 0)
            return r;
    }
    return r;
}

void packages_clear(struct packages *packages)
{
    text_clear(&packages->strings);
    text_list_clear(&packages->architectures);
    free(packages->items);
    free(packages->slots);
    memset(packages, 0, sizeof(*packages));
}

const char *package_name(const struct packages *packages, const struct package *package)
{
    return packages->strings.bytes + package->name;
}

const char *package_version(const struct packages *packages, const struct package *package)
{
    return packages->strings.bytes + package->version;
}

const char *package_architecture(const struct packages *packages, const struct package *package)
{
    return packages->architectures.items[package->architecture];
}

static uint8_t as_native(const struct packages *packages, uint8_t architecture)
{
    return architecture == packages->all ? packages->native : architecture;
}

static struct package *next_named(const struct packages *packages, uint32_t index, struct span name)
{
    while (index != 0 && !span_is(name, package_name(packages, &packages->items[index])))
        index = packages->items[index].next;
    return index == 0 ? NULL : &packages->items[index];
}

bool packages_contain(const struct packages *packages, struct span name)
{
    return next_named(packages, *slot_of(packages, name), name) != NULL;
}

static struct package *find(const struct packages *packages, struct span name, uint8_t architecture)
{
    struct package *package = next_named(packages, *slot_of(packages, name), name);

    while (package != NULL && as_native(packages, package->architecture) != architecture)
        package = next_named(packages, package->next, name);
    return package;
}

struct package *packages_find(const struct packages *packages, struct span name,
                              struct span architecture)
{
    uint8_t index = span_is(architecture, "all")
                        ? packages->native
                        : as_native(packages, architecture_index(packages, architecture));

    return index == NO_INDEX ? NULL : find(packages, name, index);
}

struct package *packages_find_native(const struct packages *packages, const char *name)
{
    return packages->native == NO_INDEX
               ? NULL
               : find(packages, (struct span){name, strlen(name)}, packages->native);
}
