#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "collectors/registry.h"
#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"

/*
 * collect_facts NAME [ROOT]: the facts of one collector as {"facts":{...},"unknown":{...}}, of the
 * running system or of a folder that holds the tree of another. What it could not read goes to
 * standard error.
 */

static void print_section(struct section *section)
{
    AUTO(text_clear) struct text text = {0};

    text_add_string(&text, "{\"facts\":");
    section_write_facts(section, &text);
    text_add_string(&text, ",\"unknown\":");
    section_write_unknown(section, &text);
    text_add_string(&text, "}");
    (void)printf("%s\n", text_string(&text));
    for (size_t i = 0; i < section_note_count(section); i++)
        (void)fprintf(stderr, "%s\n", section_note(section, i));
}

static void run(const struct collector *collector, const struct machine *machine)
{
    AUTO(auto_section_free)
    struct section *section = section_new(collector->name, collector->schema, collector->facts);
    void *prepared = collector->prepare == NULL ? NULL : collector->prepare(machine);

    collector->collect(machine, prepared, section_facts(section));
    if (collector->release != NULL)
        collector->release(prepared);
    print_section(section);
}

int main(int argc, char **argv)
{
    AUTO(sysroot_close) struct sysroot root = {.fd = -1};
    const struct collector *collector = argc < 2 ? NULL : collector_by_name(argv[1]);
    const char *folder = argc < 3 ? "/" : argv[2];
    struct machine machine = {.root = &root, .live = argc < 3, .now = time(NULL)};
    struct error err = {0};
    struct utsname name;

    if (collector == NULL) {
        (void)fprintf(stderr, "usage: collect_facts NAME [ROOT], with the name of a collector\n");
        return EXIT_FAILURE;
    }
    if (sysroot_open(folder, &root, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    if (machine.live && uname(&name) == 0) {
        machine.kernel_release = name.release;
        machine.kernel_version = name.version;
        machine.architecture = name.machine;
    }
    run(collector, &machine);
    return EXIT_SUCCESS;
}
