#include "collectors/disk_encryption/luks_reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "collectors/disk_encryption/mapping.h"
#include "platform/cleanup.h"
#include "platform/memory.h"
#include "platform/sysroot.h"
#include "platform/text_list.h"

#define NAMES_MAX   8192U
#define HEADERS_MAX 64U
#define TOTAL_MAX   (16U * 1024U * 1024U)
#define LAYERS_MAX  8U

struct raw_header {
    struct block_number number;
    int code; /* 0, or why it could not be read */
    uint8_t *bytes;
    size_t length;
};

struct luks_headers {
    struct raw_header items[HEADERS_MAX];
    size_t count;
    size_t total;
};

static int read_fully(int fd, uint8_t *bytes, size_t length)
{
    size_t done = 0;

    while (done < length) {
        ssize_t n = pread(fd, bytes + done, length - done, (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -errno;
        if (n == 0)
            return -ENOENT; /* smaller than any header */
        done += (size_t)n;
    }
    return 0;
}

static int read_header(struct luks_headers *headers, int fd, struct raw_header *header)
{
    uint8_t *first = must_allocate(LUKS_FIRST_SIZE, 1);
    size_t size;
    int r;

    header->bytes = first;
    r = read_fully(fd, first, LUKS_FIRST_SIZE);
    if (r < 0)
        return r;
    header->length = LUKS_FIRST_SIZE;
    size = luks_header_size(first);
    if (size <= LUKS_FIRST_SIZE)
        return 0;
    if (size > TOTAL_MAX - headers->total)
        return -EFBIG;
    header->bytes = must_grow(header->bytes, size, 1);
    r = read_fully(fd, header->bytes, size);
    if (r < 0)
        return r;
    header->length = size;
    headers->total += size;
    return 0;
}

static void add_header(const struct sysroot *root, struct luks_headers *headers,
                       const struct block_device *device)
{
    struct raw_header *header = &headers->items[headers->count++];
    AUTO_FREE char *path = block_device_path(device);
    AUTO_CLOSE int fd = sysroot_open_block(root, path, NULL);

    header->number = device->number;
    header->code = fd < 0 ? fd : read_header(headers, fd, header);
}

int luks_device_below(const struct sysroot *root, const struct block_device *mapped,
                      struct block_device *device, struct error *err)
{
    struct block_number next;
    size_t count = mapped->lower_count;

    if (count == 0)
        return error_set(err, ENOENT, "there is nothing below the mapping");
    next = mapped->lower[0];
    for (unsigned layer = 0; layer < LAYERS_MAX; layer++) {
        int r;

        block_device_clear(device);
        r = block_device_read(root, next, device, err);
        if (r < 0)
            return r;
        if (count != 1)
            return error_set(err, ENOENT, "there are several devices below the mapping");
        if (device->kind != BLOCK_MAPPED || !mapping_is_integrity(device->mapping))
            return 0;
        count = device->lower_count;
        if (count == 0)
            break;
        next = device->lower[0];
    }
    return error_set(err, ENOENT, "there is nothing below the mapping");
}

/* Removable all the way down is somebody else's stick, whose bytes we leave alone. */
static bool is_removable(const struct sysroot *root, const struct block_device *device)
{
    AUTO(block_device_clear) struct block_device disk = {0};

    if (device->kind != BLOCK_PARTITION)
        return device->removable;
    return block_device_read(root, device->lower[0], &disk, NULL) == 0 && disk.removable;
}

static void look_below(const struct sysroot *root, struct luks_headers *headers, const char *name)
{
    AUTO(block_device_clear) struct block_device mapped = {0};
    AUTO(block_device_clear) struct block_device device = {0};
    struct block_number number;

    if (block_number_by_name(root, name, &number, NULL) < 0 ||
        block_device_read(root, number, &mapped, NULL) < 0 || mapped.kind != BLOCK_MAPPED ||
        !mapping_is_luks(mapped.mapping) || luks_device_below(root, &mapped, &device, NULL) < 0 ||
        is_removable(root, &device))
        return;
    add_header(root, headers, &device);
}

struct luks_headers *luks_headers_read(const struct sysroot *root)
{
    struct luks_headers *headers = must_allocate(1, sizeof(*headers));
    AUTO(text_list_clear) struct text_list names = {0};

    (void)sysroot_list(root, "/sys/class/block", NAMES_MAX, &names, NULL);
    for (size_t i = 0; i < names.count && headers->count < HEADERS_MAX; i++)
        if (strncmp(names.items[i], "dm-", strlen("dm-")) == 0)
            look_below(root, headers, names.items[i]);
    return headers;
}

void luks_headers_free(struct luks_headers *headers)
{
    if (headers == NULL)
        return;
    for (size_t i = 0; i < headers->count; i++)
        free(headers->items[i].bytes);
    free(headers);
}

int luks_headers_find(const struct luks_headers *headers, struct block_number number,
                      struct luks_header *ret_header, struct error *err)
{
    for (size_t i = 0; i < headers->count; i++) {
        const struct raw_header *header = &headers->items[i];

        if (!block_number_equal(header->number, number))
            continue;
        if (header->code < 0)
            return error_set(err, -header->code, "cannot read a LUKS header: %s",
                             strerror(-header->code));
        return luks_header_parse(header->bytes, header->length, ret_header, err);
    }
    return error_set(err, ENODATA, "a LUKS header was not looked for");
}
