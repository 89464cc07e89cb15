#include "collectors/patch_level/apt_release.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/number.h"
#include "platform/text.h"

#define INDEXES_MAX     4096U
#define SIGNED_START    "-----BEGIN PGP SIGNED MESSAGE-----\n"
#define SIGNATURE_START "\n-----BEGIN PGP SIGNATURE-----\n"
#define SIGNATURE_END   "\n-----END PGP SIGNATURE-----"

/* The text that is signed: what lies between the armour's header and its signature. */
static int find_body(const char *text, struct span *ret_body, struct error *err)
{
    const char *start = text, *end = text + strlen(text);

    if (strncmp(text, SIGNED_START, strlen(SIGNED_START)) == 0) {
        start = strstr(text, "\n\n");
        end = strstr(text, SIGNATURE_START);
        if (start == NULL || end == NULL || end < start || strstr(end, SIGNATURE_END) == NULL)
            return error_set(err, EBADMSG, "its signature is cut off");
        start += 2;
        end += 1;
    }
    *ret_body = (struct span){start, (size_t)(end - start)};
    return 0;
}

static bool number_in(struct span text, uint64_t minimum, uint64_t maximum, int *ret_number)
{
    uint64_t number;

    if (!number_parse(text.start, text.length, maximum, &number) || number < minimum)
        return false;
    *ret_number = (int)number;
    return true;
}

static bool parse_month(struct span text, int *ret_month)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

    for (int i = 0; i < 12; i++) {
        if (span_is(text, months[i])) {
            *ret_month = i;
            return true;
        }
    }
    return false;
}

static bool parse_time_of_day(struct span text, struct tm *time)
{
    if (text.length != 8 || text.start[2] != ':' || text.start[5] != ':')
        return false;
    return number_in((struct span){text.start, 2}, 0, 23, &time->tm_hour) &&
           number_in((struct span){text.start + 3, 2}, 0, 59, &time->tm_min) &&
           number_in((struct span){text.start + 6, 2}, 0, 60, &time->tm_sec);
}

bool apt_date_parse(struct span text, int64_t *ret_seconds)
{
    struct span weekday, day, month, year, hours, zone;
    struct tm time = {0};

    if (!span_next_word(&text, &weekday) || !span_next_word(&text, &day) ||
        !span_next_word(&text, &month) || !span_next_word(&text, &year) ||
        !span_next_word(&text, &hours) || !span_next_word(&text, &zone))
        return false;
    if (!span_is(zone, "UTC") && !span_is(zone, "GMT") && !span_is(zone, "Z") &&
        !span_is(zone, "+0000"))
        return false;
    if (!number_in(day, 1, 31, &time.tm_mday) || !parse_month(month, &time.tm_mon) ||
        !number_in(year, 1970, 9999, &time.tm_year) || !parse_time_of_day(hours, &time))
        return false;
    time.tm_year -= 1900;
    *ret_seconds = timegm(&time);
    return true;
}

static char *copy_field(struct span body, const char *name)
{
    struct span value;

    return stanza_field(body, name, &value) ? must_copy_text(value.start, value.length) : NULL;
}

static int read_date(struct span body, const char *name, bool *ret_has, int64_t *ret_seconds,
                     struct error *err)
{
    struct span value;

    if (!stanza_field(body, name, &value))
        return 0;
    if (!apt_date_parse(value, ret_seconds))
        return error_set(err, EBADMSG, "its %s is not a date", name);
    *ret_has = true;
    return 0;
}

static bool is_packages_index(struct span path)
{
    static const char name[] = "/Packages";
    size_t length = sizeof(name) - 1;

    return span_is(path, "Packages") ||
           (path.length > length && memcmp(path.start + path.length - length, name, length) == 0);
}

/* " digest size path" */
static int read_index_line(struct span line, struct apt_release *release, struct error *err)
{
    struct span digest, size, path;
    uint64_t number;
    size_t count = release->index_paths.count;

    if (!span_next_word(&line, &digest))
        return 0;
    if (!span_next_word(&line, &size) || !span_next_word(&line, &path) ||
        !number_parse(size.start, size.length, INT64_MAX, &number))
        return error_set(err, EBADMSG, "a line of its list of files is damaged");
    if (!is_packages_index(path))
        return 0;
    if (count == INDEXES_MAX)
        return error_set(err, EFBIG, "it lists more than %u indexes", INDEXES_MAX);
    release->index_sizes =
        must_grow(release->index_sizes, count + 1, sizeof(*release->index_sizes));
    release->index_sizes[count] = number;
    text_list_add(&release->index_paths, path.start, path.length);
    return 0;
}

static int read_indexes(struct span body, struct apt_release *release, struct error *err)
{
    AUTO(text_clear) struct text lines = {0};
    const char *at;
    int r = 0;

    if (!stanza_field_lines(body, "SHA256", &lines))
        (void)stanza_field_lines(body, "SHA512", &lines);
    for (at = text_string(&lines); r == 0 && *at != '\0'; at += strcspn(at, "\n") + 1)
        r = read_index_line((struct span){at, strcspn(at, "\n")}, release, err);
    return r;
}

static bool lists_word(struct span body, const char *name, const char *word)
{
    struct span value, next;

    if (!stanza_field(body, name, &value))
        return false;
    while (span_next_word(&value, &next))
        if (span_is(next, word))
            return true;
    return false;
}

int apt_release_parse(const char *text, struct apt_release *ret_release, struct error *err)
{
    AUTO(apt_release_clear) struct apt_release release = {0};
    struct span body = {0};
    int r = find_body(text, &body, err);

    if (r < 0)
        return r;
    release.origin = copy_field(body, "Origin");
    release.label = copy_field(body, "Label");
    release.suite = copy_field(body, "Suite");
    release.codename = copy_field(body, "Codename");
    release.packages_for_all = lists_word(body, "Architectures", "all") &&
                               !lists_word(body, "No-Support-for-Architecture-all", "Packages");
    r = read_date(body, "Date", &release.has_date, &release.date, err);
    if (r == 0)
        r = read_date(body, "Valid-Until", &release.has_valid_until, &release.valid_until, err);
    if (r == 0)
        r = read_indexes(body, &release, err);
    if (r < 0)
        return r;
    *ret_release = release;
    release = (struct apt_release){0};
    return 0;
}

void apt_release_clear(struct apt_release *release)
{
    free(release->origin);
    free(release->label);
    free(release->suite);
    free(release->codename);
    free(release->index_sizes);
    text_list_clear(&release->index_paths);
    *release = (struct apt_release){0};
}

bool apt_release_index_size(const struct apt_release *release, const char *path, uint64_t *ret_size)
{
    for (size_t i = 0; i < release->index_paths.count; i++) {
        if (strcmp(release->index_paths.items[i], path) == 0) {
            *ret_size = release->index_sizes[i];
            return true;
        }
    }
    return false;
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = text == NULL ? 0 : strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

bool apt_release_is_security(const struct apt_release *release)
{
    return (release->label != NULL && strcmp(release->label, "Debian-Security") == 0) ||
           ends_with(release->suite, "-security") || ends_with(release->codename, "-security");
}

struct span apt_release_root(const struct apt_release *release)
{
    const char *codename = release->codename == NULL ? "" : release->codename;

    return (struct span){codename, strcspn(codename, "-/")};
}
