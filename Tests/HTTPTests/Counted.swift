import Glibc
import Synchronization

/// Zeroes without end, counted.
final class Counted: AsyncSequence, Sendable {
    typealias Element = [UInt8]
    typealias Failure = any Error

    let given = Atomic<Int>(0)

    struct Iterator: AsyncIteratorProtocol {
        let source: Counted

        mutating func next(isolation actor: isolated (any Actor)?) async throws -> [UInt8]? {
            source.given.add(1_024, ordering: .relaxed)
            return [UInt8](repeating: 0, count: 1_024)
        }

        mutating func next() async throws -> [UInt8]? { try await next(isolation: nil) }
    }

    func makeAsyncIterator() -> Iterator { Iterator(source: self) }
}

/// Blocks the thread: for what is to take its time.
func sleepFor(milliseconds: UInt32) { usleep(milliseconds * 1_000) }
