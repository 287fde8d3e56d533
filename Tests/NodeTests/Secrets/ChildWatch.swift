internal import Glibc
internal import Synchronization
internal import Syscalls

/// Reads, over and over, the command line and the environment of each child of a process while it runs.
final class ChildWatch: Sendable {
    private struct State {
        var seen: [String: [UInt8]] = [:]
        var isOver = false
    }

    private let state = Mutex(State())
    private let end = Flag()

    /// Watches on a thread of its own until `stop`.
    init(of process: Int32) {
        HostThread.start { [self] in
            while !state.withLock({ $0.isOver }) {
                for child in children(of: process) { look(child) }
                usleep(200)
            }
            end.raise()
        }
    }

    private func look(_ child: Substring) {
        for file in ["cmdline", "environ"] {
            guard let bytes = try? Files.read("/proc/\(child)/\(file)", limit: 1 << 20), !bytes.isEmpty else {
                continue
            }
            // A child is a copy of its parent until it execs.
            state.withLock { $0.seen["\(child) \(file) \(bytes.prefix(64).hexadecimal)"] = bytes }
        }
    }

    /// Ends the watch and returns everything that it has read.
    func stop() async -> [UInt8] {
        state.withLock { $0.isOver = true }
        await HostThread.run { [end] in end.wait() }
        return state.withLock { Array($0.seen.values.joined(separator: [10])) }
    }
}

/// The processes that a process has started and not reaped, as numbers.
func children(of process: Int32) -> [Substring] {
    names(in: "/proc/\(process)/task").flatMap { thread in
        let list = (try? Files.read("/proc/\(process)/task/\(thread)/children", limit: 1 << 16)) ?? []
        return String(decoding: list, as: UTF8.self).split(separator: " ")
    }
}
