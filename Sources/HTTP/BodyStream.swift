internal import CMicrohttpd
internal import Synchronization

/// A stream on its way to a client: a task takes pieces from the handler's sequence, and the server's thread takes them
/// from here when the client can have more.
final class BodyStream: Sendable {
    private struct State: ~Copyable {
        var waiting: [UInt8] = []
        /// How many of the first bytes of `waiting` are gone.
        var taken = 0
        var end: End?
        /// Whether the server's thread has put the connection to sleep until something comes.
        var isDry = false
        /// Whoever feeds it, while it is full.
        var feeder: CheckedContinuation<Void, Never>?

        var count: Int { waiting.count - taken }
    }

    private enum End { case whole, cut }

    enum Piece {
        case bytes(Int)
        case nothingYet
        case end
        case cut
    }

    private let state = Mutex(State())
    private let limit: Int
    /// Wakes the connection. It is called while `state` is held, so that it never comes before the sleep.
    private let wake: @Sendable () -> Void

    init(limit: Int, wake: @escaping @Sendable () -> Void) {
        (self.limit, self.wake) = (limit, wake)
    }

    /// Feeds it from the sequence until that ends or the task is cancelled.
    func feed(from sequence: any AsyncSequence<[UInt8], any Error> & Sendable) async {
        do {
            for try await piece in sequence {
                if await !give(piece) { return }
            }
            end(.whole)
        } catch {
            end(.cut)
        }
    }

    /// False when nobody wants more.
    private func give(_ piece: [UInt8]) async -> Bool {
        await withCheckedContinuation { continuation in
            let goesOn: Bool = state.withLock { state in
                guard state.end == nil else { return true }
                if state.count == 0 {
                    (state.waiting, state.taken) = (piece, 0)
                } else {
                    state.waiting += piece
                }
                rouse(&state)
                if state.count < limit { return true }
                state.feeder = continuation
                return false
            }
            if goesOn { continuation.resume() }
        }
        return state.withLock { $0.end == nil }
    }

    private func end(_ end: End) {
        state.withLock { state in
            if state.end == nil { state.end = end }
            rouse(&state)
            state.feeder.take()?.resume()
        }
    }

    /// The server stops: what waits is still sent, and then the end.
    func finish() { end(.whole) }

    /// The client has gone: what waits is for nobody.
    func cut() {
        state.withLock { state in
            (state.waiting, state.taken) = ([], 0)
            // Also where it was to end in order: what was waiting is missing.
            state.end = .cut
        }
        end(.cut)
    }

    private func rouse(_ state: inout State) {
        guard state.isDry, state.count > 0 || state.end != nil else { return }
        state.isDry = false
        wake()
    }

    /// Copies what there is into `room`. With nothing there, `sleep` is called.
    func take(into room: UnsafeMutableRawBufferPointer, sleep: () -> Void) -> Piece {
        state.withLock { state in
            if state.count > 0 {
                let count = min(room.count, state.count)
                room.copyBytes(from: state.waiting[state.taken..<state.taken + count])
                state.taken += count
                if state.count == 0 { (state.waiting, state.taken) = ([], 0) }
                if state.count < limit { state.feeder.take()?.resume() }
                return .bytes(count)
            }
            switch state.end {
            case .whole: return .end
            case .cut: return .cut
            case nil: break
            }
            state.isDry = true
            sleep()
            return .nothingYet
        }
    }
}
