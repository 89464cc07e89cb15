#include <stddef.h>
#include <string.h>

#include "agent/command.h"
#include "platform/journal.h"

struct option_row {
    const char *name;
    size_t offset;
    bool takes_value;
    bool global;
};

#define FLAG(option, field)                                                                        \
    {                                                                                              \
        option, offsetof(struct arguments, field), false, false                                    \
    }
#define VALUE(option, field)                                                                       \
    {                                                                                              \
        option, offsetof(struct arguments, field), true, false                                     \
    }

static const struct option_row options[] = {
    {"--state", offsetof(struct arguments, layout.state), true, true},
    {"--config", offsetof(struct arguments, layout.config), true, true},
    {"--root", offsetof(struct arguments, root), true, true},
    {"--help", offsetof(struct arguments, help), false, true},
    {"--version", offsetof(struct arguments, version), false, true},
    VALUE("--code-file", code_file),
    FLAG("--again", again),
    FLAG("--receipts", receipts),
    FLAG("--if-due", if_due),
    FLAG("--when-settled", when_settled),
    FLAG("--next", next),
    FLAG("--last", last),
    FLAG("--json", json),
    FLAG("--raw", raw),
    FLAG("--all", all),
    FLAG("--html", html),
    FLAG("--facts", facts),
};
#define OPTION_COUNT (sizeof(options) / sizeof(options[0]))

static const struct option_row *find_option(const char *name)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    return NULL;
}

static const struct command *find_command(const char *name)
{
    for (const struct command *command = all_commands; command->name != NULL; command++)
        if (strcmp(command->name, name) == 0)
            return command;
    return NULL;
}

static bool refuse(const char *what, const char *word)
{
    journal_write(JOURNAL_ERROR, "%s \"%.60s\": see dijkwacht --help", what, word);
    return false;
}

static bool read_option(int argc, char **argv, int *i, struct arguments *arguments)
{
    const struct option_row *row = find_option(argv[*i]);
    char *field = (char *)arguments;

    if (row == NULL)
        return refuse("there is no option", argv[*i]);
    if (!row->takes_value) {
        *(bool *)(void *)(field + row->offset) = true;
        return true;
    }
    if (*i + 1 >= argc || argv[*i + 1][0] == '\0')
        return refuse("a value is missing after", argv[*i]);
    *(const char **)(void *)(field + row->offset) = argv[++*i];
    return true;
}

/* An option that does nothing here would be believed to do something. */
static bool check_allowed(int argc, char **argv, const struct command *command)
{
    for (int i = 1; i < argc; i++) {
        const struct option_row *row = find_option(argv[i]);
        const char *found;

        if (row == NULL)
            continue;
        found = strstr(command->allowed, row->name);
        if (!row->global && (found == NULL || found[strlen(row->name)] != ' '))
            return refuse("this command has no option", argv[i]);
        i += row->takes_value ? 1 : 0;
    }
    return true;
}

bool arguments_read(int argc, char **argv, struct arguments *ret_arguments,
                    const struct command **ret_command)
{
    struct arguments arguments = {0};
    const struct command *command = NULL;

    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') {
            if (!read_option(argc, argv, &i, &arguments))
                return false;
        } else if (strcmp(argv[i], "help") == 0) {
            arguments.help = true;
        } else if (command != NULL) {
            return refuse("one command too many", argv[i]);
        } else {
            command = find_command(argv[i]);
            if (command == NULL)
                return refuse("there is no command", argv[i]);
        }
    }
    if (command != NULL && !check_allowed(argc, argv, command))
        return false;
    *ret_arguments = arguments;
    *ret_command = command;
    return true;
}
