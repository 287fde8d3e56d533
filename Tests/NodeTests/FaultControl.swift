internal import Glibc
internal import Synchronization
internal import Syscalls
internal import TestSupport
internal import Testing

/// One passing of a fault point of a node: the COUNT-th one, before or after its step.
struct FaultPoint: Hashable, Sendable, CustomStringConvertible {
    let side: String
    let name: String
    let count: Int

    var description: String { "\(side) \(name)\(count == 1 ? "" : " the \(count)th time")" }
}

/// The file by which a test has a node end itself, hold or fail at one of its fault points (`Diagnostics/FaultPoints`).
final class FaultControl: Sendable {
    private let path: String
    private let serial = Mutex(0)

    init(_ folder: TemporaryFolder) {
        path = folder.write("faults", "")
        folder.write("faults.trace", "")
    }

    /// Words before those that start a node.
    var launcher: [String] { ["/usr/bin/env", "HOLDFAST_FAULTS=\(path)"] }

    /// Ends the process at that point.
    func kill(at point: FaultPoint) { order("kill", point) }
    /// Has the step behind that point fail with an errno.
    func fail(at point: FaultPoint, _ code: CInt) { order("fail:\(code)", point) }
    /// Holds the thread at that point until the next order.
    func hang(at point: FaultPoint) { order("hang", point) }

    private func order(_ action: String, _ point: FaultPoint) {
        let serial = serial.withLock { serial in
            serial += 1
            return serial
        }
        put("\(serial) \(action) \(point.side) \(point.count) \(point.name)\n")
    }

    /// Lets the process go on as if nobody had asked for anything.
    func clear() { put("") }

    /// The process may read at any moment: the file changes whole.
    private func put(_ text: String) {
        let file = fopen(path + ".new", "we")
        fputs(text, file)
        fclose(file)
        Glibc.rename(path + ".new", path)
    }

    /// Forgets what was passed so far.
    func startRecording() { truncate(path + ".trace", 0) }

    /// Every passing since then, in order.
    func recorded() -> [FaultPoint] {
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
    var isHanging: Bool { recorded().contains { $0.side == "hanging" } }
}
