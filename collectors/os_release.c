#include "collectors/os_release.h"

#include <errno.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/number.h"
#include "platform/os_release.h"
#include "platform/sysroot.h"
#include "platform/text.h"

#define DMI_FOLDER   "/sys/class/dmi/id/"
#define CSV_MAX_SIZE (256U * 1024U)

static const char *const machine_kinds[] = {"laptop",  "desktop",   "server",
                                            "virtual", "container", NULL};
static const char *const support_sources[] = {"distro_info", "built_in", "os_release", NULL};

static const struct fact facts_table[] = {
    {.name = "id", .type = FACT_TEXT, .purpose = "which system this is, as \"debian\""},
    {.name = "id_like", .type = FACT_TEXTS, .purpose = "what it is built from, nearest first"},
    {.name = "version_id", .type = FACT_TEXT, .purpose = "its version, as \"12\""},
    {.name = "codename", .type = FACT_TEXT, .purpose = "its code name, as \"bookworm\""},
    {.name = "name", .type = FACT_TEXT, .purpose = "what it calls itself"},
    {.name = "machine_kind",
     .type = FACT_ENUM,
     .choices = machine_kinds,
     .purpose = "what kind of machine its firmware says this is"},
    {.name = "support_end",
     .type = FACT_TIME,
     .purpose = "the last day of its maker's full support"},
    {.name = "lts_end",
     .type = FACT_TIME,
     .purpose = "the last day of the long-term support after it that is free for all"},
    {.name = "support_source",
     .type = FACT_ENUM,
     .choices = support_sources,
     .purpose = "where these dates are from"},
    {.name = "kernel", .type = FACT_TEXT, .purpose = "the release of the kernel that runs"},
    {.name = "architecture", .type = FACT_TEXT, .purpose = "the kind of processor"},
    {.name = NULL},
};

/* Releases that machines in the field run; their distribution's own table counts when newer. */
#define BUILT_IN_DATE 1793318400 /* 2026-10-30 */
static const struct built_in {
    const char *id;
    const char *table; /* in the form of distro-info-data */
} built_in[] = {
    {"debian", "10,Buster,buster,2017-06-17,2019-07-06,2022-09-10,2024-06-30\n"
               "11,Bullseye,bullseye,2019-07-06,2021-08-14,2024-08-14,2026-08-31\n"
               "12,Bookworm,bookworm,2021-08-14,2023-06-10,2026-07-11,2028-06-30\n"
               "13,Trixie,trixie,2023-06-10,2025-08-09,2028-08-09,2030-06-30\n"},
    {"ubuntu", "18.04 LTS,Bionic Beaver,bionic,2017-10-19,2018-04-26,2023-05-31\n"
               "20.04 LTS,Focal Fossa,focal,2019-10-17,2020-04-23,2025-05-29\n"
               "22.04 LTS,Jammy Jellyfish,jammy,2021-10-14,2022-04-21,2027-06-01\n"
               "23.10,Mantic Minotaur,mantic,2023-04-20,2023-10-12,2024-07-11\n"
               "24.04 LTS,Noble Numbat,noble,2023-10-12,2024-04-25,2029-05-31\n"
               "24.10,Oracular Oriole,oracular,2024-04-25,2024-10-10,2025-07-10\n"
               "25.04,Plucky Puffin,plucky,2024-10-10,2025-04-17,2026-01-15\n"
               "25.10,Questing Quokka,questing,2025-04-17,2025-10-09,2026-07-09\n"
               "26.04 LTS,Resolute Raccoon,resolute,2025-10-09,2026-04-23,2031-05-29\n"},
};

const char *machine_kind_of_chassis(uint64_t type)
{
    static const char *const kinds[] = {
        [3] = "desktop",  [4] = "desktop",  [5] = "desktop", [6] = "desktop",  [7] = "desktop",
        [8] = "laptop",   [9] = "laptop",   [10] = "laptop", [13] = "desktop", [14] = "laptop",
        [15] = "desktop", [16] = "desktop", [17] = "server", [23] = "server",  [28] = "server",
        [29] = "server",  [30] = "laptop",  [31] = "laptop", [32] = "laptop",  [35] = "desktop",
        [36] = "desktop",
    };

    return type < sizeof(kinds) / sizeof(kinds[0]) ? kinds[type] : NULL;
}

static bool parse_day(const char *text, size_t length, int64_t *ret_seconds)
{
    AUTO(text_clear) struct text time = {0};

    text_add(&time, text, length);
    text_add_string(&time, "T00:00:00Z");
    return clock_from_text(time.bytes, time.length, ret_seconds);
}

/* The column of that number, counted from 0; false when the line has fewer. */
static bool find_column(const char *line, size_t length, unsigned number, const char **ret_start,
                        size_t *ret_length)
{
    const char *end = line + length;

    for (; number > 0; number--) {
        line = memchr(line, ',', (size_t)(end - line));
        if (line == NULL)
            return false;
        line++;
    }
    *ret_start = line;
    *ret_length = strcspn(line, ",\r\n");
    if (*ret_length > (size_t)(end - line))
        *ret_length = (size_t)(end - line);
    return true;
}

static bool parse_support(const char *line, size_t length, struct support *ret_support)
{
    struct support support = {0};
    const char *column;
    size_t column_length;

    if (!find_column(line, length, 5, &column, &column_length) ||
        !parse_day(column, column_length, &support.end))
        return false;
    support.has_lts_end = find_column(line, length, 6, &column, &column_length) &&
                          parse_day(column, column_length, &support.lts_end);
    *ret_support = support;
    return true;
}

bool support_find(const char *csv, const char *codename, struct support *ret_support)
{
    while (*csv != '\0') {
        size_t length = strcspn(csv, "\n");
        const char *series;
        size_t series_length;

        if (find_column(csv, length, 2, &series, &series_length) &&
            strlen(codename) == series_length && memcmp(series, codename, series_length) == 0)
            return parse_support(csv, length, ret_support);
        csv += length;
        csv += *csv == '\n';
    }
    return false;
}

static void set_text(struct facts *facts, const char *name, const char *value)
{
    if (value != NULL)
        facts_set_text(facts, name, value);
    else
        facts_set_unknown(facts, name, UNKNOWN_NOT_PRESENT);
}

static const char *built_in_table(const char *id)
{
    for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
        if (strcmp(built_in[i].id, id) == 0)
            return built_in[i].table;
    return NULL;
}

/* The distribution's own table when it is newer than ours; its file keeps the package's date. */
static bool find_in_distro_info(const struct sysroot *root, const struct os_release *os,
                                bool newer_only, struct support *ret_support)
{
    AUTO(text_clear) struct text path = {0};
    AUTO_FREE char *csv = NULL;
    struct stat status;

    text_add_format(&path, "/usr/share/distro-info/%s.csv", os->id);
    if (sysroot_stat(root, text_string(&path), &status, NULL) < 0 ||
        (newer_only && status.st_mtim.tv_sec < BUILT_IN_DATE) ||
        sysroot_read_text(root, text_string(&path), CSV_MAX_SIZE, &csv, NULL) < 0)
        return false;
    return support_find(csv, os->version_codename, ret_support);
}

/* Where the answer is from; NULL when nothing tells. */
static const char *find_support(const struct sysroot *root, const struct os_release *os,
                                struct support *ret_support)
{
    const char *table = os->id == NULL ? NULL : built_in_table(os->id);

    *ret_support = (struct support){0};
    if (table != NULL && os->version_codename != NULL) {
        if (find_in_distro_info(root, os, true, ret_support))
            return "distro_info";
        if (support_find(table, os->version_codename, ret_support))
            return "built_in";
        if (find_in_distro_info(root, os, false, ret_support))
            return "distro_info";
    }
    if (os->support_end != NULL &&
        parse_day(os->support_end, strlen(os->support_end), &ret_support->end))
        return "os_release";
    return NULL;
}

static void report_support(const struct sysroot *root, const struct os_release *os,
                           struct facts *facts)
{
    struct support support;
    const char *source = find_support(root, os, &support);

    if (source == NULL) {
        facts_set_unknown(facts, "support_end", UNKNOWN_NOT_PRESENT);
        facts_set_unknown(facts, "lts_end", UNKNOWN_NOT_PRESENT);
        facts_set_unknown(facts, "support_source", UNKNOWN_NOT_PRESENT);
        return;
    }
    facts_set_enum(facts, "support_source", source);
    facts_set_time(facts, "support_end", support.end);
    /* The same column is the end for servers in Ubuntu's table; what follows there is paid for. */
    if (support.has_lts_end && strcmp(os->id, "debian") == 0)
        facts_set_time(facts, "lts_end", support.lts_end);
    else
        facts_set_unknown(facts, "lts_end",
                          strcmp(source, "os_release") == 0 ? UNKNOWN_NOT_PRESENT
                                                            : UNKNOWN_NOT_APPLICABLE);
}

static void report_id_like(const struct os_release *os, struct facts *facts)
{
    const char *word = os->id_like == NULL ? "" : os->id_like;

    facts_set_empty(facts, "id_like");
    while (*word != '\0') {
        size_t length = strcspn(word, " ");
        AUTO(text_clear) struct text copy = {0};

        text_add(&copy, word, length);
        if (length > 0)
            facts_add_text(facts, "id_like", text_string(&copy));
        word += length;
        word += strspn(word, " ");
    }
}

static void report_os(const struct sysroot *root, struct facts *facts)
{
    static const char *const names[] = {"id",   "id_like",     "version_id", "codename",
                                        "name", "support_end", "lts_end",    "support_source"};
    AUTO(os_release_clear) struct os_release os = {0};
    struct error err = {0};
    int r = os_release_read(root, &os, &err);

    if (r < 0) {
        facts_note(facts, err.message);
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
            facts_set_unknown(facts, names[i], unknown_reason_from_code(r));
        return;
    }
    set_text(facts, "id", os.id);
    set_text(facts, "version_id", os.version_id);
    set_text(facts, "codename", os.version_codename);
    set_text(facts, "name", os.pretty_name);
    report_id_like(&os, facts);
    report_support(root, &os, facts);
}

/* The makers of virtual machines, by the names that they give their firmware. */
static bool is_virtual(const struct sysroot *root)
{
    static const struct {
        const char *path;
        const char *start;
    } signs[] = {
        {DMI_FOLDER "sys_vendor", "QEMU"},
        {DMI_FOLDER "sys_vendor", "VMware"},
        {DMI_FOLDER "sys_vendor", "innotek GmbH"},
        {DMI_FOLDER "sys_vendor", "Xen"},
        {DMI_FOLDER "sys_vendor", "Parallels"},
        {DMI_FOLDER "sys_vendor", "OpenStack"},
        {DMI_FOLDER "product_name", "KVM"},
        {DMI_FOLDER "product_name", "Virtual Machine"},
        {DMI_FOLDER "product_name", "VirtualBox"},
        {DMI_FOLDER "product_name", "Standard PC"},
        {DMI_FOLDER "product_name", "BHYVE"},
        {DMI_FOLDER "product_name", "Google Compute Engine"},
        {DMI_FOLDER "bios_vendor", "Bochs"},
    };

    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        AUTO_FREE char *line = NULL;

        if (sysroot_read_line(root, signs[i].path, &line, NULL) == 0 &&
            strncmp(line, signs[i].start, strlen(signs[i].start)) == 0)
            return true;
    }
    return false;
}

/* Xen and KVM on other processors than PCs have no DMI, and say it elsewhere. */
static bool has_hypervisor(const struct sysroot *root)
{
    AUTO_FREE char *type = NULL;

    return sysroot_read_line(root, "/sys/hypervisor/type", &type, NULL) == 0 && type[0] != '\0';
}

static int read_chassis(const struct sysroot *root, const char **ret_kind)
{
    AUTO_FREE char *line = NULL;
    uint64_t type;
    int r = sysroot_read_line(root, DMI_FOLDER "chassis_type", &line, NULL);

    if (r < 0)
        return r;
    if (!number_parse(line, strlen(line), UINT16_MAX, &type))
        return -EBADMSG;
    *ret_kind = machine_kind_of_chassis(type);
    return 0;
}

static void report_machine_kind(const struct sysroot *root, struct facts *facts)
{
    const char *kind = NULL;
    bool in_container = false;
    int r;

    /* systemd leaves this file where it runs in a container; podman leaves the other. */
    (void)sysroot_exists(root, "/run/systemd/container", &in_container, NULL);
    if (!in_container)
        (void)sysroot_exists(root, "/run/.containerenv", &in_container, NULL);
    if (in_container || is_virtual(root) || has_hypervisor(root)) {
        facts_set_enum(facts, "machine_kind", in_container ? "container" : "virtual");
        return;
    }
    r = read_chassis(root, &kind);
    if (r < 0)
        facts_set_unknown(facts, "machine_kind", unknown_reason_from_code(r));
    else if (kind == NULL)
        facts_set_unknown(facts, "machine_kind", UNKNOWN_UNSUPPORTED);
    else
        facts_set_enum(facts, "machine_kind", kind);
}

static void collect(const struct machine *machine, const void *prepared, struct facts *facts)
{
    (void)prepared;
    report_os(machine->root, facts);
    report_machine_kind(machine->root, facts);
    set_text(facts, "kernel", machine->kernel_release);
    set_text(facts, "architecture", machine->architecture);
}

const struct collector os_release_collector = {
    .name = "os_release",
    .summary = "which system this is, on what kind of machine, and how long it is supported",
    .schema = 1,
    .facts = facts_table,
    .collect = collect,
};
