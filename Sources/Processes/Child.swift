internal import CLinux
internal import Glibc
internal import Synchronization
internal import Syscalls

/// A pipe whose ends are close-on-exec; the child gets its end by dup2.
struct Pipe: ~Copyable {
    private let reader: Descriptor
    private var writer: Descriptor?

    init() throws(ToolError) {
        var ends: (CInt, CInt) = (-1, -1)
        let status = withUnsafeMutablePointer(to: &ends) {
            $0.withMemoryRebound(to: CInt.self, capacity: 2) { holdfast_pipe2($0, O_CLOEXEC) }
        }
        if status != 0 { throw .start(.last("make", "a pipe")) }
        reader = Descriptor(owning: ends.0)
        writer = Descriptor(owning: ends.1)
    }

    var readEnd: CInt { reader.number }
    var writeEnd: CInt {
        switch writer {
        case .some(let end): end.number
        case .none: -1
        }
    }

    /// Our copy of the child's end must go, or its end of file never comes.
    mutating func closeWriteEnd() { writer = nil }
}

/// A running tool. `wait` always ends with the child reaped.
struct Child: ~Copyable {
    let pid: pid_t
    let tool: String

    init(pid: pid_t, tool: String) {
        self.pid = pid
        self.tool = tool
        RunningTools.shared.add(pid)
    }

    /// Reads the output until the child has ended, or kills its process group at `deadline`.
    ///
    /// The child's own end counts, not the pipe's: a grandchild that keeps the pipe open must not hold the call.
    consuming func wait(
        reading pipe: consuming Pipe, until deadline: Moment, seconds: Double
    ) throws(ToolError) -> ToolResult {
        pipe.closeWriteEnd()
        let handle = holdfast_pidfd_open(pid)
        if handle < 0 { throw .start(giveUp(.last("watch the process of", tool))) }
        defer { close(handle) }
        var output: [UInt8] = []
        var pipeOpen = true
        var timedOut = false
        while true {
            var polled = [
                pollfd(fd: handle, events: Int16(POLLIN), revents: 0),
                pollfd(fd: pipeOpen ? pipe.readEnd : -1, events: Int16(POLLIN), revents: 0),
            ]
            _ = uninterrupted { poll(&polled, 2, timedOut ? -1 : deadline.remainingMilliseconds) }
            // The clock decides, not a silent poll(2): a tool that talks without end would never be silent.
            if polled[0].revents == 0 && !timedOut && deadline.remainingMilliseconds == 0 {
                timedOut = true
                kill(-pid, SIGKILL)
            }
            if polled[1].revents != 0 { pipeOpen = Self.drain(pipe.readEnd, into: &output) }
            if polled[0].revents != 0 { break }
        }
        // What the child wrote just before its end is still in the pipe. Beyond the limit nothing is kept, and a
        // grandchild may go on writing for ever.
        while pipeOpen && output.count < Tool.outputLimit && Self.hasInput(pipe.readEnd) {
            pipeOpen = Self.drain(pipe.readEnd, into: &output)
        }

        var status: CInt = 0
        let pid = pid
        let stopped = RunningTools.shared.remove(pid)
        _ = uninterrupted { waitpid(pid, &status, 0) }
        let text = String(decoding: output, as: UTF8.self)
        let signal = status & 0x7f
        let result = ToolResult(
            status: signal == 0 ? (status >> 8) & 0xff : nil, signal: signal == 0 ? nil : signal, output: text)
        if timedOut { throw .timedOut(tool: tool, seconds: seconds, output: result.summary) }
        if stopped && signal != 0 { throw .stopped(tool: tool) }
        return result
    }

    /// Ends and reaps a child that cannot be watched: without descriptors to spare nobody would learn of its end.
    private func giveUp(_ error: SystemError) -> SystemError {
        var status: CInt = 0
        let pid = pid
        kill(-pid, SIGKILL)
        _ = RunningTools.shared.remove(pid)
        _ = uninterrupted { waitpid(pid, &status, 0) }
        return error
    }

    private static func hasInput(_ end: CInt) -> Bool {
        var polled = pollfd(fd: end, events: Int16(POLLIN), revents: 0)
        return uninterrupted { poll(&polled, 1, 0) } > 0 && polled.revents & Int16(POLLIN) != 0
    }

    /// Takes what is there. False at the end of the output.
    private static func drain(_ end: CInt, into output: inout [UInt8]) -> Bool {
        var chunk = [UInt8](repeating: 0, count: 4_096)
        let count = uninterrupted { read(end, &chunk, chunk.count) }
        guard count > 0 else { return false }
        output.append(contentsOf: chunk.prefix(min(count, max(0, Tool.outputLimit - output.count))))
        return true
    }
}

/// The children that run now, so that a shutdown can end them instead of waiting for them.
public final class RunningTools: Sendable {
    public static let shared = RunningTools()

    private struct State {
        var running: Set<pid_t> = []
        var stopped: Set<pid_t> = []
    }

    private let state = Mutex(State())

    /// Process ids of the tools that run now.
    public var processIDs: [Int32] { state.withLock { Array($0.running) } }

    /// Ends every running tool with its process group. Those who wait for one get `ToolError.stopped`.
    ///
    /// A child is signalled under the lock that its reaper takes first, so a reused process id is never hit.
    public func stopAll() {
        state.withLock { state in
            for pid in state.running {
                state.stopped.insert(pid)
                kill(-pid, SIGKILL)
            }
        }
    }

    func add(_ pid: pid_t) { state.withLock { _ = $0.running.insert(pid) } }

    /// Says whether `stopAll` ended this child.
    func remove(_ pid: pid_t) -> Bool {
        state.withLock { state in
            state.running.remove(pid)
            return state.stopped.remove(pid) != nil
        }
    }
}
