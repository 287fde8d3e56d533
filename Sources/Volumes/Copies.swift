internal import Pools
internal import Synchronization

/// The copies that are being made, by the id of what they make, so that they can be ended.
final class Copies: Sendable {
    private struct Running {
        let id: String
        let control: CopyControl
    }

    private let running = Mutex<(next: Int, all: [Int: Running])>((0, [:]))

    /// Notes a copy; the answer takes it back.
    func add(_ id: String, _ control: CopyControl) -> Int {
        running.withLock { running in
            running.next += 1
            running.all[running.next] = Running(id: id, control: control)
            return running.next
        }
    }

    func remove(_ number: Int) { running.withLock { _ = $0.all.removeValue(forKey: number) } }

    func cancel(_ id: String, _ why: String) {
        for copy in running.withLock({ Array($0.all.values) }) where copy.id == id { copy.control.cancel(why) }
    }

    func cancelAll(_ why: String) {
        for copy in running.withLock({ Array($0.all.values) }) { copy.control.cancel(why) }
    }
}

extension Storage {
    /// Ends all copies that are being made; their calls end with an error and leave nothing behind.
    public func cancelCopies(_ why: String) { copies.cancelAll(why) }
}
