#include "collectors/disk_encryption/filesystems.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *type;
    enum filesystem_kind kind;
} without_device[] = {
    {"btrfs", FILESYSTEM_BTRFS},       {"overlay", FILESYSTEM_OVERLAY},
    {"tmpfs", FILESYSTEM_MEMORY},      {"ramfs", FILESYSTEM_MEMORY},
    {"devtmpfs", FILESYSTEM_MEMORY},   {"rootfs", FILESYSTEM_MEMORY},
    {"nfs", FILESYSTEM_REMOTE},        {"nfs4", FILESYSTEM_REMOTE},
    {"cifs", FILESYSTEM_REMOTE},       {"smb3", FILESYSTEM_REMOTE},
    {"9p", FILESYSTEM_REMOTE},         {"virtiofs", FILESYSTEM_REMOTE},
    {"ceph", FILESYSTEM_REMOTE},       {"afs", FILESYSTEM_REMOTE},
    {"fuse.sshfs", FILESYSTEM_REMOTE}, {"fuse.glusterfs", FILESYSTEM_REMOTE},
    {"vboxsf", FILESYSTEM_REMOTE},     {"fuse.vmhgfs-fuse", FILESYSTEM_REMOTE},
    {"ecryptfs", FILESYSTEM_STACKED},  {"zfs", FILESYSTEM_OPAQUE},
    {"bcachefs", FILESYSTEM_OPAQUE},
};

/* What stores nothing and so has nothing to encrypt. */
static const char *const of_the_kernel[] = {
    "proc",        "sysfs",      "devpts",      "mqueue",       "hugetlbfs", "debugfs",
    "tracefs",     "securityfs", "configfs",    "fusectl",      "pstore",    "bpf",
    "cgroup",      "cgroup2",    "binfmt_misc", "autofs",       "efivarfs",  "rpc_pipefs",
    "nsfs",        "selinuxfs",  "resctrl",     "binder",       "smackfs",   "nfsd",
    "functionfs",  "pipefs",     "sockfs",      "anon_inodefs", "xenfs",     "cpuset",
    "ocfs2_dlmfs", NULL,
};

static const char *const usual[] = {
    "btrfs", "ext2",     "ext3",     "ext4",     "xfs",     "f2fs",  "vfat",     "exfat",
    "ntfs",  "ntfs3",    "fuseblk",  "jfs",      "nilfs2",  "zfs",   "bcachefs", "overlay",
    "tmpfs", "squashfs", "erofs",    "iso9660",  "udf",     "nfs",   "nfs4",     "cifs",
    "9p",    "virtiofs", "ecryptfs", "reiserfs", "hfsplus", "ubifs", "jffs2",    NULL,
};

static const char *const images[] = {"squashfs", "iso9660", "udf", "erofs",
                                     "cramfs",   "romfs",   NULL};

static bool is_one_of(const char *type, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(type, *list) == 0)
            return true;
    return false;
}

static bool is_fuse(const char *type)
{
    return strcmp(type, "fuse") == 0 || strncmp(type, "fuse.", strlen("fuse.")) == 0;
}

enum filesystem_kind filesystem_kind(const char *type, unsigned major)
{
    for (size_t i = 0; i < sizeof(without_device) / sizeof(without_device[0]); i++)
        if (strcmp(type, without_device[i].type) == 0)
            return without_device[i].kind;
    if (is_one_of(type, of_the_kernel))
        return FILESYSTEM_KERNEL;
    if (is_fuse(type))
        return FILESYSTEM_STACKED;
    return major != 0 ? FILESYSTEM_ON_DEVICE : FILESYSTEM_OPAQUE;
}

bool filesystem_is_image(const char *type)
{
    return is_one_of(type, images);
}

const char *filesystem_public_name(const char *type)
{
    if (is_fuse(type))
        return "fuse";
    return is_one_of(type, usual) ? type : "other";
}
