#include "platform/mounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/number.h"
#include "platform/sysroot.h"
#include "platform/text.h"

#define NUMBER_MAX     0x7fffffffU
#define FIELDS_BEFORE  6U /* id parent major:minor root point options, before optional fields */
#define FIELDS_AFTER   3U /* filesystem source super_options, after " - " */
#define SEPARATOR      " - "
#define OCTAL_LENGTH   4U /* "\040" */
#define MOUNT_FIELDS   (FIELDS_BEFORE + FIELDS_AFTER)
#define INITIAL_MOUNTS 64U
#define WALK_MAX       64U /* mounts on the way to a path */

static void mount_clear(struct mount *mount)
{
    free(mount->root);
    free(mount->point);
    free(mount->filesystem);
    free(mount->source);
    free(mount->super_options);
}

void mounts_clear(struct mounts *mounts)
{
    for (size_t i = 0; i < mounts->count; i++)
        mount_clear(&mounts->items[i]);
    free(mounts->items);
    *mounts = (struct mounts){0};
}

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

char *mount_unescape(const char *field, size_t length)
{
    AUTO_FREE char *text = must_allocate(length + 1, 1);
    size_t used = 0;

    for (size_t i = 0; i < length; i++) {
        if (field[i] == '\\' && i + OCTAL_LENGTH <= length && field[i + 1] <= '3' &&
            is_octal(field[i + 1]) && is_octal(field[i + 2]) && is_octal(field[i + 3])) {
            unsigned code = (unsigned)(field[i + 1] - '0') * 64U +
                            (unsigned)(field[i + 2] - '0') * 8U + (unsigned)(field[i + 3] - '0');

            if (code == 0)
                return NULL;
            text[used++] = (char)(unsigned char)code;
            i += OCTAL_LENGTH - 1;
        } else {
            text[used++] = field[i];
        }
    }
    text[used] = '\0';
    return TAKE(text);
}

struct field {
    const char *start;
    size_t length;
};

/* Exactly count fields with one space between them; the last one ends where the text ends when
 * nothing may follow. */
static bool split_fields(struct field text, struct field *fields, size_t count,
                         bool more_may_follow)
{
    for (size_t i = 0; i < count; i++) {
        const char *space = memchr(text.start, ' ', text.length);
        size_t length = space == NULL ? text.length : (size_t)(space - text.start);
        bool last = i + 1 == count;

        if ((space == NULL && !last) || (space != NULL && last && !more_may_follow))
            return false;
        fields[i] = (struct field){.start = text.start, .length = length};
        if (space != NULL)
            length++;
        text.start += length;
        text.length -= length;
    }
    return true;
}

static bool parse_unsigned(struct field field, unsigned *ret_number)
{
    uint64_t number;

    if (!number_parse(field.start, field.length, NUMBER_MAX, &number))
        return false;
    *ret_number = (unsigned)number;
    return true;
}

static bool parse_device(struct field field, struct mount *mount)
{
    const char *colon = memchr(field.start, ':', field.length);
    struct field major, minor;

    if (colon == NULL)
        return false;
    major = (struct field){.start = field.start, .length = (size_t)(colon - field.start)};
    minor = (struct field){.start = colon + 1, .length = field.length - major.length - 1};
    return parse_unsigned(major, &mount->major) && parse_unsigned(minor, &mount->minor);
}

static const char *find_separator(struct field line)
{
    return memmem(line.start, line.length, SEPARATOR, strlen(SEPARATOR));
}

static bool parse_line(struct field line, struct mount *mount)
{
    const char *separator = find_separator(line);
    struct field fields[MOUNT_FIELDS], before, after;

    if (separator == NULL)
        return false;
    before = (struct field){.start = line.start, .length = (size_t)(separator - line.start)};
    after.start = separator + strlen(SEPARATOR);
    after.length = line.length - before.length - strlen(SEPARATOR);
    if (!split_fields(before, fields, FIELDS_BEFORE, true) ||
        !split_fields(after, fields + FIELDS_BEFORE, FIELDS_AFTER, false))
        return false;
    if (!parse_unsigned(fields[0], &mount->id) || !parse_unsigned(fields[1], &mount->parent) ||
        !parse_device(fields[2], mount))
        return false;

    mount->root = mount_unescape(fields[3].start, fields[3].length);
    mount->point = mount_unescape(fields[4].start, fields[4].length);
    mount->filesystem = mount_unescape(fields[6].start, fields[6].length);
    mount->source = mount_unescape(fields[7].start, fields[7].length);
    mount->super_options = mount_unescape(fields[8].start, fields[8].length);
    if (mount->root == NULL || mount->point == NULL || mount->filesystem == NULL ||
        mount->source == NULL || mount->super_options == NULL)
        return false;
    mount->read_only = strncmp(mount->super_options, "ro", 2) == 0 &&
                       (mount->super_options[2] == ',' || mount->super_options[2] == '\0');
    return mount->point[0] == '/' && mount->filesystem[0] != '\0';
}

static void append(struct mounts *mounts, struct mount *mount)
{
    size_t count = mounts->count;

    if (count == 0 || (count >= INITIAL_MOUNTS && (count & (count - 1)) == 0))
        mounts->items = must_grow(mounts->items, count == 0 ? INITIAL_MOUNTS : count * 2,
                                  sizeof(*mounts->items));
    mounts->items[mounts->count++] = *mount;
}

int mounts_parse(const char *text, struct mounts *mounts, struct error *err)
{
    size_t line_number = 0;

    while (*text != '\0') {
        struct field line = {.start = text, .length = strcspn(text, "\n")};
        struct mount mount = {0};

        line_number++;
        if (mounts->count >= MOUNTS_MAX)
            return error_set(err, EFBIG, "there are more than %u mounts", MOUNTS_MAX);
        if (!parse_line(line, &mount)) {
            mount_clear(&mount);
            return error_set(err, EBADMSG, "line %zu is not a mount", line_number);
        }
        append(mounts, &mount);
        text += line.length;
        text += *text == '\n';
    }
    return 0;
}

int mounts_read(const struct sysroot *root, struct mounts *mounts, struct error *err)
{
    AUTO_FREE char *text = NULL;
    int r = sysroot_read_text(root, "/proc/1/mountinfo", MOUNTS_MAX_SIZE, &text, err);

    if (r < 0)
        return r;
    return error_wrap(err, mounts_parse(text, mounts, err), "/proc/1/mountinfo");
}

static bool is_at_or_below(const char *path, const char *point)
{
    size_t length = strlen(point);

    if (strcmp(point, "/") == 0)
        return path[0] == '/';
    return strncmp(path, point, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static const struct mount *by_id(const struct mounts *mounts, unsigned id)
{
    for (size_t i = 0; i < mounts->count; i++)
        if (mounts->items[i].id == id)
            return &mounts->items[i];
    return NULL;
}

static const struct mount *first_root(const struct mounts *mounts)
{
    for (size_t i = 0; i < mounts->count; i++) {
        const struct mount *mount = &mounts->items[i];

        if (strcmp(mount->point, "/") == 0 &&
            (mount->parent == mount->id || by_id(mounts, mount->parent) == NULL))
            return mount;
    }
    return NULL;
}

/* The next mount that a walk along path meets: of those made on this one, the nearest. */
static const struct mount *next_on_path(const struct mounts *mounts, const struct mount *from,
                                        const char *path)
{
    const struct mount *next = NULL;

    for (size_t i = 0; i < mounts->count; i++) {
        const struct mount *mount = &mounts->items[i];

        if (mount->parent != from->id || mount == from || !is_at_or_below(path, mount->point) ||
            !is_at_or_below(mount->point, from->point))
            continue;
        if (next == NULL || strlen(mount->point) <= strlen(next->point))
            next = mount;
    }
    return next;
}

const struct mount *mounts_holding(const struct mounts *mounts, const char *path)
{
    const struct mount *at = first_root(mounts);

    /* A forged table may go round in circles. */
    for (unsigned steps = 0; at != NULL && steps < WALK_MAX; steps++) {
        const struct mount *next = next_on_path(mounts, at, path);

        if (next == NULL)
            return at;
        at = next;
    }
    return NULL;
}

/* Up to the comma that ends it; overlay escapes a comma inside a path with a backslash. */
static size_t option_length(const char *option)
{
    size_t length = 0;

    while (option[length] != '\0' && option[length] != ',')
        length += option[length] == '\\' && option[length + 1] != '\0' ? 2 : 1;
    return length;
}

static char *option_value(const char *escaped, size_t length)
{
    struct text value = {0};

    for (size_t i = 0; i < length; i++) {
        if (escaped[i] == '\\' && i + 1 < length)
            i++;
        text_add(&value, &escaped[i], 1);
    }
    return text_take(&value);
}

char *mount_option(const struct mount *mount, const char *name)
{
    const char *option = mount->super_options;
    size_t name_length = strlen(name);

    while (*option != '\0') {
        size_t length = option_length(option);

        if (length > name_length && strncmp(option, name, name_length) == 0 &&
            option[name_length] == '=')
            return option_value(option + name_length + 1, length - name_length - 1);
        option += length;
        option += *option == ',';
    }
    return NULL;
}
