#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "baseline/verdict.h"
#include "collectors/registry.h"
#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/number.h"
#include "platform/sysroot.h"
#include "platform/text.h"

/*
 * collect_facts NAME [ROOT]: the facts of one collector as {"facts":{...},"unknown":{...}}, of the
 * running system or of a folder that holds the tree of another. What it could not read goes to
 * standard error. With --judge the verdicts of the built-in baseline on these facts alone follow
 * as "verdicts":{"CHECK":"pass"}, an unknown one with its reason: "unknown: not_present".
 */

#define NOBODY 65534U

struct options {
    struct machine machine;
    bool judge, as_nobody;
    const char *collector, *folder;
};

static int usage(void)
{
    (void)fprintf(stderr, "usage: collect_facts [--judge] [--as-nobody] [--now SECONDS]\n"
                          "           [--kernel-release TEXT] [--kernel-version TEXT]\n"
                          "           [--architecture TEXT] NAME [ROOT]\n"
                          "NAME is that of a collector; --kernel-... and --architecture stand for\n"
                          "what the kernel of the machine in ROOT would say\n");
    return EXIT_FAILURE;
}

static bool parse_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {
        {"judge", no_argument, NULL, 'j'},
        {"as-nobody", no_argument, NULL, 'n'},
        {"now", required_argument, NULL, 't'},
        {"kernel-release", required_argument, NULL, 'r'},
        {"kernel-version", required_argument, NULL, 'v'},
        {"architecture", required_argument, NULL, 'a'},
        {NULL, 0, NULL, 0},
    };
    uint64_t now = (uint64_t)time(NULL);
    int choice;

    while ((choice = getopt_long(argc, argv, "", known, NULL)) != -1) {
        if (choice == 'j')
            options->judge = true;
        else if (choice == 'n')
            options->as_nobody = true;
        else if (choice == 'r')
            options->machine.kernel_release = optarg;
        else if (choice == 'v')
            options->machine.kernel_version = optarg;
        else if (choice == 'a')
            options->machine.architecture = optarg;
        else if (choice != 't' || !number_parse(optarg, strlen(optarg), INT32_MAX, &now))
            return false;
    }
    options->machine.now = (int64_t)now;
    options->collector = argc > optind ? argv[optind] : "";
    options->machine.live = argc <= optind + 1;
    options->folder = options->machine.live ? "/" : argv[optind + 1];
    return argc <= optind + 2;
}

static void add_verdict(const struct check *check, const struct machine_facts *facts,
                        struct text *text)
{
    struct verdict verdict;

    check_judge(check, facts, PROFILE_LAPTOP, facts->seen_at, &verdict);
    text_add_format(text, "%s\"%s\":\"%s", text->length == 0 ? "" : ",", check_id(check),
                    verdict_state_name(verdict.state));
    if (verdict.state == VERDICT_UNKNOWN)
        text_add_format(text, ": %s", unknown_reason_name(verdict.reason));
    text_add_string(text, "\"");
}

/* Judges what was written, as the server does: so what cannot be read back is noticed. */
static int print_verdicts(const char *section, const char *written, int64_t now)
{
    const struct baseline *baseline = baseline_builtin();
    AUTO(auto_json_free) struct json *document = NULL;
    AUTO(text_clear) struct text text = {0};
    struct section_facts of_section = {.section = section};
    struct machine_facts facts = {.sections = &of_section, .count = 1, .seen_at = now};
    struct error err = {0};

    if (json_parse(written, strlen(written), &json_default_limits, &document, &err) < 0) {
        (void)fprintf(stderr, "the facts cannot be read back: %s\n", err.message);
        return EXIT_FAILURE;
    }
    of_section.facts = json_member(document, "facts");
    of_section.unknown = json_member(document, "unknown");
    for (size_t i = 0; i < baseline_count(baseline); i++)
        add_verdict(baseline_check(baseline, i), &facts, &text);
    (void)printf(",\"verdicts\":{%s}", text_string(&text));
    return EXIT_SUCCESS;
}

static int print_section(struct section *section, const struct options *options)
{
    AUTO(text_clear) struct text text = {0};
    int result = EXIT_SUCCESS;

    text_add_string(&text, "{\"facts\":");
    section_write_facts(section, &text);
    text_add_string(&text, ",\"unknown\":");
    section_write_unknown(section, &text);
    (void)printf("%s", text_string(&text));
    text_add_string(&text, "}");
    if (options->judge)
        result = print_verdicts(options->collector, text_string(&text), options->machine.now);
    (void)printf("}\n");
    for (size_t i = 0; i < section_note_count(section); i++)
        (void)fprintf(stderr, "%s\n", section_note(section, i));
    return result;
}

static int run(const struct collector *collector, const struct options *options)
{
    AUTO(auto_section_free)
    struct section *section = section_new(collector->name, collector->schema, collector->facts);
    const struct machine *machine = &options->machine;
    void *prepared = collector->prepare == NULL ? NULL : collector->prepare(machine);

    collector->collect(machine, prepared, section_facts(section));
    if (collector->release != NULL)
        collector->release(prepared);
    return print_section(section, options);
}

/* Of no effect for those who are not root anyway. */
static int become(uid_t user)
{
    if (getuid() != 0 || seteuid(user) == 0)
        return 0;
    (void)fprintf(stderr, "cannot become another user: %s\n", strerror(errno));
    return -1;
}

int main(int argc, char **argv)
{
    AUTO(sysroot_close) struct sysroot root = {.fd = -1};
    struct options options = {0};
    const struct collector *collector;
    struct error err = {0};
    struct utsname name;
    int result;

    if (!parse_options(argc, argv, &options))
        return usage();
    collector = collector_by_name(options.collector);
    if (collector == NULL)
        return usage();
    if (sysroot_open(options.folder, &root, &err) < 0) {
        (void)fprintf(stderr, "%s\n", err.message);
        return EXIT_FAILURE;
    }
    options.machine.root = &root;
    if (options.machine.live && uname(&name) == 0) {
        options.machine.kernel_release = name.release;
        options.machine.kernel_version = name.version;
        options.machine.architecture = name.machine;
    }
    if (options.as_nobody && become(NOBODY) < 0)
        return EXIT_FAILURE;
    result = run(collector, &options);
    /* The leak checker at the end needs what we had. */
    return options.as_nobody && become(0) < 0 ? EXIT_FAILURE : result;
}
