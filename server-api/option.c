#include "server-api/option.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "platform/text_list.h"

/* Whether the argument is this option; the value after '=' or NULL. */
static bool is_option(const char *argument, const char *name, const char **ret_value)
{
    size_t length = strlen(name);

    if (strncmp(argument, name, length) != 0 ||
        (argument[length] != '\0' && argument[length] != '='))
        return false;
    *ret_value = argument[length] == '=' ? argument + length + 1 : NULL;
    return true;
}

static int store_value(const struct option_row *row, const char *value, struct error *err)
{
    if (row->list != NULL) {
        text_list_add(row->list, value, strlen(value));
        return 0;
    }
    if (*row->value != NULL)
        return error_set(err, EINVAL, "%s is given twice", row->name);
    *row->value = value;
    return 0;
}

static const struct option_row *find(const struct option_row *rows, const char *argument,
                                     const char **ret_value)
{
    for (; rows->name != NULL; rows++)
        if (is_option(argument, rows->name, ret_value))
            return rows;
    return NULL;
}

int option_parse(int argc, char **argv, const struct option_row *rows, struct error *err)
{
    for (int i = 0; i < argc; i++) {
        const char *value = NULL;
        const struct option_row *row = find(rows, argv[i], &value);
        int r = 0;

        if (row == NULL)
            return error_set(err, EINVAL, "there is no option \"%.60s\"", argv[i]);
        if (row->flag != NULL && value != NULL)
            return error_set(err, EINVAL, "%s takes no value", row->name);
        if (row->flag == NULL && value == NULL && i + 1 == argc)
            return error_set(err, EINVAL, "%s needs a value", row->name);
        if (row->flag != NULL)
            *row->flag = true;
        else
            r = store_value(row, value == NULL ? argv[++i] : value, err);
        if (r < 0)
            return r;
    }
    return 0;
}
