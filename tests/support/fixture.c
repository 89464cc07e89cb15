#include "tests/support/fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/json.h"
#include "platform/memory.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "tests/support/test.h"

static char *path_below(const char *folder, const char *path)
{
    struct text text = {0};

    text_add_format(&text, "%s/%s", folder, path);
    return text_take(&text);
}

char *fixture_new_folder(void)
{
    const char *base = getenv("TMPDIR");
    char *folder = path_below(base == NULL ? "/tmp" : base, "dijkwacht-test-XXXXXX");

    if (mkdtemp(folder) == NULL)
        fail_msg("cannot make a folder: %s", strerror(errno));
    return folder;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *at)
{
    (void)status;
    (void)type;
    (void)at;
    return remove(path);
}

void fixture_remove(char *folder)
{
    (void)nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(folder);
}

static void make_parents(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) < 0 && errno != EEXIST)
            fail_msg("cannot make %s: %s", path, strerror(errno));
        *slash = '/';
    }
}

void fixture_write_bytes(const char *folder, const char *path, const void *bytes, size_t length)
{
    AUTO_FREE char *full = path_below(folder, path);
    AUTO_CLOSE int fd = -1;

    make_parents(full);
    fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, bytes, length) != (ssize_t)length)
        fail_msg("cannot write %s: %s", full, strerror(errno));
}

void fixture_write(const char *folder, const char *path, const char *content)
{
    fixture_write_bytes(folder, path, content, strlen(content));
}

void fixture_link(const char *folder, const char *path, const char *target)
{
    AUTO_FREE char *full = path_below(folder, path);

    make_parents(full);
    if (symlink(target, full) < 0)
        fail_msg("cannot link %s: %s", full, strerror(errno));
}

void fixture_make_folder(const char *folder, const char *path)
{
    AUTO_FREE char *inside = path_below(path, "");
    AUTO_FREE char *full = path_below(folder, inside);

    make_parents(full);
}

static void write_result(struct section *section, struct text *out)
{
    text_add_string(out, "{\"facts\":");
    section_write_facts(section, out);
    text_add_string(out, ",\"unknown\":");
    section_write_unknown(section, out);
    text_add_string(out, "}");
}

struct json *fixture_collect_machine(const struct collector *collector, const char *root,
                                     struct machine machine)
{
    AUTO(auto_section_free)
    struct section *section = section_new(collector->name, collector->schema, collector->facts);
    AUTO(sysroot_close) struct sysroot sysroot = {.fd = -1};
    AUTO_FREE char *folder =
        root[0] == '/' ? must_copy_text(root, strlen(root)) : path_below(FIXTURES, root);
    AUTO(text_clear) struct text text = {0};
    struct error err = {0};
    struct json *result = NULL;
    void *prepared;

    if (sysroot_open(folder, &sysroot, &err) < 0)
        fail_msg("%s", err.message);
    machine.root = &sysroot;
    prepared = collector->prepare == NULL ? NULL : collector->prepare(&machine);
    collector->collect(&machine, prepared, section_facts(section));
    if (collector->release != NULL)
        collector->release(prepared);
    write_result(section, &text);
    if (json_parse(text.bytes, text.length, &json_default_limits, &result, &err) < 0)
        fail_msg("%s: %s", err.message, text.bytes);
    return result;
}

struct json *fixture_collect(const struct collector *collector, const char *root, int64_t now)
{
    return fixture_collect_machine(collector, root, (struct machine){.now = now});
}

static const struct json *fact(const struct json *result, const char *name)
{
    const struct json *value = json_member(json_member(result, "facts"), name);

    if (value == NULL)
        fail_msg("there is no fact %s", name);
    return value;
}

void assert_fact_text(const struct json *result, const char *name, const char *expected)
{
    const char *text = json_text(fact(result, name));

    if (text == NULL || strcmp(text, expected) != 0)
        fail_msg("%s is %s, not %s", name, text == NULL ? "no text" : text, expected);
}

void assert_fact_integer(const struct json *result, const char *name, int64_t expected)
{
    int64_t number;

    if (!json_integer(fact(result, name), &number))
        fail_msg("%s is no number", name);
    else if (number != expected)
        fail_msg("%s is %lld, not %lld", name, (long long)number, (long long)expected);
}

void assert_fact_bool(const struct json *result, const char *name, bool expected)
{
    bool value;

    if (!json_bool(fact(result, name), &value))
        fail_msg("%s is not true or false", name);
    else if (value != expected)
        fail_msg("%s is %s", name, value ? "true" : "false");
}

void assert_fact_unknown(const struct json *result, const char *name, const char *reason)
{
    const char *text = json_text(json_member(json_member(result, "unknown"), name));

    if (text == NULL || strcmp(text, reason) != 0)
        fail_msg("%s is %s, not unknown: %s", name, text == NULL ? "known" : text, reason);
}
