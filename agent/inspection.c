#include "agent/inspection.h"

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

static void describe_machine(struct inspection *inspection, bool live)
{
    inspection->machine =
        (struct machine){.root = &inspection->root, .live = live, .now = clock_now()};
    if (!live || uname(&inspection->kernel) < 0)
        return;
    inspection->machine.kernel_release = inspection->kernel.release;
    inspection->machine.kernel_version = inspection->kernel.version;
    inspection->machine.architecture = inspection->kernel.machine;
}

int inspection_prepare(const char *root, const struct settings *settings,
                       struct inspection *ret_inspection, struct error *err)
{
    size_t count = 0;
    int r = check_disabled(settings, err);

    *ret_inspection = (struct inspection){.root.fd = -1};
    if (r == 0)
        r = error_advise(err, sysroot_open(root == NULL ? "/" : root, &ret_inspection->root, err),
                         "--root needs the folder of a mounted system or of a copy of one");
    if (r < 0)
        return r;
    describe_machine(ret_inspection, root == NULL);
    while (all_collectors[count] != NULL)
        count++;
    ret_inspection->entries = must_allocate(count + 1, sizeof(*ret_inspection->entries));
    ret_inspection->count = count;
    for (size_t i = 0; i < count; i++) {
        const struct collector *collector = all_collectors[i];

        ret_inspection->entries[i].collector = collector;
        if (collector->prepare != NULL && !is_disabled(settings, collector))
            ret_inspection->entries[i].prepared = collector->prepare(&ret_inspection->machine);
    }
    return 0;
}

static int64_t monotonic_microseconds(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void inspection_collect(struct inspection *inspection, const struct settings *settings)
{
    for (size_t i = 0; i < inspection->count; i++) {
        struct inspected *entry = &inspection->entries[i];
        const struct collector *collector = entry->collector;
        int64_t cpu = clock_cpu_microseconds(), start = monotonic_microseconds();

        entry->section = section_new(collector->name, collector->schema, collector->facts);
        if (is_disabled(settings, collector))
            facts_set_rest_unknown(section_facts(entry->section), UNKNOWN_DISABLED_BY_POLICY);
        else
            collector->collect(&inspection->machine, entry->prepared,
                               section_facts(entry->section));
        entry->collected_at = clock_now();
        entry->duration_us = monotonic_microseconds() - start;
        entry->cpu_us = clock_cpu_microseconds() - cpu;
    }
}

void inspection_add_to(const struct inspection *inspection, struct snapshot_writer *writer)
{
    for (size_t i = 0; i < inspection->count; i++)
        snapshot_writer_add(writer, inspection->entries[i].section,
                            inspection->entries[i].collected_at, inspection->entries[i].duration_us,
                            inspection->entries[i].cpu_us);
}

void inspection_clear(struct inspection *inspection)
{
    for (size_t i = 0; i < inspection->count; i++) {
        struct inspected *entry = &inspection->entries[i];

        if (entry->prepared != NULL && entry->collector->release != NULL)
            entry->collector->release(entry->prepared);
        section_free(entry->section);
    }
    free(inspection->entries);
    if (inspection->root.fd >= 0)
        sysroot_close(&inspection->root);
    *inspection = (struct inspection){.root.fd = -1};
}
