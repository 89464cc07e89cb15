#include "collectors/disk_encryption/udev_data.h"

#include <string.h>

#include "platform/cleanup.h"
#include "platform/sysroot.h"
#include "platform/text.h"

#define DATA_MAX_SIZE (256U * 1024U)

static bool is_property(const char *line, size_t length, const char *property)
{
    return length == strlen(property) && strncmp(line, property, length) == 0;
}

/* EFI system, extended boot loader and BIOS boot partition; Microsoft's recovery. */
static const char *const boot_types[] = {
    "E:ID_PART_ENTRY_TYPE=c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
    "E:ID_PART_ENTRY_TYPE=bc13c2ff-59e6-4262-a352-b275fd6f7172",
    "E:ID_PART_ENTRY_TYPE=21686148-6449-6e6f-744e-656564454649",
    "E:ID_PART_ENTRY_TYPE=de94bba4-06d1-4d40-a16a-bfd50179d6ac",
    "E:ID_PART_ENTRY_TYPE=0xef",
    NULL,
};

void udev_data_parse(const char *text, struct udev_data *ret_data)
{
    struct udev_data data = {.usage = UDEV_NOTHING};
    bool is_pool = false;

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        if (is_property(text, length, "E:ID_FS_TYPE=zfs_member") ||
            is_property(text, length, "E:ID_FS_TYPE=bcachefs"))
            is_pool = true;
        if (is_property(text, length, "E:ID_FS_USAGE=filesystem"))
            data.usage = UDEV_FILESYSTEM;
        else if (strncmp(text, "E:ID_FS_USAGE=", strlen("E:ID_FS_USAGE=")) == 0)
            data.usage = UDEV_OTHER;
        for (size_t i = 0; boot_types[i] != NULL; i++)
            if (is_property(text, length, boot_types[i]))
                data.for_booting = true;
        text += length;
        text += *text == '\n';
    }
    if (is_pool)
        data.usage = UDEV_POOL;
    *ret_data = data;
}

int udev_data_read(const struct sysroot *root, struct block_number number,
                   struct udev_data *ret_data, struct error *err)
{
    AUTO(text_clear) struct text path = {0};
    AUTO_FREE char *text = NULL;
    int r;

    text_add_format(&path, "/run/udev/data/b%u:%u", number.major, number.minor);
    r = sysroot_read_text(root, path.bytes, DATA_MAX_SIZE, &text, err);
    if (r == 0)
        udev_data_parse(text, ret_data);
    return r;
}
