/*
 * Overwrites memory as it is freed, in every executable that this file is linked into.
 *
 * Requests bring secrets, and a message passes through many hands before it is ours: the buffers that gRPC reads a
 * connection into, frames that wait for their rest, messages of calls that were cancelled, the bytes that are handed from
 * one of our own rooms to the next. None of the others' can be reached to be overwritten, but all of them end here. glibc
 * can do nearly the same (M_PERTURB, mallopt(3)), but leaves out the chunks that its per-thread caches take, which are
 * those of 1,032 bytes and less.
 *
 * Only the functions that give memory back are replaced ("Replacing malloc", glibc's manual); glibc's own stand behind
 * them. AddressSanitizer brings functions of its own, and poisons what they free.
 */
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer)

#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

extern void __libc_free(void *);

/* All that may have been written to: the room of an allocation is at times greater than was asked for. */
static void release(void *memory) {
    explicit_bzero(memory, malloc_usable_size(memory));
    __libc_free(memory);
}

__attribute__((visibility("default"))) void free(void *memory) {
    if (!memory) return;
    int saved = errno; /* POSIX.1-2024: free keeps errno. */
    release(memory);
    errno = saved;
}

/* glibc's own would free the old place as it is when it has to move. */
__attribute__((visibility("default"))) void *realloc(void *memory, size_t size) {
    if (!memory) return malloc(size);
    if (size == 0) {
        release(memory);
        return NULL;
    }
    size_t room = malloc_usable_size(memory);
    if (size <= room && size >= room / 2) {
        explicit_bzero((char *)memory + size, room - size);
        return memory;
    }
    void *moved = malloc(size);
    if (!moved) return NULL;
    memcpy(moved, memory, room < size ? room : size);
    release(memory);
    return moved;
}

/*
 * What is large goes back to the kernel as soon as it is freed. glibc's own threshold grows with what it sees freed, to
 * 32 MiB, and a few hundred messages of 4 MiB then leave 100 MiB behind in the heaps of as many threads.
 */
__attribute__((constructor)) static void give_back_what_is_large(void) { mallopt(M_MMAP_THRESHOLD, 256 * 1024); }

#endif
