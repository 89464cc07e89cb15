#include "agent/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/config.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "platform/text.h"
#include "snapshot/state.h"

#define SETTINGS_FILE     "dijkwacht.conf"
#define SETTINGS_MAX_SIZE 65536U
#define PROXY_MAX_LENGTH  255U
#define SEPARATORS        ", \t"

static int set_proxy(void *target, const char *value, struct error *err)
{
    static const char *const schemes[] = {"http://", "https://", "socks5h://"};
    struct settings *settings = target;

    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        size_t length = strlen(schemes[i]);

        if (strncmp(value, schemes[i], length) != 0 || value[length] == '\0' ||
            strlen(value) > PROXY_MAX_LENGTH || strpbrk(value, " \t\"'") != NULL)
            continue;
        settings->proxy = must_copy_text(value, strlen(value));
        return 0;
    }
    /* This line goes to the journal: what stands before an @ may be a password. */
    return error_set(err, EINVAL,
                     "\"%.60s\" is no proxy; write http://, https:// or socks5h:// and its address",
                     strchr(value, '@') == NULL ? value : "(not shown)");
}

static int set_disable(void *target, const char *value, struct error *err)
{
    struct settings *settings = target;

    for (value += strspn(value, SEPARATORS); *value != '\0'; value += strspn(value, SEPARATORS)) {
        size_t length = strcspn(value, SEPARATORS);

        if (!section_name_valid(value, length))
            return error_set(err, EINVAL,
                             "\"%.*s\" is no collector; \"dijkwacht collectors\" lists them",
                             length > 60 ? 60 : (int)length, value);
        if (!text_list_contains(&settings->disabled, value, length))
            text_list_add(&settings->disabled, value, length);
        value += length;
    }
    return 0;
}

static const struct config_key keys[] = {
    {"disable", set_disable},
    {"proxy", set_proxy},
    {NULL, NULL},
};

int settings_parse(const char *text, struct settings *ret_settings, struct error *err)
{
    struct settings settings = {0};
    int r = config_parse(text, keys, &settings, err);

    if (r < 0) {
        settings_clear(&settings);
        return r;
    }
    *ret_settings = settings;
    return 0;
}

void settings_clear(struct settings *settings)
{
    free(settings->proxy);
    text_list_clear(&settings->disabled);
    *settings = (struct settings){0};
}

static int read_file(const struct layout *layout, struct text *out, struct error *err)
{
    AUTO_FREE char *path = layout_path(layout, FOLDER_SETTINGS);
    AUTO_CLOSE int folder = -1;

    if (layout->config != NULL)
        return file_read(AT_FDCWD, layout->config, SETTINGS_MAX_SIZE, out, err);
    folder = directory_open(path, err);
    if (folder < 0)
        return folder;
    return file_read(folder, SETTINGS_FILE, SETTINGS_MAX_SIZE, out, err);
}

int settings_load(const struct layout *layout, struct settings *ret_settings, struct error *err)
{
    AUTO(text_clear) struct text text = {0};
    int r = read_file(layout, &text, err);

    if (r == -ENOENT && layout->config == NULL) {
        *ret_settings = (struct settings){0};
        return 0;
    }
    if (r < 0)
        return r;
    if (text.length > 0 && memchr(text.bytes, '\0', text.length) != NULL)
        r = error_set(err, EINVAL, "contains a NUL byte");
    else
        r = settings_parse(text_string(&text), ret_settings, err);
    if (r < 0)
        return error_wrap(err, r, layout->config == NULL ? SETTINGS_FILE : layout->config);
    return 0;
}
