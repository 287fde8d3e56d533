/* features.h comes first: gRPC defines _GNU_SOURCE, which changes fd_set when it arrives before glibc's own choice. */
#include <features.h>
#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_posix.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/status.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>

/* Macros that the Swift importer cannot see. */
static inline const uint8_t *holdfast_slice_bytes(const grpc_slice *slice) { return GRPC_SLICE_START_PTR(*slice); }
static inline size_t holdfast_slice_length(const grpc_slice *slice) { return GRPC_SLICE_LENGTH(*slice); }
static inline uint32_t holdfast_propagate_defaults(void) { return GRPC_PROPAGATE_DEFAULTS; }

/*
 * absl::SetMutexDeadlockDetectionMode(OnDeadlockCycle), as Debian's abseil 20220623 names it. Weak: another abseil has
 * another name, and then nothing is called.
 */
extern void holdfast_abseil_deadlock_mode(int mode) __attribute__((weak))
__asm__("_ZN4absl7debian329SetMutexDeadlockDetectionModeENS0_15OnDeadlockCycleE");
static inline void holdfast_stop_deadlock_detection(void) {
    if (holdfast_abseil_deadlock_mode) holdfast_abseil_deadlock_mode(0);
}
