#include "agent/published.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "platform/cleanup.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/json.h"
#include "platform/json_writer.h"
#include "platform/text.h"
#include "platform/text_list.h"

#define SENT_FOLDER       "sent"
#define DELIVERY_FILE     "delivery.json"
#define DELIVERY_MAX_SIZE 4096U
#define MONTH_SIZE        8U /* "2026-11" with NUL */
#define MONTHS_LISTED_MAX 10000U
#define MONTH_FILES_MAX   100000U

static void month_of(int64_t seconds, char ret_month[MONTH_SIZE])
{
    char text[CLOCK_TEXT_SIZE];

    clock_to_text(seconds, text);
    (void)snprintf(ret_month, MONTH_SIZE, "%.7s", text);
}

/* Opens sent/<month>, made on demand where create says so. */
static int open_month(const struct layout *layout, const char *month, bool create,
                      struct error *err)
{
    AUTO_CLOSE int sent = layout_open_public(layout, SENT_FOLDER, err);
    int fd;

    if (sent < 0)
        return sent;
    if (create && mkdirat(sent, month, 0755) < 0 && errno != EEXIST)
        return error_set(err, errno, "cannot create a folder for the files sent: %s",
                         strerror(errno));
    fd = openat(sent, month, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return error_set(err, errno, "cannot open the folder of the files sent: %s",
                         strerror(errno));
    return fd;
}

static int open_month_of(const struct layout *layout, const struct outbox_file *file,
                         struct error *err)
{
    char month[MONTH_SIZE];

    month_of(file->written_at, month);
    return open_month(layout, month, true, err);
}

int published_keep(const struct layout *layout, int outbox, const struct outbox_file *file,
                   struct error *err)
{
    AUTO_CLOSE int month = open_month_of(layout, file, err);
    AUTO(text_clear) struct text bytes = {0};
    int r;

    if (month < 0)
        return month;
    if (faccessat(month, file->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
        return 0;
    r = directory_remove_leftovers(month, err);
    if (r == 0)
        r = file_read(outbox, file->name, SNAPSHOT_MAX_SIZE, &bytes, err);
    return r < 0 ? r : file_write(month, file->name, 0644, bytes.bytes, bytes.length, err);
}

int published_mark_refused(const struct layout *layout, const struct outbox_file *file,
                           struct error *err)
{
    AUTO_CLOSE int month = open_month_of(layout, file, err);
    char refused[OUTBOX_NAME_SIZE + 16];

    if (month < 0)
        return month;
    (void)snprintf(refused, sizeof(refused), "%s.refused", file->name);
    if (renameat(month, file->name, month, refused) < 0 && errno != ENOENT)
        return error_set(err, errno, "cannot mark a refused snapshot: %s", strerror(errno));
    return 0;
}

static int remove_month(int sent, const char *month, struct error *err)
{
    AUTO_CLOSE int fd = openat(sent, month, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    AUTO(text_list_clear) struct text_list names = {0};
    int r;

    if (fd < 0)
        return 0;
    r = directory_list(fd, MONTH_FILES_MAX, &names, err);
    for (size_t i = 0; r == 0 && i < names.count; i++)
        if (unlinkat(fd, names.items[i], 0) < 0)
            r = error_set(err, errno, "cannot remove %s: %s", names.items[i], strerror(errno));
    if (r == 0)
        (void)unlinkat(sent, month, AT_REMOVEDIR);
    return r;
}

int published_expire(const struct layout *layout, int64_t now, struct error *err)
{
    AUTO_CLOSE int sent = layout_open_public(layout, SENT_FOLDER, err);
    AUTO(text_list_clear) struct text_list months = {0};
    struct tm parts = {0};
    time_t time = now;
    char oldest[MONTH_SIZE];
    int r = sent;

    if (r >= 0)
        r = directory_list(sent, MONTHS_LISTED_MAX, &months, err);
    if (r < 0)
        return r;
    (void)gmtime_r(&time, &parts);
    parts.tm_mon -= (int)SENT_MONTHS;
    parts.tm_mday = 1;
    month_of(timegm(&parts), oldest);
    for (size_t i = 0; r == 0 && i < months.count; i++)
        if (strlen(months.items[i]) == MONTH_SIZE - 1 && strcmp(months.items[i], oldest) < 0)
            r = remove_month(sent, months.items[i], err);
    return r;
}

static bool copy_name(const struct json *document, const char *name, char *ret, size_t size)
{
    const char *text = json_text(json_member(document, name));

    if (text == NULL || strlen(text) >= size || strpbrk(text, "/") != NULL || text[0] == '.')
        return false;
    (void)snprintf(ret, size, "%s", text);
    return true;
}

static enum refusal_reason reason_of(const char *name)
{
    for (int reason = REFUSAL_NONE; reason <= REFUSAL_VERSION; reason++)
        if (name != NULL && strcmp(refusal_reason_name((enum refusal_reason)reason), name) == 0)
            return (enum refusal_reason)reason;
    return REFUSAL_NONE;
}

static bool delivery_parse(const struct json *document, struct delivery *delivery)
{
    delivery->refusal = reason_of(json_text(json_member(document, "refusal")));
    return copy_name(document, "made", delivery->made, sizeof(delivery->made)) &&
           copy_name(document, "made_month", delivery->made_month, sizeof(delivery->made_month)) &&
           copy_name(document, "received", delivery->received, sizeof(delivery->received)) &&
           json_integer(json_member(document, "made_at"), &delivery->made_at) &&
           json_integer(json_member(document, "received_at"), &delivery->received_at) &&
           json_integer(json_member(document, "waiting"), &delivery->waiting) &&
           json_integer(json_member(document, "waiting_since"), &delivery->waiting_since) &&
           json_integer(json_member(document, "refused"), &delivery->refused) &&
           json_integer(json_member(document, "refused_at"), &delivery->refused_at);
}

void published_read_delivery(const struct layout *layout, struct delivery *ret_delivery)
{
    AUTO_CLOSE int folder = layout_open(layout, FOLDER_PUBLIC, NULL);
    AUTO(auto_json_free) struct json *document = NULL;
    AUTO(text_clear) struct text text = {0};
    struct delivery delivery = {0};

    *ret_delivery = (struct delivery){0};
    if (folder >= 0 && file_read(folder, DELIVERY_FILE, DELIVERY_MAX_SIZE, &text, NULL) == 0 &&
        json_parse(text_string(&text), text.length, &json_default_limits, &document, NULL) == 0 &&
        delivery_parse(document, &delivery))
        *ret_delivery = delivery;
}

static void write_delivery(const struct delivery *delivery, struct json_writer *writer)
{
    json_begin_object(writer);
    json_add_text(writer, "made", delivery->made);
    json_add_text(writer, "made_month", delivery->made_month);
    json_add_integer(writer, "made_at", delivery->made_at);
    json_add_text(writer, "received", delivery->received);
    json_add_integer(writer, "received_at", delivery->received_at);
    json_add_integer(writer, "waiting", delivery->waiting);
    json_add_integer(writer, "waiting_since", delivery->waiting_since);
    json_add_integer(writer, "refused", delivery->refused);
    json_add_text_or_null(writer, "refusal",
                          delivery->refused == 0 ? NULL : refusal_reason_name(delivery->refusal));
    json_add_integer(writer, "refused_at", delivery->refused_at);
    json_end_object(writer);
}

static void take_outbox(struct delivery *delivery, const struct outbox *outbox)
{
    delivery->waiting = (int64_t)outbox->count;
    delivery->waiting_since = outbox->count == 0 ? 0 : outbox->files[0].written_at;
    for (size_t i = 0; i < outbox->count; i++) {
        const struct outbox_file *file = &outbox->files[i];

        (void)snprintf(delivery->made, sizeof(delivery->made), "%s", file->name);
        month_of(file->written_at, delivery->made_month);
    }
}

int published_write_delivery(const struct layout *layout, int outbox, const struct chain *chain,
                             struct delivery *delivery, struct error *err)
{
    AUTO_CLOSE int folder = layout_open(layout, FOLDER_PUBLIC, err);
    AUTO(outbox_clear) struct outbox files = {0};
    struct json_writer writer = {0};
    int r = folder;

    if (r >= 0)
        r = outbox_list(outbox, &files, err);
    if (r < 0)
        return r;
    r = directory_remove_leftovers(folder, err);
    if (r < 0)
        return r;
    take_outbox(delivery, &files);
    delivery->made_at = chain->made_at;
    delivery->refused = (int64_t)chain->refused;
    write_delivery(delivery, &writer);
    r = file_write(folder, DELIVERY_FILE, 0644, writer.out.bytes, writer.out.length, err);
    text_clear(&writer.out);
    return r;
}

int published_read_last(const struct layout *layout, const struct delivery *delivery,
                        struct text *out, struct error *err)
{
    AUTO_CLOSE int month = -1;
    char refused[OUTBOX_NAME_SIZE + 16];
    int r;

    if (delivery->made[0] == '\0')
        return error_set(err, ENOENT,
                         "nothing was made for sending yet; \"dijkwacht show --next\" "
                         "shows what would be");
    month = open_month(layout, delivery->made_month, false, err);
    if (month < 0)
        return month;
    r = file_read(month, delivery->made, SNAPSHOT_MAX_SIZE, out, err);
    if (r != -ENOENT)
        return r;
    (void)snprintf(refused, sizeof(refused), "%s.refused", delivery->made);
    return file_read(month, refused, SNAPSHOT_MAX_SIZE, out, err);
}
