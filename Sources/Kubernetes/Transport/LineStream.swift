internal import Synchronization

/// The lines of an answer that goes on, held until somebody takes them.
///
/// Nothing slows the server down when nobody takes them: past `room` bytes the stream ends, and who reads it begins anew
/// from where it was. curl could hold back one of several streams of a connection, but then has to be asked for more by
/// hand, on its own thread.
final class LineStream: TransferSink, Sendable {
    fileprivate struct State {
        var splitter: LineSplitter
        var lines: [[UInt8]?] = []
        var taken = 0
        var held = 0
        /// The body of an answer that is no stream, but a refusal.
        var refusal: [UInt8] = []
        var status: Int?
        var end: TransferEnd?
        var waiter: UnsafeContinuation<Void, Never>?
    }

    /// What comes next.
    enum Item {
        case line([UInt8])
        /// The answer was a refusal, with this body.
        case refused(HTTPHead, [UInt8])
        /// The server has ended it, as it does from time to time.
        case over
        case failed(KubernetesError)
        case nothing
    }

    private let room: Int
    private let state: Mutex<State>

    init(lineLimit: Int, room: Int) {
        self.room = room
        state = Mutex(State(splitter: LineSplitter(limit: lineLimit)))
    }

    func receive(_ bytes: UnsafeRawBufferPointer, status: Int) -> String? {
        let (refusal, waiter) = state.withLock { state in
            (state.take(bytes, status: status, room: room), state.waiter.take())
        }
        waiter?.resume()
        return refusal
    }

    func end(_ end: TransferEnd) {
        let waiter = state.withLock { state in
            state.end = end
            return state.waiter.take()
        }
        waiter?.resume()
    }

    /// The next item; `nothing` when there is none yet.
    func take() -> Item { state.withLock { $0.next() } }

    /// Returns when there may be something to take. For one waiter at a time.
    func wait() async {
        await withUnsafeContinuation { continuation in
            let isReady = state.withLock { state in
                guard state.taken == state.lines.count, state.end == nil else { return true }
                state.waiter = continuation
                return false
            }
            if isReady { continuation.resume() }
        }
    }
}

extension LineStream.State {
    fileprivate mutating func take(_ bytes: UnsafeRawBufferPointer, status: Int, room: Int) -> String? {
        self.status = status
        guard status == 200 else {
            // A refusal is short; what is not is cut, and then says less.
            refusal.append(contentsOf: bytes.prefix(65_536 - refusal.count))
            return nil
        }
        var fresh: [[UInt8]] = []
        guard splitter.take(bytes, { fresh.append($0) }) else { return "an event of more than \(splitter.limit) bytes" }
        for line in fresh { held += line.count }
        lines.append(contentsOf: fresh)
        return held <= room ? nil : "more events than were taken in time"
    }

    fileprivate mutating func next() -> LineStream.Item {
        if taken < lines.count, let line = lines[taken] {
            lines[taken] = nil
            taken += 1
            held -= line.count
            if taken == lines.count {
                (lines, taken) = ([], 0)
            } else if taken > 1_024 {
                lines.removeFirst(taken)
                taken = 0
            }
            return .line(line)
        }
        switch end {
        case nil: return .nothing
        case .failed(let error): return .failed(error)
        case .answered(let head): return head.status == 200 ? .over : .refused(head, refusal)
        }
    }
}
