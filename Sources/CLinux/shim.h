/*
 * The few constants, ioctls and GNU-only calls that Swift cannot import: function-like macros, variadic functions and
 * system calls that are younger than Debian's headers. Every function answers as the system call does: -1 and errno.
 */
#ifndef HOLDFAST_CLINUX_H
#define HOLDFAST_CLINUX_H

#include <features.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/ioctl.h>
#include <linux/loop.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <semaphore.h>
#include <stdint.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

/* openat2(2), Linux 5.6. */
static inline int holdfast_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve) {
    struct open_how how;
    memset(&how, 0, sizeof how);
    how.flags = flags;
    how.mode = mode;
    how.resolve = resolve;
    return (int)syscall(SYS_openat2, directory, path, &how, sizeof how);
}

/* The part of statx(2) that the mount code needs. The mount id is the unique one from Linux 6.8 on. */
struct holdfast_statx {
    uint64_t mount_id;
    uint64_t inode;
    uint64_t size;
    uint64_t blocks;
    uint32_t mode;
    uint32_t device_major, device_minor;
    uint32_t special_major, special_minor;
    uint32_t links;
    int mount_id_is_unique;
    int is_mount_root;
};

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x00001000U
#endif
#define HOLDFAST_STATX_MNT_ID_UNIQUE 0x00004000U
#define HOLDFAST_STATX_ATTR_MOUNT_ROOT 0x00002000U
#define HOLDFAST_AT_NO_AUTOMOUNT 0x800
#define HOLDFAST_AT_EMPTY_PATH 0x1000
#define HOLDFAST_AT_SYMLINK_NOFOLLOW 0x100
#define HOLDFAST_AT_STATX_DONT_SYNC 0x4000

static inline int holdfast_statx(int directory, const char *path, int flags, struct holdfast_statx *out) {
    struct statx raw;
    memset(&raw, 0, sizeof raw);
    unsigned mask = STATX_BASIC_STATS | STATX_MNT_ID | HOLDFAST_STATX_MNT_ID_UNIQUE;
    if (syscall(SYS_statx, directory, path, flags, mask, &raw) != 0) return -1;
    out->mount_id = raw.stx_mnt_id;
    out->mount_id_is_unique = (raw.stx_mask & HOLDFAST_STATX_MNT_ID_UNIQUE) != 0;
    out->is_mount_root = (raw.stx_attributes & HOLDFAST_STATX_ATTR_MOUNT_ROOT) != 0;
    out->inode = raw.stx_ino;
    out->size = raw.stx_size;
    out->blocks = raw.stx_blocks;
    out->mode = raw.stx_mode;
    out->links = raw.stx_nlink;
    out->device_major = raw.stx_dev_major;
    out->device_minor = raw.stx_dev_minor;
    out->special_major = raw.stx_rdev_major;
    out->special_minor = raw.stx_rdev_minor;
    return 0;
}

/* statmount(2), Linux 6.8; the number is the same on every architecture. */
#define HOLDFAST_SYS_STATMOUNT 457

struct holdfast_mount_request {
    uint32_t size;
    uint32_t spare;
    uint64_t mount_id;
    uint64_t param;
};

/* The fixed head of the kernel's struct statmount; strings follow it at the given offsets. */
struct holdfast_statmount {
    uint32_t size;
    uint32_t mnt_opts;
    uint64_t mask;
    uint32_t sb_dev_major;
    uint32_t sb_dev_minor;
    uint64_t sb_magic;
    uint32_t sb_flags;
    uint32_t fs_type;
    uint64_t mnt_id;
    uint64_t mnt_parent_id;
    uint32_t mnt_id_old;
    uint32_t mnt_parent_id_old;
    uint64_t mnt_attr;
    uint64_t mnt_propagation;
    uint64_t mnt_peer_group;
    uint64_t mnt_master;
    uint64_t propagate_from;
    uint32_t mnt_root;
    uint32_t mnt_point;
    uint64_t mnt_ns_id;
    uint32_t fs_subtype;
    uint32_t sb_source;
    uint64_t spare[48];
};

#define HOLDFAST_STATMOUNT_SB_BASIC 0x01U
#define HOLDFAST_STATMOUNT_MNT_BASIC 0x02U
#define HOLDFAST_STATMOUNT_MNT_ROOT 0x08U
#define HOLDFAST_STATMOUNT_MNT_POINT 0x10U
#define HOLDFAST_STATMOUNT_FS_TYPE 0x20U
#define HOLDFAST_STATMOUNT_MNT_OPTS 0x80U   /* Linux 6.11 */
#define HOLDFAST_STATMOUNT_SB_SOURCE 0x200U /* Linux 6.13 */

static inline int holdfast_statmount(uint64_t mount_id, uint64_t mask, void *buffer, size_t size) {
    struct holdfast_mount_request request = {24, 0, mount_id, mask};
    return (int)syscall(HOLDFAST_SYS_STATMOUNT, &request, buffer, size, 0);
}

static inline int holdfast_loop_free(int control) { return ioctl(control, LOOP_CTL_GET_FREE); }

static inline int holdfast_loop_add(int control, long index) { return ioctl(control, LOOP_CTL_ADD, index); }
static inline int holdfast_loop_remove(int control, long index) { return ioctl(control, LOOP_CTL_REMOVE, index); }

static inline int holdfast_loop_configure(int device, int backing, uint32_t flags, const char *label) {
    struct loop_config config;
    memset(&config, 0, sizeof config);
    config.fd = (uint32_t)backing;
    config.block_size = 512;
    config.info.lo_flags = flags;
    strncpy((char *)config.info.lo_file_name, label, LO_NAME_SIZE - 1);
    return ioctl(device, LOOP_CONFIGURE, &config);
}

static inline int holdfast_loop_status(int device, struct loop_info64 *info) {
    memset(info, 0, sizeof *info);
    return ioctl(device, LOOP_GET_STATUS64, info);
}

static inline int holdfast_loop_set_status(int device, const struct loop_info64 *info) {
    return ioctl(device, LOOP_SET_STATUS64, info);
}

static inline int holdfast_loop_clear(int device) { return ioctl(device, LOOP_CLR_FD, 0); }
static inline int holdfast_loop_label(const struct loop_info64 *info, char *out) {
    memcpy(out, info->lo_file_name, LO_NAME_SIZE);
    out[LO_NAME_SIZE] = 0;
    return 0;
}

/* <linux/fs.h> would bring a second struct mount_attr beside glibc's, so its few ioctls are spelled out here. */
#define HOLDFAST_BLKROSET _IO(0x12, 93)
#define HOLDFAST_BLKROGET _IO(0x12, 94)
#define HOLDFAST_BLKFLSBUF _IO(0x12, 97)
#define HOLDFAST_BLKGETSIZE64 _IOR(0x12, 114, size_t)

static inline int holdfast_block_size(int device, uint64_t *bytes) { return ioctl(device, HOLDFAST_BLKGETSIZE64, bytes); }
static inline int holdfast_block_read_only(int device, int *value) { return ioctl(device, HOLDFAST_BLKROGET, value); }
static inline int holdfast_block_set_read_only(int device, int value) { return ioctl(device, HOLDFAST_BLKROSET, &value); }
static inline int holdfast_block_flush_cache(int device) { return ioctl(device, HOLDFAST_BLKFLSBUF, 0); }

/* LOOP_SET_CAPACITY: the device takes the size that its backing file has now. */
static inline int holdfast_loop_set_capacity(int device) { return ioctl(device, LOOP_SET_CAPACITY, 0); }

/* FIFREEZE and FITHAW (ioctl_fsfreeze(2)), FICLONE (ioctl_ficlone(2)) and FS_IOC_FIEMAP of <linux/fs.h>. */
static inline int holdfast_freeze(int file) { return ioctl(file, _IOWR('X', 119, int), 0); }
static inline int holdfast_thaw(int file) { return ioctl(file, _IOWR('X', 120, int), 0); }
static inline int holdfast_clone_file(int to, int from) { return ioctl(to, _IOW(0x94, 9, int), from); }
/* FICLONERANGE (ioctl_ficlonerange(2)); a length of 0 reaches to the end of `from`. */
static inline int holdfast_clone_range(int to, int from, uint64_t offset, uint64_t length) {
    struct {
        int64_t from;
        uint64_t offset, length, to_offset;
    } range = {from, offset, length, offset};
    return ioctl(to, _IOC(_IOC_WRITE, 0x94, 13, sizeof range), &range);
}
static inline int holdfast_fiemap(int file, struct fiemap *map) { return ioctl(file, _IOWR('f', 11, struct fiemap), map); }

static inline int64_t holdfast_copy_file_range(int from, int64_t from_offset, int to, int64_t to_offset, size_t count) {
    return syscall(SYS_copy_file_range, from, &from_offset, to, &to_offset, count, 0);
}

/* EXT4_IOC_RESIZE_FS, in blocks of the filesystem (Linux 3.3). */
static inline int holdfast_ext4_resize(int file, uint64_t blocks) { return ioctl(file, _IOW('f', 16, uint64_t), &blocks); }

/* XFS_IOC_FSGEOMETRY and XFS_IOC_FSGROWFSDATA of <xfs/xfs_fs.h>: the head of the geometry is all that growing needs. */
struct holdfast_xfs_geometry {
    uint32_t block_size, realtime_extent_size, group_blocks, groups, log_blocks, sector_size, inode_size;
    uint32_t inode_percent;
    uint64_t blocks;
    uint64_t spare[27];
};
struct holdfast_xfs_growth {
    uint64_t blocks;
    uint32_t inode_percent;
};
static inline int holdfast_xfs_geometry(int file, struct holdfast_xfs_geometry *out) {
    memset(out, 0, sizeof *out);
    return ioctl(file, _IOR('X', 126, struct holdfast_xfs_geometry), out);
}
static inline int holdfast_xfs_grow(int file, uint64_t blocks, uint32_t inode_percent) {
    struct holdfast_xfs_growth growth = {blocks, inode_percent};
    return ioctl(file, _IOW('X', 110, struct holdfast_xfs_growth), &growth);
}

/* BTRFS_IOC_RESIZE of <linux/btrfs.h>; the text is `1:max`, or `1:` and a number of bytes. */
struct holdfast_btrfs_arguments {
    int64_t file;
    char name[4088];
};
static inline int holdfast_btrfs_resize(int file, const char *text) {
    struct holdfast_btrfs_arguments arguments;
    memset(&arguments, 0, sizeof arguments);
    strncpy(arguments.name, text, sizeof arguments.name - 1);
    return ioctl(file, _IOW(0x94, 3, struct holdfast_btrfs_arguments), &arguments);
}

/* BTRFS_IOC_DEV_INFO of <linux/btrfs.h>: what the filesystem takes of its device. */
struct holdfast_btrfs_device {
    uint64_t id;
    uint8_t uuid[16];
    uint64_t used, total;
    uint64_t spare[379];
    uint8_t path[1024];
};
static inline int holdfast_btrfs_device(int file, uint64_t id, struct holdfast_btrfs_device *out) {
    memset(out, 0, sizeof *out);
    out->id = id;
    return ioctl(file, _IOWR(0x94, 30, struct holdfast_btrfs_device), out);
}

static inline int holdfast_pipe2(int ends[2], int flags) { return (int)syscall(SYS_pipe2, ends, flags); }
static inline int holdfast_accept4(int listener, int flags) {
    return (int)syscall(SYS_accept4, listener, NULL, NULL, flags);
}
/* eventfd(2), which wakes a thread that polls. */
static inline int holdfast_eventfd(void) { return (int)syscall(SYS_eventfd2, 0, O_CLOEXEC | O_NONBLOCK); }
static inline int holdfast_pidfd_open(pid_t pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

/* SO_PEERCRED: struct ucred needs _GNU_SOURCE. */
struct holdfast_peer {
    int32_t pid;
    uint32_t uid;
    uint32_t gid;
};
static inline int holdfast_peer(int connection, struct holdfast_peer *out) {
    socklen_t length = sizeof *out;
    return getsockopt(connection, SOL_SOCKET, SO_PEERCRED, out, &length);
}

/* fallocate(2) and its flags, which glibc shows only under _GNU_SOURCE. */
#define HOLDFAST_FALLOC_KEEP_SIZE 0x01
#define HOLDFAST_FALLOC_PUNCH_HOLE 0x02
static inline int holdfast_fallocate(int file, int mode, int64_t offset, int64_t length) {
    return (int)syscall(SYS_fallocate, file, mode, offset, length);
}

/* sem_clockwait(3), which glibc shows only under _GNU_SOURCE: a wait that a change of the wall clock leaves alone. */
extern int sem_clockwait(sem_t *semaphore, clockid_t clock, const struct timespec *until);
static inline int holdfast_wait_until(sem_t *semaphore, int64_t nanoseconds) {
    struct timespec until = {nanoseconds / 1000000000, nanoseconds % 1000000000};
    return sem_clockwait(semaphore, CLOCK_MONOTONIC, &until);
}

/* sync_file_range(2) with SYNC_FILE_RANGE_WRITE, which glibc shows only under _GNU_SOURCE. */
static inline int holdfast_start_writing(int file, int64_t offset, int64_t length) {
    return (int)syscall(SYS_sync_file_range, file, offset, length, 2);
}

/* O_TMPFILE, which glibc shows only under _GNU_SOURCE. */
static inline int holdfast_open_unnamed(int directory) {
    return openat(directory, ".", 020000000 | O_DIRECTORY | O_RDWR | O_CLOEXEC, 0600);
}

/* FS_IOC_GETFLAGS, FS_IOC_SETFLAGS and FS_NOCOW_FL of <linux/fs.h>. */
static inline int holdfast_stop_copy_on_write(int file) {
    int flags = 0;
    if (ioctl(file, _IOR('f', 1, long), &flags) != 0) return -1;
    flags |= 0x00800000;
    return ioctl(file, _IOW('f', 2, long), &flags);
}

#define HOLDFAST_SEEK_DATA 3
#define HOLDFAST_SEEK_HOLE 4
#define HOLDFAST_O_PATH 010000000
#define HOLDFAST_O_DIRECT 040000
#define HOLDFAST_UMOUNT_NOFOLLOW 8

/* unshare(2) of the calling thread's mount namespace, and two changes of that namespace alone. */
static inline int holdfast_own_mounts(void) {
    if (syscall(SYS_unshare, 0x00020000) != 0) return -1;
    return (int)syscall(SYS_mount, "none", "/", NULL, 0x4000 | 0x80000 /* MS_REC | MS_SLAVE */, NULL);
}
static inline int holdfast_cover(const char *folder) {
    return (int)syscall(SYS_mount, "none", folder, "tmpfs", 0, "size=64k,mode=0755");
}
static inline int holdfast_hide(const char *mount_point) {
    return (int)syscall(SYS_umount2, mount_point, 2 /* MNT_DETACH */ | HOLDFAST_UMOUNT_NOFOLLOW);
}

static inline int64_t holdfast_random(void *out, size_t count) { return getrandom(out, count, 0); }
static inline int holdfast_syncfs(int file) { return (int)syscall(SYS_syncfs, file); }
static inline int64_t holdfast_thread_id(void) { return syscall(SYS_gettid); }

#endif
