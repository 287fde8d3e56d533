internal import Synchronization

/// The right to attach an image to one loop device, in this process: at most one thread has it.
struct LoopTurn: ~Copyable {
    private let index: Int

    private static let taken = Mutex<Set<Int>>([])

    /// Nil while another thread has it.
    init?(_ index: Int) {
        guard Self.taken.withLock({ $0.insert(index).inserted }) else { return nil }
        self.index = index
    }

    deinit { Self.taken.withLock { _ = $0.remove(index) } }
}
