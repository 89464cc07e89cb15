#include "collectors/patch_level/patch_level.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "collectors/patch_level/automatic_updates.h"
#include "collectors/patch_level/kernel.h"
#include "collectors/patch_level/survey.h"
#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/sysroot.h"
#include "platform/text.h"

static const char *const package_managers[] = {"apt", "dnf", "zypper", "other", NULL};
static const char *const mechanisms[] = {"unattended_upgrades", "none", NULL};

static const struct fact facts_table[] = {
    {.name = "package_manager",
     .type = FACT_ENUM,
     .choices = package_managers,
     .purpose = "what installs the packages of this system"},
    {.name = "installed_packages",
     .type = FACT_INTEGER,
     .unit = "packages",
     .purpose = "how many packages are completely installed"},
    {.name = "broken_packages",
     .type = FACT_INTEGER,
     .unit = "packages",
     .purpose = "how many were left half installed"},
    {.name = "held_packages",
     .type = FACT_INTEGER,
     .unit = "packages",
     .purpose = "how many someone decided not to update"},
    {.name = "pending_security_updates",
     .type = FACT_INTEGER,
     .unit = "packages",
     .purpose = "how many installed packages have a newer version in a security source"},
    {.name = "held_security_updates",
     .type = FACT_INTEGER,
     .unit = "packages",
     .purpose = "how many of these are held back"},
    {.name = "pending_security_packages",
     .type = FACT_TEXTS,
     .privacy = PRIVACY_IDENTIFYING,
     .purpose = "which these are, the first 256"},
    {.name = "pending_updates",
     .type = FACT_INTEGER,
     .unit = "packages",
     .purpose = "how many installed packages have any newer version"},
    {.name = "security_source_configured",
     .type = FACT_BOOL,
     .purpose = "whether the system's own security updates are among its sources"},
    {.name = "security_source_indexed",
     .type = FACT_BOOL,
     .purpose = "whether the list of security updates is here for every area in use"},
    {.name = "security_lists_published_at",
     .type = FACT_TIME,
     .purpose = "when the distribution signed the list that is here"},
    {.name = "security_lists_expire_at",
     .type = FACT_TIME,
     .purpose = "until when the distribution says that the list may be used"},
    {.name = "lists_refreshed_at",
     .type = FACT_TIME,
     .purpose = "when this machine last got the list, as far as it left a trace"},
    {.name = "restart_required",
     .type = FACT_BOOL,
     .purpose = "whether an installed update waits for a restart"},
    {.name = "kernel_running",
     .type = FACT_TEXT,
     .purpose = "the version of the package of the kernel that runs"},
    {.name = "kernel_newest_installed",
     .type = FACT_TEXT,
     .purpose = "the newest installed version of that kernel"},
    {.name = "automatic_updates_enabled",
     .type = FACT_BOOL,
     .purpose = "whether security updates are installed without anyone asking"},
    {.name = "automatic_updates_mechanism",
     .type = FACT_ENUM,
     .choices = mechanisms,
     .purpose = "what installs them"},
    {.name = NULL},
};

static void set_failed(struct facts *facts, const char *name, int result)
{
    facts_set_unknown(facts, name,
                      result == -EOPNOTSUPP ? UNKNOWN_UNSUPPORTED
                                            : unknown_reason_from_code(result));
}

/* A system that has dpkg's database and apt's folder; rpm systems may have an empty database. */
static const char *find_package_manager(const struct sysroot *root)
{
    static const struct {
        const char *path;
        const char *manager;
    } others[] = {{"/usr/bin/zypper", "zypper"},
                  {"/usr/bin/dnf5", "dnf"},
                  {"/usr/bin/dnf", "dnf"},
                  {"/usr/bin/yum", "dnf"}};
    struct stat status;
    bool there = false;

    if (sysroot_stat(root, "/var/lib/dpkg/status", &status, NULL) == 0 && status.st_size > 0 &&
        sysroot_exists(root, "/etc/apt", &there, NULL) == 0 && there)
        return "apt";
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (sysroot_exists(root, others[i].path, &there, NULL) == 0 && there)
            return others[i].manager;
    return "other";
}

static void report_packages(const struct survey *survey, struct facts *facts)
{
    int r = survey->packages_step.result;

    if (r < 0) {
        facts_note(facts, survey->packages_step.err.message);
        set_failed(facts, "installed_packages", r);
        set_failed(facts, "broken_packages", r);
        set_failed(facts, "held_packages", r);
        return;
    }
    facts_set_integer(facts, "installed_packages", (int64_t)survey->packages.installed);
    facts_set_integer(facts, "broken_packages", (int64_t)survey->packages.broken);
    facts_set_integer(facts, "held_packages", (int64_t)survey->packages.held);
}

static int compare_texts(const void *left, const void *right)
{
    return strcmp(*(char *const *)left, *(char *const *)right);
}

/* "libssl3", or "libssl3:i386" for an architecture that is not the machine's own. */
static void add_name(const struct packages *packages, const struct package *package,
                     struct text_list *names)
{
    AUTO(text_clear) struct text name = {0};

    text_add_string(&name, package_name(packages, package));
    if (package->architecture != packages->native && package->architecture != packages->all)
        text_add_format(&name, ":%s", package_architecture(packages, package));
    text_list_add(names, text_string(&name), name.length);
}

static void report_pending(const struct packages *packages, struct facts *facts)
{
    AUTO(text_list_clear) struct text_list names = {0};
    int64_t pending = 0, held = 0;

    for (size_t i = 1; i < packages->count; i++) {
        if (!packages->items[i].security_pending)
            continue;
        pending++;
        held += packages->items[i].held;
        add_name(packages, &packages->items[i], &names);
    }
    if (names.count > 0)
        qsort(names.items, names.count, sizeof(*names.items), compare_texts);
    facts_set_integer(facts, "pending_security_updates", pending);
    facts_set_integer(facts, "held_security_updates", held);
    facts_set_empty(facts, "pending_security_packages");
    for (size_t i = 0; i < names.count; i++)
        facts_add_text(facts, "pending_security_packages", names.items[i]);
}

static void report_pending_unknown(struct facts *facts, int result, const struct error *why)
{
    facts_note(facts, why->message);
    set_failed(facts, "pending_security_updates", result);
    set_failed(facts, "held_security_updates", result);
    set_failed(facts, "pending_security_packages", result);
}

static void report_time(struct facts *facts, const char *name, bool has, int64_t seconds)
{
    if (has)
        facts_set_time(facts, name, seconds);
    else
        facts_set_unknown(facts, name, UNKNOWN_NOT_PRESENT);
}

static void report_times(const struct survey *survey, struct facts *facts)
{
    const struct security_lists *lists = &survey->lists;
    bool has = lists->has_refreshed_at || survey->has_contact;
    int64_t refreshed_at = lists->has_refreshed_at ? lists->refreshed_at : survey->contact;

    if (survey->has_contact && survey->contact > refreshed_at)
        refreshed_at = survey->contact;
    report_time(facts, "security_lists_published_at", lists->has_published_at, lists->published_at);
    if (lists->has_own && !lists->has_expires_at) /* Ubuntu's never do */
        facts_set_unknown(facts, "security_lists_expire_at", UNKNOWN_NOT_APPLICABLE);
    else
        report_time(facts, "security_lists_expire_at", lists->has_expires_at, lists->expires_at);
    report_time(facts, "lists_refreshed_at", has, refreshed_at);
}

static void report_lists(const struct survey *survey, struct facts *facts)
{
    static const char *const names[] = {"security_source_configured", "security_source_indexed",
                                        "security_lists_published_at", "security_lists_expire_at",
                                        "lists_refreshed_at"};
    const struct security_lists *lists = &survey->lists;
    int r = survey->lists_step.result;

    if (r < 0) {
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            set_failed(facts, names[i], r);
        report_pending_unknown(facts, r, &survey->lists_step.err);
        return;
    }
    facts_set_bool(facts, "security_source_configured", lists->configured);
    facts_set_bool(facts, "security_source_indexed", lists->indexed);
    report_times(survey, facts);
    if (lists->result < 0)
        report_pending_unknown(facts, lists->result, &lists->why);
    else
        report_pending(&survey->packages, facts);
}

static void report_automatic(const struct sysroot *root, const struct survey *survey,
                             struct facts *facts)
{
    struct error err = {0};
    bool enabled = false;
    int r = survey->packages_step.result;

    if (r < 0) {
        set_failed(facts, "automatic_updates_mechanism", r);
        set_failed(facts, "automatic_updates_enabled", r);
        return;
    }
    facts_set_enum(facts, "automatic_updates_mechanism",
                   automatic_updates_installed(&survey->packages) ? "unattended_upgrades" : "none");
    r = survey->configuration_step.result;
    if (r == 0)
        r = automatic_updates_read(root, survey, &enabled, &err);
    if (r < 0) {
        facts_note(facts,
                   err.message[0] == '\0' ? survey->configuration_step.err.message : err.message);
        set_failed(facts, "automatic_updates_enabled", r);
        return;
    }
    facts_set_bool(facts, "automatic_updates_enabled", enabled);
}

static void set_kernel_unknown(struct facts *facts, enum unknown_reason reason)
{
    facts_set_unknown(facts, "kernel_running", reason);
    facts_set_unknown(facts, "kernel_newest_installed", reason);
    facts_set_unknown(facts, "restart_required", reason);
}

static void report_kernel(const struct machine *machine, const struct survey *survey,
                          struct facts *facts)
{
    AUTO(kernel_clear) struct kernel kernel = {0};
    bool in_container = false;
    int r = survey->packages_step.result;

    /* systemd leaves this file where it runs in a container, whose kernel is its host's. */
    (void)sysroot_exists(machine->root, "/run/systemd/container", &in_container, NULL);
    if (in_container) {
        set_kernel_unknown(facts, UNKNOWN_NOT_APPLICABLE);
        return;
    }
    if (machine->kernel_release == NULL || machine->kernel_version == NULL) {
        set_kernel_unknown(facts, UNKNOWN_NOT_PRESENT);
        return;
    }
    if (r == 0)
        r = kernel_read(machine->root, machine->kernel_release, machine->kernel_version,
                        &survey->packages, &kernel, NULL);
    if (r < 0) {
        set_kernel_unknown(facts,
                           r == -EOPNOTSUPP ? UNKNOWN_UNSUPPORTED : unknown_reason_from_code(r));
        return;
    }
    facts_set_text(facts, "kernel_running", kernel.running);
    facts_set_bool(facts, "restart_required", kernel.restart);
    if (kernel.installed != NULL)
        facts_set_text(facts, "kernel_newest_installed", kernel.installed);
    else
        facts_set_unknown(facts, "kernel_newest_installed", UNKNOWN_NOT_PRESENT);
}

/* Only some packages leave this file: that it is missing proves nothing. */
static void report_restart(const struct machine *machine, struct facts *facts)
{
    bool requested = false;
    int r = sysroot_exists(machine->root, "/run/reboot-required", &requested, NULL);

    if (r < 0)
        set_failed(facts, "restart_required", r);
    else if (requested)
        facts_set_bool(facts, "restart_required", true);
}

static void collect(const struct machine *machine, const void *prepared, struct facts *facts)
{
    AUTO(survey_clear) struct survey survey = {0};
    const char *manager = find_package_manager(machine->root);

    (void)prepared;
    facts_set_enum(facts, "package_manager", manager);
    if (strcmp(manager, "apt") != 0) {
        facts_set_rest_unknown(facts, UNKNOWN_UNSUPPORTED);
        return;
    }
    survey_read(machine->root, &survey);
    report_packages(&survey, facts);
    report_lists(&survey, facts);
    /* A main index is 50 MB: reading it each time costs five times the rest of a check-in. */
    facts_set_unknown(facts, "pending_updates", UNKNOWN_DISABLED_BY_POLICY);
    report_kernel(machine, &survey, facts);
    report_restart(machine, facts);
    report_automatic(machine->root, &survey, facts);
}

const struct collector patch_level_collector = {
    .name = "patch_level",
    .summary = "security updates that wait, and how this machine gets them",
    .schema = 1,
    .facts = facts_table,
    .collect = collect,
};
