internal import Synchronization
internal import Syscalls

/// Looks at volumes, and at pools, that may never come back: a filesystem on a dead device holds whoever asks it anything.
///
/// Each is made on a thread of its own and waited for only so long. While one has not come back, the next who asks is told
/// so at once: a volume that hangs costs one thread, however often it is asked for.
final class Looks: Sendable {
    enum Outcome<Value: Sendable>: Sendable {
        case value(Value)
        /// It has not come back for that many seconds.
        case late(seconds: Int)
    }

    /// Seconds that the first one to ask waits.
    static let patience = 3.0

    private let hanging = Mutex<[String: Moment]>([:])

    func run<Value: Sendable>(
        _ subject: String, patience: Double = Looks.patience,
        _ look: @escaping @Sendable () throws(VolumeError) -> Value
    ) throws(VolumeError) -> Outcome<Value> {
        if let since = hanging.withLock({ $0[subject] }) { return .late(seconds: Int(since.age)) }
        let started = Moment.now
        let answer = Answer<Value>()
        HostThread.start { [self] in
            let result: Result<Value, VolumeError>
            do throws(VolumeError) { result = .success(try look()) } catch { result = .failure(error) }
            // In this order: whoever gives up now finds the answer, and takes the subject back himself.
            answer.give(result)
            end(subject, started)
        }
        if let result = answer.wait(until: .after(seconds: patience)) { return .value(try result.get()) }
        // It may come back in this very moment; then the answer counts.
        hanging.withLock { $0[subject] = started }
        guard let result = answer.now else { return .late(seconds: Int(started.age)) }
        end(subject, started)
        return .value(try result.get())
    }

    private func end(_ subject: String, _ started: Moment) {
        hanging.withLock { if $0[subject] == started { $0[subject] = nil } }
    }
}

/// What a thread brings back to the one that waits for it.
private final class Answer<Value: Sendable>: Sendable {
    private let result = Mutex<Result<Value, VolumeError>?>(nil)
    private let arrived = Flag()

    func give(_ value: Result<Value, VolumeError>) {
        result.withLock { $0 = value }
        arrived.raise()
    }

    var now: Result<Value, VolumeError>? { result.withLock { $0 } }

    func wait(until limit: Moment) -> Result<Value, VolumeError>? {
        arrived.wait(until: limit) ? now : nil
    }
}
