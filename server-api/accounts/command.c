#include "server-api/accounts/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/text.h"
#include "server-api/exit_code.h"
#include "server-api/server.h"
#include "server-api/store/store.h"

int command_open_store(const char *data_folder, struct store **ret_store, struct error *err)
{
    AUTO(text_clear) struct text path = {0};

    text_add_format(&path, "%s/" SERVER_DATABASE_FILE, data_folder);
    return store_open(path.bytes, false, ret_store, err);
}

int command_fail(const char *verb, int result, const struct error *err)
{
    (void)fprintf(stderr, "dijkwacht-server %s: %s\n", verb, err->message);
    return result == -EINVAL ? EXIT_CODE_USAGE : EXIT_CODE_FAILED;
}

int command_parse(int argc, char **argv, const struct option_row *rows, const char **ret_argument,
                  struct error *err)
{
    bool named = argc > 0 && strncmp(argv[0], "--", 2) != 0;

    *ret_argument = named ? argv[0] : "";
    return option_parse(argc - named, argv + named, rows, err);
}

void command_add_plain(const char *value, struct text *out)
{
    for (; *value != '\0'; value++) {
        unsigned char byte = (unsigned char)*value;
        text_add(out, byte < 0x20 || byte == 0x7f ? "?" : value, 1);
    }
}

int command_print(const struct text *out)
{
    return fputs(text_string(out), stdout) < 0 || fflush(stdout) != 0 ? EXIT_CODE_FAILED
                                                                      : EXIT_CODE_GOOD;
}
