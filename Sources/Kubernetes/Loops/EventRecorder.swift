internal import Diagnostics
internal import JSON
internal import Synchronization
internal import Syscalls

/// Tells people what happens to their objects, by Events of the API.
///
/// It never holds anybody up: what is recorded waits in a queue that has an end. What is told again is counted on the same
/// Event, and no object gets more than a few at once and one now and then.
public final class EventRecorder: Sendable {
    public enum Kind: String, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    let client: KubernetesClient
    /// Who tells it: the driver's name.
    public let component: String
    /// The node; empty for who speaks for no node.
    public let host: String
    private let state: Mutex<State>
    private let news = Signal()

    struct State {
        var queue: [Occurrence] = []
        var books: EventBooks
        var dropped = 0
        var isClosed = false
    }

    private static let room = 512

    /// - Parameters:
    ///   - burst: how many Events an object gets at once.
    ///   - refill: after how many seconds it gets one more.
    public init(
        _ client: KubernetesClient, component: String, host: String, burst: Double = 25, refill: Double = 300
    ) {
        self.client = client
        self.component = component
        self.host = host
        state = Mutex(State(books: EventBooks(burst: burst, refill: refill)))
    }

    /// How many were not told, because they came too fast.
    public var dropped: Int { state.withLock { $0.dropped } }

    public func record(_ kind: Kind, _ reason: String, _ message: String, on object: some KubernetesObject) {
        record(kind, reason, message, regarding: ObjectReference(to: object))
    }

    /// - Parameters:
    ///   - reason: one word, such as `ProvisioningFailed`.
    ///   - message: a sentence; it is cut at 1,024 bytes.
    public func record(_ kind: Kind, _ reason: String, _ message: String, regarding object: ObjectReference) {
        let occurrence = Occurrence(
            kind: kind, reason: reason, message: shortened(message, 1_024), object: object, at: .now)
        state.withLock { state in
            guard !state.isClosed, state.queue.count < Self.room, state.books.admits(occurrence, now: .now) else {
                state.dropped += 1
                return
            }
            state.queue.append(occurrence)
        }
        news.raise()
    }

    /// Tells what is recorded until the task is cancelled; then what is left is let go.
    public func run() async {
        while !Task.isCancelled {
            let batch = state.withLock { state in
                defer { state.queue = [] }
                return state.queue
            }
            for occurrence in batch where !Task.isCancelled { await tell(occurrence) }
            if state.withLock({ $0.queue.isEmpty }) { await news.wait() }
        }
        state.withLock { $0.isClosed = true }
    }

    private func tell(_ occurrence: Occurrence) async {
        for attempt in 1...3 {
            do throws(KubernetesError) {
                return try await write(occurrence)
            } catch {
                if error.isCancelled { return }
                let lasts = error.isForbidden || error.isNotFound || error.isInvalid
                if lasts || attempt == 3 {
                    let fields: LogFields = ["reason": occurrence.reason, "error": "\(error)"]
                    Log.shared.warning("an event could not be told", fields)
                    return
                }
                try? await sleep(until: .after(seconds: Backoff().delay(after: attempt)))
            }
        }
    }

    /// Counts it on the Event that there is, or makes one. The Event's name follows from what it tells, so it is found again
    /// also after a restart, and when it was made although no answer came.
    private func write(_ occurrence: Occurrence) async throws(KubernetesError) {
        let name = occurrence.eventName(component, host)
        let namespace = occurrence.object.namespace ?? "default"
        if let count = state.withLock({ $0.books.count(of: name) }) {
            do throws(KubernetesError) {
                return try await raise(name, namespace, to: count + 1, occurrence)
            } catch {
                // Events go after an hour.
                guard error.isNotFound else { throw error }
            }
        }
        do throws(KubernetesError) {
            _ = try await client.create(occurrence.event(name, namespace, component, host))
            state.withLock { $0.books.note(name, count: 1) }
        } catch {
            guard error.isAlreadyExists else { throw error }
            let known = try await client.get(Event.self, name, namespace: namespace)
            try await raise(name, namespace, to: known.count + 1, occurrence)
        }
    }

    private func raise(
        _ name: String, _ namespace: String, to count: Int64, _ occurrence: Occurrence
    ) async throws(KubernetesError) {
        let patch: JSON = ["count": .integer(count), "lastTimestamp": .string(occurrence.at.text)]
        _ = try await client.mergePatch(Event.self, name, namespace: namespace, patch)
        state.withLock { $0.books.note(name, count: count) }
    }
}
