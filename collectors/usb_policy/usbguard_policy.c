#include "collectors/usb_policy/usbguard_policy.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/sysroot.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define CONFIGURATION "/etc/usbguard/usbguard-daemon.conf"
#define RULES         "/etc/usbguard/rules.conf"
#define RULES_FOLDER  "/etc/usbguard/rules.d"
#define FILE_MAX_SIZE (1024U * 1024U)
#define FILES_MAX     64U
#define BLANKS        " \t\r"

/* A file as it was read: its text, or why there is none. */
struct raw_file {
    int code;
    char *text;
};

struct usbguard_files {
    struct raw_file configuration, rules;
    int folder_code;
    bool has_strange_files; /* whose names usbguard may pass over or not */
    struct raw_file folder[FILES_MAX];
    size_t folder_count;
};

static void read_raw(const struct sysroot *root, const char *path, struct raw_file *file)
{
    file->code = sysroot_read_text(root, path, FILE_MAX_SIZE, &file->text, NULL);
}

static bool is_rules_name(const char *name)
{
    size_t length = strlen(name);

    return length > strlen(".conf") && strcmp(name + length - strlen(".conf"), ".conf") == 0;
}

struct usbguard_files *usbguard_files_read(const struct sysroot *root)
{
    struct usbguard_files *files = must_allocate(1, sizeof(*files));
    AUTO(text_list_clear) struct text_list names = {0};

    read_raw(root, CONFIGURATION, &files->configuration);
    read_raw(root, RULES, &files->rules);
    files->folder_code = sysroot_list(root, RULES_FOLDER, FILES_MAX, &names, NULL);
    for (size_t i = 0; files->folder_code == 0 && i < names.count; i++) {
        AUTO(text_clear) struct text path = {0};

        files->has_strange_files = files->has_strange_files || !is_rules_name(names.items[i]);
        text_add_format(&path, RULES_FOLDER "/%s", names.items[i]);
        read_raw(root, path.bytes, &files->folder[files->folder_count++]);
    }
    return files;
}

void usbguard_files_free(struct usbguard_files *files)
{
    if (files == NULL)
        return;
    free(files->configuration.text);
    free(files->rules.text);
    for (size_t i = 0; i < files->folder_count; i++)
        free(files->folder[i].text);
    free(files);
}

static bool is_one_of(const char *value, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(value, *list) == 0)
            return true;
    return false;
}

/* A path that may end in a slash. */
static bool is_path(const char *value, const char *path)
{
    size_t length = strlen(path);

    return strncmp(value, path, length) == 0 &&
           (value[length] == '\0' || strcmp(value + length, "/") == 0);
}

static bool set_key(const char *key, const char *value, struct usbguard_configuration *result)
{
    static const char *const closed[] = {"block", "reject", NULL};
    static const char *const decided[] = {"block", "reject", "apply-policy", NULL};
    static const char *const undecided[] = {"allow", "keep", NULL};

    if (strcmp(key, "RuleFile") == 0) {
        result->has_rules = value[0] != '\0';
        result->usual_rules = !result->has_rules || is_path(value, RULES);
    } else if (strcmp(key, "RuleFolder") == 0) {
        result->has_folder = value[0] != '\0';
        result->usual_folder = !result->has_folder || is_path(value, RULES_FOLDER);
    } else if (strcmp(key, "ImplicitPolicyTarget") == 0) {
        result->default_blocks = is_one_of(value, closed);
        return result->default_blocks || strcmp(value, "allow") == 0;
    } else if (strcmp(key, "InsertedDevicePolicy") == 0) {
        result->inserted_decided = is_one_of(value, decided);
        return result->inserted_decided || is_one_of(value, undecided);
    } else if (strcmp(key, "PresentDevicePolicy") == 0) {
        result->present_decided = strcmp(value, "allow") != 0;
        return is_one_of(value, decided) || is_one_of(value, undecided);
    }
    return true;
}

/* "Key=Value" with the white space around both taken off, in place. */
static bool split(char *line, char **ret_key, char **ret_value)
{
    char *equals = strchr(line, '=');
    size_t length;

    if (equals == NULL)
        return false;
    *equals = '\0';
    length = strlen(line);
    while (length > 0 && strchr(BLANKS, line[length - 1]) != NULL)
        line[--length] = '\0';
    *ret_key = line;
    *ret_value = equals + 1 + strspn(equals + 1, BLANKS);
    length = strlen(*ret_value);
    while (length > 0 && strchr(BLANKS, (*ret_value)[length - 1]) != NULL)
        (*ret_value)[--length] = '\0';
    return line[0] != '\0';
}

int usbguard_configuration_parse(const char *text, struct usbguard_configuration *ret_configuration,
                                 struct error *err)
{
    /* What the daemon does where the file says nothing. */
    struct usbguard_configuration result = {.usual_rules = true,
                                            .usual_folder = true,
                                            .default_blocks = true,
                                            .inserted_decided = true,
                                            .present_decided = true};
    AUTO(text_list_clear) struct text_list keys = {0};
    size_t line_number = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, "\n"), indent = strspn(text, BLANKS);
        AUTO_FREE char *line = must_copy_text(text, length);
        char *key, *value;

        line_number++;
        text += length;
        text += *text == '\n';
        if (indent >= length || line[indent] == '#')
            continue;
        if (!split(line + indent, &key, &value))
            return error_set(err, EBADMSG, "line %zu is not Key=Value", line_number);
        /* Which of two counts is the daemon's secret. */
        if (text_list_contains(&keys, key, strlen(key)))
            return error_set(err, EBADMSG, "line %zu says a key again", line_number);
        text_list_add(&keys, key, strlen(key));
        if (!set_key(key, value, &result))
            return error_set(err, EBADMSG, "line %zu has a value that there is not", line_number);
    }
    *ret_configuration = result;
    return 0;
}

static int apply_rules(const struct raw_file *file, enum usbguard_storage *storage,
                       struct error *err)
{
    if (file->code < 0)
        return error_set(err, -file->code, "cannot read usbguard's rules");
    return error_wrap(err, usbguard_rules_parse(file->text, storage, err), "usbguard's rules");
}

static int apply_folder(const struct usbguard_files *files, enum usbguard_storage *storage,
                        struct error *err)
{
    int r = 0;

    if (files->folder_code == -ENOENT)
        return 0;
    if (files->folder_code < 0)
        return error_set(err, -files->folder_code, "cannot list usbguard's rules");
    if (files->has_strange_files)
        return error_set(err, EOPNOTSUPP, "usbguard's rules have unusual names");
    for (size_t i = 0; r == 0 && i < files->folder_count; i++)
        r = apply_rules(&files->folder[i], storage, err);
    return r;
}

int usbguard_files_enforce(const struct usbguard_files *files, bool *ret_enforce, struct error *err)
{
    struct usbguard_configuration configuration = {0};
    enum usbguard_storage storage = STORAGE_UNDECIDED;
    int r = files->configuration.code;

    if (r < 0)
        return error_set(err, -r, "cannot read usbguard's configuration");
    r = usbguard_configuration_parse(files->configuration.text, &configuration, err);
    if (r < 0)
        return error_wrap(err, r, "usbguard's configuration");
    if (!configuration.usual_rules || !configuration.usual_folder)
        return error_set(err, EOPNOTSUPP, "usbguard's rules are in unusual files");
    if (configuration.has_rules)
        r = apply_rules(&files->rules, &storage, err);
    if (r == 0 && configuration.has_folder)
        r = apply_folder(files, &storage, err);
    if (r < 0)
        return r;
    *ret_enforce = storage != STORAGE_ALLOWED &&
                   (storage == STORAGE_KEPT_OUT || configuration.default_blocks) &&
                   configuration.inserted_decided && configuration.present_decided;
    return 0;
}
