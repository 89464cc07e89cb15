#include "collectors/patch_level/automatic_updates.h"

#include <errno.h>
#include <string.h>

#include "collectors/patch_level/apt_configuration.h"
#include "collectors/patch_level/dpkg_status.h"
#include "collectors/patch_level/survey.h"
#include "collectors/patch_level/update_origins.h"
#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"

/* systemd.unit(5): what comes first hides what comes later. */
static const char *const unit_folders[] = {"/etc/systemd/system", "/run/systemd/system",
                                           "/usr/local/lib/systemd/system",
                                           "/usr/lib/systemd/system", "/lib/systemd/system"};
#define UNIT_FOLDER_COUNT (sizeof(unit_folders) / sizeof(unit_folders[0]))

bool automatic_updates_installed(const struct packages *packages)
{
    const struct package *package = packages_find_native(packages, "unattended-upgrades");

    return package != NULL && package->installed;
}

/* 1 when the path is there, also as a link whose target is not; 0 when it is not. */
static int is_there(const struct sysroot *root, const char *path, char **ret_target,
                    struct error *err)
{
    int r = sysroot_read_link(root, path, ret_target, err);

    if (r == -ENOENT || r == -ENOTDIR)
        return 0;
    return r < 0 && r != -EINVAL ? r : 1; /* -EINVAL: a file of its own */
}

/* A unit is masked by an empty file, as /dev/null is one, in the first folder that has it. */
static int is_loadable(const struct sysroot *root, const char *unit, bool *ret_loadable,
                       struct error *err)
{
    for (size_t i = 0; i < UNIT_FOLDER_COUNT; i++) {
        AUTO(text_clear) struct text path = {0};
        AUTO_FREE char *target = NULL;
        struct stat status;
        int r;

        text_add_format(&path, "%s/%s", unit_folders[i], unit);
        r = is_there(root, text_string(&path), &target, err);
        if (r == 0)
            continue;
        if (r < 0)
            return r;
        *ret_loadable = false;
        r = sysroot_stat(root, text_string(&path), &status, err);
        if (r < 0)
            return r == -ENOENT ? 0 : r;
        *ret_loadable = status.st_size > 0;
        return 0;
    }
    *ret_loadable = false;
    return 0;
}

static int is_wanted(const struct sysroot *root, const char *unit, bool *ret_wanted,
                     struct error *err)
{
    *ret_wanted = false;
    for (size_t i = 0; i < UNIT_FOLDER_COUNT && !*ret_wanted; i++) {
        AUTO(text_clear) struct text path = {0};
        AUTO_FREE char *target = NULL;
        int r;

        text_add_format(&path, "%s/timers.target.wants/%s", unit_folders[i], unit);
        r = is_there(root, text_string(&path), &target, err);
        if (r < 0)
            return r;
        *ret_wanted = r > 0 && (target == NULL || strcmp(target, "/dev/null") != 0);
    }
    return 0;
}

int timer_enabled(const struct sysroot *root, const char *timer, bool *ret_enabled,
                  struct error *err)
{
    bool loadable = false, wanted = false;
    int r = is_loadable(root, timer, &loadable, err);

    if (r == 0)
        r = is_wanted(root, timer, &wanted, err);
    if (r < 0)
        return r;
    *ret_enabled = loadable && wanted;
    return 0;
}

/* An interval: "always", or a number with an optional unit, where 0 means never. */
static int read_interval(const struct apt_configuration *configuration, const char *key,
                         bool by_default, bool *ret_on, struct error *err)
{
    const char *value = apt_configuration_value(configuration, key);
    size_t digits;

    if (value == NULL || value[0] == '\0') {
        *ret_on = by_default;
        return 0;
    }
    if (strcmp(value, "always") == 0) {
        *ret_on = true;
        return 0;
    }
    digits = strspn(value, "0123456789");
    if (digits == 0 || strlen(value + digits) > 1 ||
        strspn(value + digits, "smhd") != strlen(value + digits))
        return error_set(err, EINVAL, "%s is no interval", key);
    *ret_on = strspn(value, "0") < digits;
    return 0;
}

static int read_settings(const struct apt_configuration *configuration, bool *ret_on,
                         struct error *err)
{
    bool all = false, lists = false, upgrade = false;
    int r = read_interval(configuration, "APT::Periodic::Enable", true, &all, err);

    if (r == 0)
        r = read_interval(configuration, "APT::Periodic::Update-Package-Lists", false, &lists, err);
    if (r == 0)
        r = read_interval(configuration, "APT::Periodic::Unattended-Upgrade", false, &upgrade, err);
    if (r < 0)
        return r;
    *ret_on = all && lists && upgrade;
    return 0;
}

/* A timer whose service is masked goes off and nothing happens. */
static int starts_service(const struct sysroot *root, const char *timer, const char *service,
                          bool *ret_starts, struct error *err)
{
    bool enabled = false, loadable = false;
    int r = timer_enabled(root, timer, &enabled, err);

    if (r == 0)
        r = is_loadable(root, service, &loadable, err);
    if (r == 0)
        *ret_starts = enabled && loadable;
    return r;
}

static int uses_systemd(const struct sysroot *root, bool *ret_uses, struct error *err)
{
    int r = sysroot_exists(root, "/usr/lib/systemd/systemd", ret_uses, err);

    if (r == 0 && !*ret_uses)
        r = sysroot_exists(root, "/lib/systemd/systemd", ret_uses, err);
    return r;
}

static int timers_enabled(const struct sysroot *root, bool *ret_enabled, struct error *err)
{
    bool systemd = false, lists = false, upgrade = false;
    int r = uses_systemd(root, &systemd, err);

    if (r == 0 && !systemd)
        return error_set(err, EOPNOTSUPP, "only systemd's timers are understood");
    if (r == 0)
        r = starts_service(root, "apt-daily.timer", "apt-daily.service", &lists, err);
    if (r == 0)
        r = starts_service(root, "apt-daily-upgrade.timer", "apt-daily-upgrade.service", &upgrade,
                           err);
    if (r < 0)
        return r;
    *ret_enabled = lists && upgrade;
    return 0;
}

static int security_allowed(const struct survey *survey, bool *ret_allowed, struct error *err)
{
    const struct security_lists *lists = &survey->lists;

    *ret_allowed = false;
    if (survey->lists_step.result < 0) {
        if (err != NULL)
            *err = survey->lists_step.err;
        return survey->lists_step.result;
    }
    if (!lists->configured)
        return 0;
    if (!lists->has_own)
        return error_set(err, ENOENT, "apt has not fetched the security source yet");
    return update_origins_allow(&survey->configuration, &survey->os, &lists->own, ret_allowed, err);
}

int automatic_updates_read(const struct sysroot *root, const struct survey *survey,
                           bool *ret_enabled, struct error *err)
{
    bool on = false, started = false;
    int r;

    *ret_enabled = false;
    if (!automatic_updates_installed(&survey->packages))
        return 0;
    r = read_settings(&survey->configuration, &on, err);
    if (r < 0 || !on)
        return r;
    r = timers_enabled(root, &started, err);
    if (r < 0 || !started)
        return r;
    return security_allowed(survey, ret_enabled, err);
}
