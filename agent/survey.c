#include "agent/survey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "collectors/registry.h"
#include "platform/clock.h"
#include "platform/memory.h"
#include "snapshot/section.h"
#include "snapshot/snapshot.h"

static int check_disabled(const struct settings *settings, struct error *err)
{
    for (size_t i = 0; i < settings->disabled.count; i++)
        if (collector_by_name(settings->disabled.items[i]) == NULL)
            return error_set(err, EINVAL,
                             "disable: there is no collector \"%.48s\"; \"dijkwacht collectors\" "
                             "lists them",
                             settings->disabled.items[i]);
    return 0;
}

static bool is_disabled(const struct settings *settings, const struct collector *collector)
{
    return text_list_contains(&settings->disabled, collector->name, strlen(collector->name));
}

static void describe_machine(struct survey *survey, bool live)
{
    survey->machine = (struct machine){.root = &survey->root, .live = live, .now = clock_now()};
    if (!live || uname(&survey->kernel) < 0)
        return;
    survey->machine.kernel_release = survey->kernel.release;
    survey->machine.kernel_version = survey->kernel.version;
    survey->machine.architecture = survey->kernel.machine;
}

int survey_prepare(const char *root, const struct settings *settings, struct survey *ret_survey,
                   struct error *err)
{
    size_t count = 0;
    int r = check_disabled(settings, err);

    *ret_survey = (struct survey){.root.fd = -1};
    if (r == 0)
        r = sysroot_open(root == NULL ? "/" : root, &ret_survey->root, err);
    if (r < 0)
        return r;
    describe_machine(ret_survey, root == NULL);
    while (all_collectors[count] != NULL)
        count++;
    ret_survey->entries = must_allocate(count + 1, sizeof(*ret_survey->entries));
    ret_survey->count = count;
    for (size_t i = 0; i < count; i++) {
        const struct collector *collector = all_collectors[i];

        ret_survey->entries[i].collector = collector;
        if (collector->prepare != NULL && !is_disabled(settings, collector))
            ret_survey->entries[i].prepared = collector->prepare(&ret_survey->machine);
    }
    return 0;
}

static int64_t monotonic_microseconds(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void survey_collect(struct survey *survey, const struct settings *settings)
{
    for (size_t i = 0; i < survey->count; i++) {
        struct surveyed *entry = &survey->entries[i];
        const struct collector *collector = entry->collector;
        int64_t cpu = clock_cpu_microseconds(), start = monotonic_microseconds();

        entry->section = section_new(collector->name, collector->schema, collector->facts);
        if (is_disabled(settings, collector))
            facts_set_rest_unknown(section_facts(entry->section), UNKNOWN_DISABLED_BY_POLICY);
        else
            collector->collect(&survey->machine, entry->prepared, section_facts(entry->section));
        entry->collected_at = clock_now();
        entry->duration_us = monotonic_microseconds() - start;
        entry->cpu_us = clock_cpu_microseconds() - cpu;
    }
}

void survey_add_to(const struct survey *survey, struct snapshot_writer *writer)
{
    for (size_t i = 0; i < survey->count; i++)
        snapshot_writer_add(writer, survey->entries[i].section, survey->entries[i].collected_at,
                            survey->entries[i].duration_us, survey->entries[i].cpu_us);
}

void survey_clear(struct survey *survey)
{
    for (size_t i = 0; i < survey->count; i++) {
        struct surveyed *entry = &survey->entries[i];

        if (entry->prepared != NULL && entry->collector->release != NULL)
            entry->collector->release(entry->prepared);
        section_free(entry->section);
    }
    free(survey->entries);
    if (survey->root.fd >= 0)
        sysroot_close(&survey->root);
    *survey = (struct survey){.root.fd = -1};
}
