#include "collectors/usb_policy/modprobe_policy.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define FILES_MAX     1024U
#define FILE_MAX_SIZE (1024U * 1024U)
#define BLANKS        " \t\r"

/* '-' and '_' are the same in module names. */
static bool is_storage_module(const char *name, size_t length)
{
    return length == strlen("usb_storage") && strncmp(name, "usb", 3) == 0 &&
           (name[3] == '_' || name[3] == '-') && strncmp(name + 4, "storage", 7) == 0;
}

/* One word; answers where the next one starts. */
struct word {
    const char *start;
    size_t length;
};

static struct word next_word(const char **line, const char *separators, const char *end)
{
    struct word word;

    while (*line < end && strchr(separators, **line) != NULL)
        (*line)++;
    word.start = *line;
    while (*line < end && strchr(separators, **line) == NULL)
        (*line)++;
    word.length = (size_t)(*line - word.start);
    return word;
}

static bool is_word(struct word word, const char *text)
{
    return word.length == strlen(text) && strncmp(word.start, text, word.length) == 0;
}

/* Programs that load nothing, alone on the line: modprobe gives the line to a shell. */
static bool is_blocking_command(struct word command, struct word after)
{
    static const char *const commands[] = {
        "/bin/false",        "/usr/bin/false", "/bin/true", "/usr/bin/true", "/sbin/nologin",
        "/usr/sbin/nologin", "false",          "true",      "/dev/null",     ":",
    };

    for (size_t i = 0; after.length == 0 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (is_word(command, commands[i]))
            return true;
    return false;
}

static void parse_line(const char *line, const char *end, struct modprobe_lines *lines)
{
    struct word verb = next_word(&line, BLANKS, end);
    struct word name = next_word(&line, BLANKS, end);
    struct word command, after;

    if (!is_storage_module(name.start, name.length))
        return;
    if (is_word(verb, "blacklist"))
        lines->blacklist++;
    if (!is_word(verb, "install"))
        return;
    command = next_word(&line, BLANKS, end);
    after = next_word(&line, BLANKS, end);
    if (is_blocking_command(command, after))
        lines->blocking++;
    else
        lines->other_install++;
}

void modprobe_lines_parse(const char *text, struct modprobe_lines *lines)
{
    AUTO(text_clear) struct text line = {0};

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        bool continued = length > 0 && text[length - 1] == '\\' && text[length] == '\n';

        text_add(&line, text, continued ? length - 1 : length);
        if (!continued && line.length > 0) {
            parse_line(line.bytes, line.bytes + line.length, lines);
            text_truncate(&line, 0);
        }
        text += length;
        text += *text == '\n';
    }
    if (line.length > 0)
        parse_line(line.bytes, line.bytes + line.length, lines);
}

/* The kernel compares with its own name for the module, which has no dash, byte by byte. */
static bool kernel_list_names_storage(struct word list)
{
    const char *at = list.start, *end = list.start + list.length;

    while (at < end)
        if (is_word(next_word(&at, ",", end), "usb_storage"))
            return true;
    return false;
}

static bool lists_storage(struct word list)
{
    const char *at = list.start, *end = list.start + list.length;

    while (at < end) {
        struct word name = next_word(&at, ",", end);

        if (is_storage_module(name.start, name.length))
            return true;
    }
    return false;
}

void modprobe_command_line_parse(const char *text, struct modprobe_lines *lines)
{
    const char *end = text + strlen(text);
    bool refused = false;

    while (text < end) {
        struct word word = next_word(&text, " \t\n", end);
        const char *equals = memchr(word.start, '=', word.length);
        struct word key = {word.start, equals == NULL ? 0 : (size_t)(equals - word.start)};
        struct word value;

        if (equals == NULL)
            continue;
        value = (struct word){equals + 1, word.length - key.length - 1};
        if (is_word(key, "module_blacklist"))
            refused = kernel_list_names_storage(value); /* the last one replaces those before */
        else if (is_word(key, "modprobe.blacklist") && lists_storage(value))
            lines->blacklist++;
    }
    lines->blocking += refused;
}

static bool is_configuration(const char *name)
{
    size_t length = strlen(name);

    return length > strlen(".conf") && strcmp(name + length - strlen(".conf"), ".conf") == 0;
}

/* seen: the names that an earlier folder had. */
static int read_folder(const struct sysroot *root, const char *folder, struct text_list *seen,
                       struct modprobe_lines *lines, struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    int r = sysroot_list(root, folder, FILES_MAX, &names, err);

    if (r == -ENOENT || r == -ENOTDIR)
        return 0;
    for (size_t i = 0; r == 0 && i < names.count; i++) {
        AUTO(text_clear) struct text path = {0};
        AUTO_FREE char *text = NULL;
        const char *name = names.items[i];

        if (!is_configuration(name) || text_list_contains(seen, name, strlen(name)))
            continue;
        text_list_add(seen, name, strlen(name));
        text_add_format(&path, "%s/%s", folder, name);
        r = sysroot_read_text(root, path.bytes, FILE_MAX_SIZE, &text, err);
        if (r == 0)
            modprobe_lines_parse(text, lines);
        else if (r == -EBADF || r == -ENOENT) /* a link to /dev/null masks a file */
            r = 0;
    }
    return r;
}

static int read_folders(const struct sysroot *root, struct modprobe_lines *lines, struct error *err)
{
    static const char *const folders[] = {"/etc/modprobe.d", "/run/modprobe.d",
                                          "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d",
                                          "/lib/modprobe.d"};
    AUTO(text_list_clear) struct text_list seen = {0};
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof(folders) / sizeof(folders[0]); i++)
        r = read_folder(root, folders[i], &seen, lines, err);
    return r;
}

static bool loading_is_switched_off(const struct sysroot *root)
{
    AUTO_FREE char *line = NULL;

    return sysroot_read_line(root, "/proc/sys/kernel/modules_disabled", &line, NULL) == 0 &&
           strcmp(line, "1") == 0;
}

int modprobe_policy_read(const struct sysroot *root, enum modprobe_policy *ret_policy,
                         struct error *err)
{
    AUTO_FREE char *command_line = NULL;
    struct modprobe_lines lines = {0};
    int r = sysroot_read_line(root, "/proc/cmdline", &command_line, err);

    if (r == 0)
        r = read_folders(root, &lines, err);
    if (r < 0)
        return r;
    if (loading_is_switched_off(root)) {
        *ret_policy = MODPROBE_BLOCKED;
        return 0;
    }
    /* Files first: an install line that loads it cannot undo what the kernel refuses. */
    *ret_policy = lines.blocking > 0 && lines.other_install == 0 ? MODPROBE_BLOCKED
                  : lines.blacklist > 0                          ? MODPROBE_BLACKLIST
                                                                 : MODPROBE_NONE;
    lines = (struct modprobe_lines){0};
    modprobe_command_line_parse(command_line, &lines);
    if (lines.blocking > 0)
        *ret_policy = MODPROBE_BLOCKED;
    else if (lines.blacklist > 0 && *ret_policy == MODPROBE_NONE)
        *ret_policy = MODPROBE_BLACKLIST;
    return 0;
}
