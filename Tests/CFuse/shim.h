/*
 * The kernel's FUSE protocol for the tests' disk, and the calls beneath it that Swift cannot import. Every function
 * answers as the system call does: -1 and errno.
 */
#ifndef HOLDFAST_CFUSE_H
#define HOLDFAST_CFUSE_H

#include <features.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fuse.h>
#include <semaphore.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* close_range(2) with CLOSE_RANGE_UNSHARE, Linux 5.9: the calling thread gets a table of descriptors of its own. */
static inline int holdfast_test_unshare_from(unsigned first, unsigned last) {
    return (int)syscall(SYS_close_range, first, last, 1U << 1);
}
static inline int holdfast_test_eventfd(void) { return (int)syscall(SYS_eventfd2, 0, 02000000 | 04000); }
static inline int holdfast_test_fallocate(int file, int mode, int64_t offset, int64_t length) {
    return (int)syscall(SYS_fallocate, file, mode, offset, length);
}

#endif
