internal import CGRPC
internal import Glibc
internal import Synchronization

/// Something that starts operations of the core and hears of their end on the loop's thread.
///
/// The tag of an operation is a retained reference to its object with the operation's number in the low bits, so an
/// object lives at least as long as what it has started, and starting costs no allocation. Swift objects are aligned
/// to 16 bytes, as malloc(3) aligns.
class Completion: @unchecked Sendable {
    /// The operation of that number has ended. `success` is false where the core gave it up.
    func completed(_ operation: UInt, success: Bool) { preconditionFailure("no operation was started") }

    static let operationMask: UInt = 0xf

    fileprivate func retainedTag(_ operation: UInt) -> UnsafeMutableRawPointer {
        let object = UInt(bitPattern: Unmanaged.passRetained(self).toOpaque())
        return UnsafeMutableRawPointer(bitPattern: object | operation)!
    }

    fileprivate static func take(_ tag: UnsafeMutableRawPointer) -> (Completion, UInt) {
        let bits = UInt(bitPattern: tag)
        let object = UnsafeRawPointer(bitPattern: bits & ~operationMask)!
        return (Unmanaged<Completion>.fromOpaque(object).takeRetainedValue(), bits & operationMask)
    }
}

/// A completion queue, and the one thread that takes from it.
final class CompletionLoop: @unchecked Sendable {
    let queue: OpaquePointer
    private var thread: JoinableThread?
    /// The operations that are under way, and `closing` beside them: the queue is shut down at the moment when the
    /// last one has ended after `close`, and none is begun from then on (the core aborts on one).
    private let pending = Atomic<UInt>(0)
    private static let closing: UInt = 1 << 63

    init() {
        Core.start()
        queue = grpc_completion_queue_create_for_next(nil)
    }

    deinit { grpc_completion_queue_destroy(queue) }

    func start() {
        thread = JoinableThread { [self] in run() }
    }

    /// Begins an operation: `body` gets the tag, and says whether the core took it.
    ///
    /// False when it did not, or when the loop is closing; then no completion follows.
    func begin(_ object: Completion, _ operation: UInt, _ body: (UnsafeMutableRawPointer) -> grpc_call_error) -> Bool {
        guard enter() else { return false }
        let tag = object.retainedTag(operation)
        if body(tag) == GRPC_CALL_OK { return true }
        _ = Completion.take(tag)
        leave()
        return false
    }

    /// Begins a batch of operations on a call.
    func begin<let count: Int>(
        _ object: Completion, _ operation: UInt, on call: OpaquePointer, _ batch: [count of grpc_op]
    ) -> Bool {
        begin(object, operation) { tag in
            batch.span.withUnsafeBufferPointer { grpc_call_start_batch(call, $0.baseAddress, count, tag, nil) }
        }
    }

    /// Lets what is under way end, refuses what is new, and then ends the thread.
    func close() {
        let before = pending.bitwiseOr(Self.closing, ordering: .acquiringAndReleasing).oldValue
        if before == 0 { grpc_completion_queue_shutdown(queue) }
    }

    /// Waits for the thread's end after `close`.
    func join() {
        thread?.join()
        thread = nil
    }

    private func enter() -> Bool {
        var seen = pending.load(ordering: .relaxed)
        while seen & Self.closing == 0 {
            let (exchanged, now) = pending.weakCompareExchange(
                expected: seen, desired: seen + 1, ordering: .acquiringAndReleasing)
            if exchanged { return true }
            seen = now
        }
        return false
    }

    private func leave() {
        let left = pending.subtract(1, ordering: .acquiringAndReleasing).newValue
        if left == Self.closing { grpc_completion_queue_shutdown(queue) }
    }

    private func run() {
        let never = gpr_inf_future(GPR_CLOCK_MONOTONIC)
        while true {
            let event = grpc_completion_queue_next(queue, never, nil)
            if event.type == GRPC_QUEUE_SHUTDOWN { return }
            guard event.type == GRPC_OP_COMPLETE else { continue }
            // The core has ordered what its starter wrote before this; a thread sanitizer does not see the core.
            _ = pending.load(ordering: .acquiring)
            let (object, operation) = Completion.take(event.tag)
            object.completed(operation, success: event.success != 0)
            leave()
        }
    }
}
