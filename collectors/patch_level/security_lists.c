#include "collectors/patch_level/security_lists.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/patch_level/apt_index.h"
#include "collectors/patch_level/apt_release.h"
#include "collectors/patch_level/apt_sources.h"
#include "collectors/patch_level/dpkg_status.h"
#include "collectors/patch_level/inputs.h"
#include "platform/cleanup.h"
#include "platform/decompress.h"
#include "platform/memory.h"
#include "platform/os_release.h"
#include "platform/sysroot.h"
#include "platform/text.h"

#define LISTS_FOLDER "/var/lib/apt/lists/"

/* A configured source with what its Release file says, when apt has fetched it. */
struct repository {
    const struct apt_source *source;
    char *prefix;       /* of its files, with the folder */
    char *release_path; /* NULL when there is none */
    struct apt_release release;
    bool of_this_system; /* made for the release that is installed */
    bool official;       /* by the distribution itself */
    bool security;
};

struct reading {
    struct inputs *inputs;
    const struct os_release *os;
    struct packages *packages;
    struct repository *repositories;
    size_t count;
    struct security_lists *lists;
    struct text_list covered; /* "component/architecture" that has its own security index */
    bool has_undated;         /* a security source that does not say when it was published */
    struct error *err;
};

static void reading_clear(struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        free(reading->repositories[i].prefix);
        free(reading->repositories[i].release_path);
        apt_release_clear(&reading->repositories[i].release);
    }
    free(reading->repositories);
    text_list_clear(&reading->covered);
}

static char *joined(const char *start, const char *end)
{
    struct text text = {0};

    text_add_string(&text, start);
    text_add_string(&text, end);
    return text_take(&text);
}

static bool names_this_system(const struct os_release *os, struct span codename)
{
    const char *const names[] = {os->version_codename, os->ubuntu_codename, os->debian_codename};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i] != NULL && span_is(codename, names[i]))
            return true;
    return false;
}

static int read_release(struct reading *reading, struct repository *repository, const char *name)
{
    AUTO_FREE char *path = joined(repository->prefix, name);
    AUTO_FREE char *text = NULL;
    int r = inputs_read_text(reading->inputs, path, RELEASE_MAX_SIZE, &text, reading->err);

    if (r < 0)
        return r;
    r = apt_release_parse(text, &repository->release, reading->err);
    if (r < 0)
        return error_wrap(reading->err, r, path);
    repository->release_path = TAKE(path);
    return 0;
}

/* What of the configured suite could be the code name: "bookworm" of "bookworm-security". */
static struct span suite_root(const char *suite)
{
    return (struct span){suite, strcspn(suite, "-/")};
}

static int open_repository(struct reading *reading, const struct apt_source *source,
                           struct repository *repository)
{
    AUTO_FREE char *prefix = apt_source_list_prefix(source);
    int r;

    repository->source = source;
    repository->prefix = joined(LISTS_FOLDER, prefix);
    r = read_release(reading, repository, "InRelease");
    if (r == -ENOENT)
        r = read_release(reading, repository, "Release");
    if (r == -ENOENT) {
        repository->of_this_system = names_this_system(reading->os, suite_root(source->suite));
        return 0;
    }
    if (r < 0)
        return r;
    repository->of_this_system =
        names_this_system(reading->os, apt_release_root(&repository->release));
    repository->official = repository->release.origin != NULL &&
                           os_release_is_like(reading->os, repository->release.origin);
    repository->security = apt_release_is_security(&repository->release);
    return 0;
}

static int open_repositories(struct reading *reading, const struct apt_sources *sources)
{
    reading->repositories = must_allocate(sources->count + 1, sizeof(*reading->repositories));
    for (size_t i = 0; i < sources->count; i++) {
        int r;

        reading->count++;
        r = open_repository(reading, &sources->items[i], &reading->repositories[i]);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The security updates of the distribution for the release that is installed. */
static bool is_own_security(const struct repository *repository)
{
    const struct apt_release *release = &repository->release;
    const char *codename = release->codename;
    const char *suite = release->suite;
    size_t root = apt_release_root(release).length;

    if (!repository->security || !repository->of_this_system || !repository->official)
        return false;
    /* Ubuntu's paid updates have suites like "jammy-infra-security" beside "jammy-security". */
    return (release->label != NULL && strcmp(release->label, "Debian-Security") == 0) ||
           strcmp(codename + root, "-security") == 0 ||
           (suite != NULL && strncmp(suite, codename, root) == 0 &&
            strcmp(suite + root, "-security") == 0);
}

/*
 * A source of the system itself whose packages need security updates. Without its Release file
 * only the names can tell, and the areas of Debian and Ubuntu are known by name.
 */
static bool is_base(const struct repository *repository, const char *component)
{
    static const char *const areas[] = {"main",       "contrib",  "non-free",   "non-free-firmware",
                                        "restricted", "universe", "multiverse", NULL};

    if (repository->release_path != NULL)
        return repository->official && repository->of_this_system && !repository->security;
    for (size_t i = 0; areas[i] != NULL; i++)
        if (strcmp(component, areas[i]) == 0)
            return repository->of_this_system;
    return false;
}

static bool covers_architecture(const struct apt_source *source, const char *architecture)
{
    return source->architectures.count == 0 ||
           text_list_contains(&source->architectures, architecture, strlen(architecture));
}

static char *index_path_below_suite(const struct apt_source *source, const char *component,
                                    const char *architecture)
{
    struct text path = {0};

    if (source->components.count == 0)
        text_add_string(&path, "Packages");
    else
        text_add_format(&path, "%s/binary-%s/Packages", component, architecture);
    return text_take(&path);
}

/* The index as apt keeps it: with '_' for '/', and with the ending of its compression. */
static int open_index(struct reading *reading, const struct repository *repository,
                      const char *below_suite, struct stream **ret_stream)
{
    static const char *const endings[] = {"", ".zst", ".lz4", ".gz", ".xz", ".bz2", NULL};
    AUTO_FREE char *name = must_copy_text(below_suite, strlen(below_suite));
    int r = -ENOENT;

    for (char *slash = name; (slash = strchr(slash, '/')) != NULL;)
        *slash = '_';
    for (size_t i = 0; r == -ENOENT && endings[i] != NULL; i++) {
        AUTO(text_clear) struct text path = {0};

        text_add_format(&path, "%s%s%s", repository->prefix, name, endings[i]);
        r = inputs_open_stream(reading->inputs, text_string(&path), INDEX_MAX_SIZE, ret_stream,
                               reading->err);
    }
    return r;
}

static int read_index(struct reading *reading, const struct repository *repository,
                      const char *below_suite, uint64_t size)
{
    AUTO(auto_stream_close) struct stream *stream = NULL;
    int r;

    if (size == 0)
        return 0; /* apt keeps no file for an index without packages */
    r = open_index(reading, repository, below_suite, &stream);
    if (r < 0)
        return r;
    r = apt_index_mark_security(stream, size, reading->packages, reading->err);
    return r < 0 ? error_wrap(reading->err, r, below_suite) : 0;
}

static void keep_result(struct reading *reading, int r)
{
    if (r < 0 && reading->lists->result == 0) {
        reading->lists->result = r;
        reading->lists->why = *reading->err;
    }
}

static char *pair_of(const char *component, const char *architecture)
{
    struct text pair = {0};

    text_add_format(&pair, "%s/%s", component, architecture);
    return text_take(&pair);
}

/* Reads the index when the source has it; a source need not have every architecture. */
static void read_pair(struct reading *reading, const struct repository *repository,
                      const char *component, const char *architecture)
{
    AUTO_FREE char *path = index_path_below_suite(repository->source, component, architecture);
    AUTO_FREE char *pair = pair_of(component, architecture);
    uint64_t size;
    int r;

    if (!apt_release_index_size(&repository->release, path, &size))
        return;
    r = read_index(reading, repository, path, size);
    keep_result(reading, r);
    if (r != -ENOENT && is_own_security(repository))
        text_list_add(&reading->covered, pair, strlen(pair));
}

static void read_component(struct reading *reading, const struct repository *repository,
                           const char *component)
{
    const struct text_list *architectures = &reading->packages->architectures;

    for (size_t i = 0; i < architectures->count; i++)
        if (i != reading->packages->all &&
            covers_architecture(repository->source, architectures->items[i]))
            read_pair(reading, repository, component, architectures->items[i]);
    if (repository->release.packages_for_all)
        read_pair(reading, repository, component, "all");
}

static void read_repository(struct reading *reading, const struct repository *repository)
{
    const struct text_list *components = &repository->source->components;

    for (size_t i = 0; i < components->count; i++)
        read_component(reading, repository, components->items[i]);
    if (components->count == 0)
        read_pair(reading, repository, "", "");
}

/* True when every architecture that this component serves has its security index. */
static bool is_covered(const struct reading *reading, const struct apt_source *source,
                       const char *component)
{
    const struct text_list *architectures = &reading->packages->architectures;

    for (size_t i = 0; i < architectures->count; i++) {
        AUTO_FREE char *pair = pair_of(component, architectures->items[i]);

        if (i != reading->packages->all && covers_architecture(source, architectures->items[i]) &&
            !text_list_contains(&reading->covered, pair, strlen(pair)))
            return false;
    }
    return true;
}

/*
 * The distribution's packages for another release. Those that were installed from it have their
 * fixes in that release's own security, whose versions say nothing about the packages of ours.
 */
static bool is_other_release(const struct repository *repository)
{
    return repository->release_path != NULL && repository->official &&
           !repository->of_this_system && !repository->security;
}

static bool all_covered(const struct reading *reading)
{
    for (size_t i = 0; i < reading->count; i++) {
        const struct repository *repository = &reading->repositories[i];
        const struct text_list *components = &repository->source->components;

        if (is_other_release(repository))
            return false;
        for (size_t j = 0; j < components->count; j++)
            if (is_base(repository, components->items[j]) &&
                !is_covered(reading, repository->source, components->items[j]))
                return false;
    }
    return reading->covered.count > 0;
}

/* A security source whose Release file is missing can be told by its name only. */
static bool is_named_own_security(const struct repository *repository)
{
    const char *suite = repository->source->suite;
    const char *rest = suite + suite_root(suite).length;

    return repository->release_path == NULL && repository->of_this_system &&
           (strcmp(rest, "-security") == 0 || strcmp(rest, "/updates") == 0);
}

static void keep_earlier(bool *has, int64_t *seconds, int64_t candidate)
{
    if (!*has || candidate < *seconds)
        *seconds = candidate;
    *has = true;
}

static void keep_times(struct reading *reading, const struct repository *repository)
{
    const struct apt_release *release = &repository->release;
    struct security_lists *lists = reading->lists;
    const struct stat *status = inputs_status(reading->inputs, repository->release_path);

    if (release->has_date)
        keep_earlier(&lists->has_published_at, &lists->published_at, release->date);
    else
        reading->has_undated = true;
    if (release->has_valid_until)
        keep_earlier(&lists->has_expires_at, &lists->expires_at, release->valid_until);
    /* apt gives the file the server's time; when it came here is the change time of the inode. */
    if (status != NULL)
        keep_earlier(&lists->has_refreshed_at, &lists->refreshed_at, status->st_ctim.tv_sec);
}

static void read_security(struct reading *reading)
{
    struct security_lists *lists = reading->lists;

    for (size_t i = 0; i < reading->count; i++) {
        const struct repository *repository = &reading->repositories[i];

        if (is_own_security(repository)) {
            lists->configured = true;
            keep_times(reading, repository);
            if (repository->source->unchecked)
                keep_result(reading, error_set(reading->err, EOPNOTSUPP,
                                               "nobody checks the signature of the security list"));
        } else if (is_named_own_security(repository)) {
            lists->configured = true;
            keep_result(reading, error_set(reading->err, ENOENT, "%sInRelease is missing",
                                           repository->prefix));
        }
        if (repository->security && repository->of_this_system)
            read_repository(reading, repository);
    }
    if (reading->has_undated) /* it may be older than the oldest that says */
        lists->has_published_at = false;
    lists->indexed = lists->configured && all_covered(reading);
    if (!lists->indexed)
        keep_result(reading, error_set(reading->err, ENOENT,
                                       "an area in use has no list of security updates"));
}

static void take_own(struct reading *reading)
{
    for (size_t i = 0; i < reading->count && !reading->lists->has_own; i++) {
        if (!is_own_security(&reading->repositories[i]))
            continue;
        reading->lists->own = reading->repositories[i].release;
        reading->lists->has_own = true;
        reading->repositories[i].release = (struct apt_release){0};
    }
}

int security_lists_read(struct inputs *inputs, const struct apt_sources *sources,
                        const struct os_release *os, struct packages *packages,
                        struct security_lists *ret_lists, struct error *err)
{
    struct security_lists lists = {0};
    AUTO(reading_clear)
    struct reading reading = {
        .inputs = inputs, .os = os, .packages = packages, .lists = &lists, .err = err};
    int r;

    if (os->version_codename == NULL && os->ubuntu_codename == NULL && os->debian_codename == NULL)
        return error_set(err, ENOENT, "the system does not say its code name");
    r = open_repositories(&reading, sources);
    if (r < 0)
        return r;
    read_security(&reading);
    take_own(&reading);
    *ret_lists = lists;
    return 0;
}

void security_lists_clear(struct security_lists *lists)
{
    apt_release_clear(&lists->own);
    *lists = (struct security_lists){0};
}
