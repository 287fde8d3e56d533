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
