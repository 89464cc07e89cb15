#include "collectors/patch_level/survey.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/decompress.h"
#include "platform/os_release.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define STATUS_MAX_SIZE        (256U * 1024U * 1024U)
#define CONFIGURATION_MAX_SIZE (1024U * 1024U)
#define FOLDER_ENTRIES_MAX     4096U
#define ATTEMPTS               2

typedef int read_file(void *target, const char *path, struct inputs *inputs, struct error *err);

/* A folder of which apt reads the files with this extension. */
struct folder {
    const char *path;
    const char *extension;
    bool extension_optional;
    read_file *read;
};

/* A file in this folder means that dpkg is at work, or was stopped in the middle of it. */
static int check_dpkg_is_idle(const struct sysroot *root, struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    int r = sysroot_list(root, "/var/lib/dpkg/updates", FOLDER_ENTRIES_MAX, &names, err);

    if (r == -ENOENT)
        return 0;
    if (r < 0)
        return r;
    if (names.count > 0)
        return error_set(err, EAGAIN, "dpkg has updates of its database under way");
    return 0;
}

static int read_packages(struct inputs *inputs, struct packages *packages, struct error *err)
{
    AUTO(auto_stream_close) struct stream *stream = NULL;
    int r = check_dpkg_is_idle(inputs->root, err);

    if (r == 0)
        r = inputs_open_stream(inputs, "/var/lib/dpkg/status", STATUS_MAX_SIZE, &stream, err);
    if (r < 0)
        return r;
    r = packages_read(stream, packages, err);
    if (r < 0)
        return error_wrap(err, r, "/var/lib/dpkg/status");
    if (packages->native == UINT8_MAX)
        return error_set(err, EOPNOTSUPP, "dpkg is not among the installed packages");
    return check_dpkg_is_idle(inputs->root, err);
}

/* Reads the files of a folder that apt would read; a folder that is not there has none. */
static int read_folder(struct inputs *inputs, const struct folder *folder, void *target,
                       struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    int r = sysroot_list(inputs->root, folder->path, FOLDER_ENTRIES_MAX, &names, err);

    if (r == -ENOENT)
        return 0;
    for (size_t i = 0; r == 0 && i < names.count; i++) {
        AUTO(text_clear) struct text path = {0};

        if (!apt_reads_file(names.items[i], folder->extension, folder->extension_optional))
            continue;
        text_add_format(&path, "%s/%s", folder->path, names.items[i]);
        r = folder->read(target, text_string(&path), inputs, err);
    }
    return r;
}

static int read_source_lines(void *target, const char *path, struct inputs *inputs,
                             struct error *err)
{
    AUTO_FREE char *text = NULL;
    int r = inputs_read_text(inputs, path, CONFIGURATION_MAX_SIZE, &text, err);

    if (r < 0)
        return r;
    r = apt_sources_add_lines(target, text, err);
    return r < 0 ? error_wrap(err, r, path) : 0;
}

static int read_source_stanzas(void *target, const char *path, struct inputs *inputs,
                               struct error *err)
{
    AUTO_FREE char *text = NULL;
    int r = inputs_read_text(inputs, path, CONFIGURATION_MAX_SIZE, &text, err);

    if (r < 0)
        return r;
    r = apt_sources_add_stanzas(target, text, err);
    return r < 0 ? error_wrap(err, r, path) : 0;
}

static int read_settings(void *target, const char *path, struct inputs *inputs, struct error *err)
{
    AUTO_FREE char *text = NULL;
    int r = inputs_read_text(inputs, path, CONFIGURATION_MAX_SIZE, &text, err);

    if (r < 0)
        return r;
    r = apt_configuration_add(target, text, err);
    return r < 0 ? error_wrap(err, r, path) : 0;
}

static int read_sources(struct inputs *inputs, struct apt_sources *sources, struct error *err)
{
    static const struct folder lines = {
        .path = "/etc/apt/sources.list.d", .extension = ".list", .read = read_source_lines};
    static const struct folder stanzas = {
        .path = "/etc/apt/sources.list.d", .extension = ".sources", .read = read_source_stanzas};
    int r = read_source_lines(sources, "/etc/apt/sources.list", inputs, err);

    if (r == -ENOENT)
        r = 0;
    if (r == 0)
        r = read_folder(inputs, &lines, sources, err);
    if (r == 0)
        r = read_folder(inputs, &stanzas, sources, err);
    return r;
}

static int read_configuration(struct inputs *inputs, struct apt_configuration *configuration,
                              struct error *err)
{
    static const struct folder settings = {.path = "/etc/apt/apt.conf.d",
                                           .extension = ".conf",
                                           .extension_optional = true,
                                           .read = read_settings};
    int r = read_folder(inputs, &settings, configuration, err);

    if (r == 0)
        r = read_settings(configuration, "/etc/apt/apt.conf", inputs, err);
    return r == -ENOENT ? 0 : r;
}

/* Settings that send apt to other places than those read here. */
static int check_places(const struct apt_configuration *configuration, struct error *err)
{
    static const char *const keys[] = {"Dir::State",        "Dir::Etc",           "RootDir",
                                       "APT::Architecture", "APT::Architectures", NULL};

    if (apt_configuration_value(configuration, "Dir") != NULL)
        return error_set(err, EOPNOTSUPP, "apt is configured to use other folders");
    for (size_t i = 0; keys[i] != NULL; i++)
        if (apt_configuration_has_below(configuration, keys[i]))
            return error_set(err, EOPNOTSUPP, "apt is configured with %s", keys[i]);
    return 0;
}

/* Settings by which apt takes lists that nobody signed, from whoever answers. */
static int check_signatures(const struct apt_configuration *configuration, struct error *err)
{
    static const char *const keys[] = {"Acquire::AllowInsecureRepositories",
                                       "Acquire::AllowWeakRepositories",
                                       "Acquire::AllowDowngradeToInsecureRepositories", NULL};

    for (size_t i = 0; keys[i] != NULL; i++) {
        const char *value = apt_configuration_value(configuration, keys[i]);

        if (value != NULL && value[0] != '\0' && !apt_says_no(value, strlen(value)))
            return error_set(err, EOPNOTSUPP, "apt is configured with %s", keys[i]);
    }
    return 0;
}

static int read_lists(struct inputs *inputs, struct survey *survey, struct error *err)
{
    AUTO(apt_sources_clear) struct apt_sources sources = {0};
    int r = survey->configuration_step.result;

    if (r < 0)
        return r;
    r = check_places(&survey->configuration, err);
    if (r == 0)
        r = check_signatures(&survey->configuration, err);
    if (r == 0)
        r = read_sources(inputs, &sources, err);
    if (r == 0)
        r = os_release_read(inputs->root, &survey->os, err);
    if (r < 0)
        return r;
    return security_lists_read(inputs, &sources, &survey->os, &survey->packages, &survey->lists,
                               err);
}

static void read_stamp(const struct sysroot *root, const char *path, struct survey *survey)
{
    struct stat status;

    if (sysroot_stat(root, path, &status, NULL) < 0)
        return;
    if (!survey->has_contact || status.st_mtim.tv_sec > survey->contact)
        survey->contact = status.st_mtim.tv_sec;
    survey->has_contact = true;
}

static void set_step(struct step *step, int result)
{
    step->result = result;
}

static int read_once(const struct sysroot *root, struct survey *survey)
{
    AUTO(inputs_clear) struct inputs inputs = {.root = root};
    struct error err = {0};
    int r;

    survey_clear(survey);
    set_step(&survey->packages_step,
             read_packages(&inputs, &survey->packages, &survey->packages_step.err));
    set_step(&survey->configuration_step,
             read_configuration(&inputs, &survey->configuration, &survey->configuration_step.err));
    /* Indexes say something only about packages that are known. */
    if (survey->packages_step.result < 0)
        survey->lists_step = survey->packages_step;
    else
        set_step(&survey->lists_step, read_lists(&inputs, survey, &survey->lists_step.err));
    read_stamp(root, "/var/lib/apt/periodic/update-success-stamp", survey);
    read_stamp(root, "/var/lib/apt/periodic/update-stamp", survey);

    r = inputs_check_unchanged(&inputs, &err);
    if (r < 0)
        survey->packages_step = survey->configuration_step = survey->lists_step =
            (struct step){.result = r, .err = err};
    return r;
}

void survey_read(const struct sysroot *root, struct survey *survey)
{
    for (int i = 0; i < ATTEMPTS; i++)
        if (read_once(root, survey) != -EAGAIN)
            return;
}

void survey_clear(struct survey *survey)
{
    packages_clear(&survey->packages);
    apt_configuration_clear(&survey->configuration);
    os_release_clear(&survey->os);
    security_lists_clear(&survey->lists);
    *survey = (struct survey){0};
}
