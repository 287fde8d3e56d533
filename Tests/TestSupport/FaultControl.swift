internal import Glibc
internal import Synchronization
internal import Syscalls

/// One passing of a fault point of a program: the COUNT-th one, before or after its step.
public struct FaultPoint: Hashable, Sendable, CustomStringConvertible {
    public let side: String
    public let name: String
    public let count: Int

    public init(side: String, name: String, count: Int) {
        (self.side, self.name, self.count) = (side, name, count)
    }

    public var description: String { "\(side) \(name)\(count == 1 ? "" : " the \(count)th time")" }
}

/// The file by which a test has a program end itself, hold or fail at one of its fault points (`Diagnostics/FaultPoints`).
public final class FaultControl: Sendable {
    private let path: String
    private let serial = Mutex(0)

    public init(_ folder: TemporaryFolder) {
        path = folder.write("faults", "")
        folder.write("faults.trace", "")
    }

    /// Words before those that start a program.
    public var launcher: [String] { ["/usr/bin/env", "HOLDFAST_FAULTS=\(path)"] }

    /// Ends the process at that point.
    public func kill(at point: FaultPoint) { order("kill", point) }
    /// Has the step behind that point fail with an errno.
    public func fail(at point: FaultPoint, _ code: CInt) { order("fail:\(code)", point) }
    /// Holds the thread at that point until the next order.
    public func hang(at point: FaultPoint) { order("hang", point) }

    private func order(_ action: String, _ point: FaultPoint) {
        let serial = serial.withLock { serial in
            serial += 1
            return serial
        }
        put("\(serial) \(action) \(point.side) \(point.count) \(point.name)\n")
    }

    /// Lets the process go on as if nobody had asked for anything.
    public func clear() { put("") }

    /// The process may read at any moment: the file changes whole.
    private func put(_ text: String) {
        let file = fopen(path + ".new", "we")
        fputs(text, file)
        fclose(file)
        Glibc.rename(path + ".new", path)
    }

    /// Forgets what was passed so far.
    public func startRecording() { truncate(path + ".trace", 0) }

    /// Every passing since then, in order.
    public func recorded() -> [FaultPoint] {
        let bytes = (try? Files.read(path + ".trace", limit: 1 << 24)) ?? []
        var counts: [String: Int] = [:]
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            guard let space = line.firstIndex(of: " ") else { return nil }
            counts[String(line), default: 0] += 1
            return FaultPoint(
                side: String(line[..<space]), name: String(line[line.index(after: space)...]),
                count: counts[String(line)] ?? 0)
        }
    }

    /// Whether a thread is being held.
    public var isHanging: Bool { recorded().contains { $0.side == "hanging" } }
}
