#include "agent/outbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "platform/cleanup.h"
#include "platform/file.h"
#include "platform/memory.h"
#include "platform/number.h"
#include "platform/text_list.h"

#define LISTED_MAX 10000U
#define ENDING     ".jws"

void outbox_name(const char *epoch, uint64_t seq, char ret_name[OUTBOX_NAME_SIZE])
{
    (void)snprintf(ret_name, OUTBOX_NAME_SIZE, "%.32s-%010" PRIu64 ENDING, epoch, seq);
}

bool outbox_name_read(const char *name, char ret_epoch[EPOCH_SIZE], uint64_t *ret_seq)
{
    size_t epoch_length = EPOCH_SIZE - 1, length = strlen(name);
    char epoch[EPOCH_SIZE], again[OUTBOX_NAME_SIZE];
    uint64_t seq;

    if (length <= epoch_length + 1 + strlen(ENDING) || length >= OUTBOX_NAME_SIZE ||
        strspn(name, "0123456789abcdef") != epoch_length ||
        !number_parse(name + epoch_length + 1, length - epoch_length - 1 - strlen(ENDING),
                      UINT64_MAX, &seq))
        return false;
    (void)snprintf(epoch, sizeof(epoch), "%.32s", name);
    outbox_name(epoch, seq, again);
    if (strcmp(name, again) != 0)
        return false;
    memcpy(ret_epoch, epoch, sizeof(epoch));
    *ret_seq = seq;
    return true;
}

/* False when it is no snapshot, or has gone since it was listed. */
static bool examine(int folder, const char *name, struct outbox_file *ret_file)
{
    char epoch[EPOCH_SIZE];
    struct stat status;
    uint64_t seq;

    if (!outbox_name_read(name, epoch, &seq) ||
        fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(status.st_mode))
        return false;
    *ret_file = (struct outbox_file){.size = (size_t)status.st_size,
                                     .written_at = status.st_mtime,
                                     .epoch_written_at = status.st_mtime};
    (void)snprintf(ret_file->name, sizeof(ret_file->name), "%s", name);
    return true;
}

/* Names in byte order stand by epoch and seq, so an epoch's oldest time reaches all its files. */
static void date_epochs(struct outbox *outbox)
{
    for (size_t start = 0, end; start < outbox->count; start = end) {
        int64_t oldest = outbox->files[start].written_at;

        for (end = start;
             end < outbox->count &&
             strncmp(outbox->files[end].name, outbox->files[start].name, EPOCH_SIZE - 1) == 0;
             end++)
            oldest =
                outbox->files[end].written_at < oldest ? outbox->files[end].written_at : oldest;
        for (size_t i = start; i < end; i++)
            outbox->files[i].epoch_written_at = oldest;
    }
}

static int compare_age(const void *left, const void *right)
{
    const struct outbox_file *first = left, *second = right;

    if (first->epoch_written_at != second->epoch_written_at)
        return first->epoch_written_at < second->epoch_written_at ? -1 : 1;
    return strcmp(first->name, second->name);
}

int outbox_list(int folder, struct outbox *ret_outbox, struct error *err)
{
    AUTO(text_list_clear) struct text_list names = {0};
    struct outbox outbox = {0};
    int r = directory_list(folder, LISTED_MAX, &names, err);

    if (r < 0)
        return error_wrap(err, r, "outbox");
    outbox.files = must_allocate(names.count + 1, sizeof(*outbox.files));
    for (size_t i = 0; i < names.count; i++) {
        if (!examine(folder, names.items[i], &outbox.files[outbox.count]))
            continue;
        outbox.bytes += outbox.files[outbox.count].size;
        outbox.count++;
    }
    date_epochs(&outbox);
    qsort(outbox.files, outbox.count, sizeof(*outbox.files), compare_age);
    *ret_outbox = outbox;
    return 0;
}

void outbox_clear(struct outbox *outbox)
{
    free(outbox->files);
    *outbox = (struct outbox){0};
}

bool outbox_full(const struct outbox *outbox)
{
    return outbox->count >= OUTBOX_MAX_FILES ||
           outbox->bytes + SNAPSHOT_MAX_SIZE > OUTBOX_MAX_BYTES;
}

int outbox_drop_oldest(int folder, const char *newest, size_t *ret_dropped, struct error *err)
{
    AUTO(outbox_clear) struct outbox outbox = {0};
    size_t count, dropped = 0;
    int r = outbox_list(folder, &outbox, err);

    count = outbox.count;
    for (size_t i = 0; r == 0 && i < outbox.count; i++) {
        if (count <= OUTBOX_MAX_FILES && outbox.bytes <= OUTBOX_MAX_BYTES)
            break;
        if (strcmp(outbox.files[i].name, newest) == 0)
            continue;
        r = file_remove(folder, outbox.files[i].name, err);
        outbox.bytes -= outbox.files[i].size;
        count--;
        dropped++;
    }
    if (r == 0)
        *ret_dropped = dropped;
    return r;
}
